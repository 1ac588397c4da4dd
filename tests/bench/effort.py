"""What documents cost: CPU time by stage and waits for the disk, read from the metrics of the platform."""

import urllib.request
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from tests.bench.parts import Row
from tests.bench.world import World

SHOWN_MS = 0.05
"""Stages that cost less are added up."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What was spent so far: CPU seconds by thread, by call and by the children; waits for the disk by engine."""

    threads: dict[str, float]
    calls: dict[str, float]
    syncs: dict[str, float]
    whole: float
    children: float


def spent(world: World) -> Effort:
    """Reads what was spent so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{world.metrics}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in {_THREADS, _CALLS, _SYNCS}:
                found.setdefault(sample.name, {})[next(iter(sample.labels.values()))] = sample.value
    own = sum(world.process().cpu_times()[:2])
    return Effort(found.get(_THREADS, {}), found.get(_CALLS, {}), found.get(_SYNCS, {}), own, world.cpu_seconds() - own)


def cost(before: Effort, after: Effort, documents: int, condition: str) -> list[Row]:
    """Says what a document cost between two readings."""
    threads = _each(before.threads, after.threads, documents)
    calls = {name.rpartition("/")[2]: value for name, value in _each(before.calls, after.calls, documents).items()}
    whole = (after.whole - before.whole) / documents * 1000
    children = (after.children - before.children) / documents * 1000
    syncs = {name: value / 1000 for name, value in _each(before.syncs, after.syncs, documents).items()}
    commits = sum(value for name, value in syncs.items() if name.startswith("database"))
    return [
        ("CPU a document, main process", f"{whole:.1f} ms", condition),
        ("CPU a document, verification children", f"{children:.1f} ms", condition),
        ("CPU a document, by thread", _list(threads, "ms"), "of the main process; the rest are threads of gRPC"),
        ("CPU a document, by call", _list(calls, "ms"), "within the threads of calls"),
        ("transactions a document", f"{commits:.1f}", _list(syncs, "", 0.005)),
        ("waits for the disk a document", f"{sum(syncs.values()):.1f}", "transactions, event log, files and folders"),
    ]


def _each(before: dict[str, float], after: dict[str, float], documents: int) -> dict[str, float]:
    return {name: (value - before.get(name, 0.0)) / documents * 1000 for name, value in after.items()}


def _list(values: dict[str, float], unit: str, shown: float = SHOWN_MS) -> str:
    ordered = sorted(values.items(), key=lambda one: -one[1])
    parts = [f"{name} {value:.2f}" for name, value in ordered if value >= shown]
    rest = sum(value for _name, value in ordered if value < shown)
    return ", ".join([*parts, *([f"others {rest:.2f}"] if rest >= shown else [])]) + (f" {unit}" if unit else "")


_THREADS = "lienthong_thread_cpu_seconds_total"
_CALLS = "lienthong_rpc_cpu_seconds_total"
_SYNCS = "lienthong_syncs_total"
