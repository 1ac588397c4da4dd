"""What documents cost: CPU time by stage and waits for the disk, read from the metrics of the platform."""

import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from tests.bench.parts import Row
from tests.bench.world import Machine, World

SHOWN_MS = 0.05
"""Stages that cost less are added up."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What a process spent so far: CPU seconds by thread, by call and by its children; waits for the disk by engine."""

    threads: dict[str, float]
    calls: dict[str, float]
    syncs: dict[str, float]
    own: float
    children: float


def spent(world: World) -> dict[str, Effort]:
    """Reads what each process spent so far, by its name."""
    return {machine.name: _spent(machine) for machine in world.machines}


def _spent(machine: Machine) -> Effort:
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(scraped(machine.metrics) if machine.metrics else ""):
        for sample in family.samples:
            if sample.name in {_THREADS, _CALLS, _SYNCS}:
                found.setdefault(sample.name, {})[next(iter(sample.labels.values()))] = sample.value
    own = machine.own_seconds()
    return Effort(
        found.get(_THREADS, {}), found.get(_CALLS, {}), found.get(_SYNCS, {}), own, machine.cpu_seconds() - own
    )


def scraped(port: int) -> str:
    """Reads the metrics of a process."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def counted(ports: Iterable[int], name: str, **labels: str) -> float:
    """Adds up what processes have counted since they began, by the ports of their metrics; labels must be these."""
    return sum(
        sample.value
        for port in ports
        for family in text_string_to_metric_families(scraped(port))
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def cost(before: dict[str, Effort], after: dict[str, Effort], documents: int, condition: str) -> list[Row]:
    """Says what a document cost between two readings: the whole of it, then each process."""
    rows, whole = [], 0.0
    for name, late in after.items():
        early = before[name]
        own = (late.own - early.own) / documents * 1000
        children = (late.children - early.children) / documents * 1000
        whole += own + children
        threads, calls = _each(early.threads, late.threads, documents), _each(early.calls, late.calls, documents)
        parts = [f"children {children:.1f}"] if children >= SHOWN_MS else []
        parts += [f"threads: {_list(threads)}"] if threads else []
        parts += [f"calls: {_list({call.rpartition('/')[2]: value for call, value in calls.items()})}"] if calls else []
        rows.append((f"CPU a document, {name}", f"{own + children:.1f} ms", "; ".join(parts)))
    return [("CPU a document", f"{whole:.1f} ms", condition), *rows, *_waits(before, after, documents)]


def _waits(before: dict[str, Effort], after: dict[str, Effort], documents: int) -> list[Row]:
    """Says how often the services waited for the disk; Kafka and object stores sync in processes of their own."""
    each: dict[str, float] = {}
    for name, late in after.items():
        for engine, value in _each(before[name].syncs, late.syncs, documents).items():
            each[engine] = each.get(engine, 0.0) + value / 1000
    commits = sum(value for name, value in each.items() if name.startswith("database"))
    return [
        ("transactions a document", f"{commits:.1f}", _list(each, 0.005)),
        ("waits for the disk a document", f"{sum(each.values()):.1f}", "transactions, event log, files and folders"),
    ]


def _each(before: dict[str, float], after: dict[str, float], documents: int) -> dict[str, float]:
    return {name: (value - before.get(name, 0.0)) / documents * 1000 for name, value in after.items()}


def _list(values: dict[str, float], shown: float = SHOWN_MS) -> str:
    ordered = sorted(values.items(), key=lambda one: -one[1])
    parts = [f"{name} {value:.2f}" for name, value in ordered if value >= shown]
    rest = sum(value for _name, value in ordered if value < shown)
    return ", ".join([*parts, *([f"others {rest:.2f}"] if rest >= shown else [])])


_THREADS = "lienthong_thread_cpu_seconds_total"
_CALLS = "lienthong_rpc_cpu_seconds_total"
_SYNCS = "lienthong_syncs_total"
