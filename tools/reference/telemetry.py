"""The page of metrics, held against an assembled platform."""

import operator
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from tools.reference.common import COMMAND, REGISTRY, ROOT, ContradictionError, page, table


def telemetry_page() -> str:
    """Lists the metrics of the registry.

    Raises:
        ContradictionError: An assembled platform exposes others.
    """
    registry = yaml.safe_load(REGISTRY.read_text("utf-8"))["metrics"]
    _compare({one["name"]: (one["kind"], frozenset(one["labels"])) for one in registry}, exposed())
    parts = [
        f"## {one['name']}\n\n{one['meaning']}\n\n"
        + table(("Kind", "Unit"), [(one["kind"], one["unit"])])
        + (
            "\n" + table(("Label", "Meaning"), [(f"`{k}`", v) for k, v in one["labels"].items()])
            if one["labels"]
            else ""
        )
        for one in registry
    ]
    intro = "Served for Prometheus at `server.metrics`, by default http://127.0.0.1:7464/metrics.\n"
    return page("Metrics", "`docs/reference/telemetry.yaml`, compared with an assembled platform", intro, *parts)


def exposed() -> dict[str, tuple[str, frozenset[str]]]:
    """Assembles a platform, without serving, and tells each metric with its kind and labels."""
    from lienthong.app import Platform
    from lienthong.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        platform = Platform(Settings(data_dir=Path(folder)))
        try:
            return dict(_metrics(platform.metrics.registry))
        finally:
            platform._close()  # noqa: SLF001 -- never served, so nothing drains


def _metrics(registry: Any) -> Iterator[tuple[str, tuple[str, frozenset[str]]]]:
    labels = operator.attrgetter("_labelnames")
    for collector in operator.attrgetter("_collector_to_names")(registry):
        for one in collector.describe():
            owner = collector if hasattr(collector, "_labelnames") else one
            name = f"{one.name}_total" if one.type == "counter" else one.name
            yield name, (one.type, frozenset(labels(owner)))


def _compare(registry: Mapping[str, object], found: Mapping[str, object]) -> None:
    wrong = [f"{name} is exposed and not registered" for name in sorted(found.keys() - registry.keys())]
    wrong += [f"{name} is registered and not exposed" for name in sorted(registry.keys() - found.keys())]
    both = sorted(found.keys() & registry.keys())
    wrong += [
        f"{name} is {found[name]}, registered as {registry[name]}" for name in both if found[name] != registry[name]
    ]
    if wrong:
        raise ContradictionError(
            f"{REGISTRY.relative_to(ROOT)}: {'; '.join(wrong)}. Correct the registry, then {COMMAND}."
        )
