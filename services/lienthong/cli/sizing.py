"""How large an installation must be: the arithmetic behind `lienthong capacity`, on what was measured of one document.

Measured: the processor time and memory of each service for a document with one recipient; what documents with one and
with three recipients add to databases, topics and contents; the processor time that further recipients add to all
services together. A model: how that time divides among services, even growth, pods, and room to spare.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import yaml

from lienthong.chassis.topics import TOPICS

FURTHER: Final[Mapping[str, float]] = {"routing": 0.5, "workflow": 0.25, "notification": 0.25}
"""How the time of further recipients divides. A model; nothing is laid on engines, which errs towards more pods."""
BUSY: Final = 0.6
"""Part of a processor that a pod may use at the peak; a process of Python uses one at most."""
WATCHES: Final = 1000
"""Open watches beside which accepting was measured in one process (docs/bench/2026-11-27-crowd.md)."""

_CPU_STEP, _MEMORY_STEP, _MEMORY_SPARE = 50, 128, 2
_HOUR = 3600
DAYS: Final[Mapping[str, float]] = {"day": 1, "month": 30.4, "year": 365}


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the installation.

    Attributes:
        agencies: Agencies, each with one open watch.
        documents_per_day: Documents accepted on a working day.
        recipients: Of one document, on average.
        busiest_hour: Part of the day's documents in its busiest hour.
        burst: How many times more in the busiest minutes than on average of that hour.
        mean_bytes: Size of a document with its attachments.
        zones: Zones, one of which may be away; 1 for none.
        retention_days: How long topics keep events.
        copies: Copies of each record of a topic.
    """

    agencies: int
    documents_per_day: int
    recipients: float = 5.0
    busiest_hour: float = 0.2
    burst: float = 2.0
    mean_bytes: int = 118_076
    zones: int = 3
    retention_days: int = 7
    copies: int = 3

    @property
    def peak(self) -> float:
        """Documents a second in the busiest minutes."""
        return self.documents_per_day * self.busiest_hour / _HOUR * self.burst


@dataclass(frozen=True, slots=True)
class ServiceSize:
    """What one service needs.

    Attributes:
        service: Its name.
        document_ms: Processor time of a document.
        processors: Of them at the peak.
        pods: Replicas, with a zone to spare.
        cpu_request: Of each pod, thousandths of a processor.
        memory_request: Of each pod, MiB.
        database_bytes: What a document adds to its database.
    """

    service: str
    document_ms: float
    processors: float
    pods: int
    cpu_request: int
    memory_request: int
    database_bytes: float


def measured() -> dict[str, Any]:
    """Reads what was measured."""
    found: dict[str, Any] = yaml.safe_load(files("lienthong.cli").joinpath("capacity.yaml").read_text("utf-8"))
    return found


def services(demand: Demand, facts: Mapping[str, Any]) -> list[ServiceSize]:
    """Sizes each service."""
    further = _each_further(facts["growth"]["cpu_ms"], facts) * (demand.recipients - 1)
    return [
        _service(demand, facts, name, alone + further * FURTHER.get(name, 0.0))
        for name, alone in facts["services"]["cpu_ms"].items()
    ]


def _service(demand: Demand, facts: Mapping[str, Any], name: str, document_ms: float) -> ServiceSize:
    processors = demand.peak * document_ms / 1000
    spare = max(1, demand.zones - 1)
    # Evenly over the zones, so many that those of all zones but one are enough.
    in_a_zone = max(1, math.ceil(processors / BUSY / spare))
    pods = max(2, in_a_zone * demand.zones)
    left = in_a_zone * spare
    return ServiceSize(
        name,
        document_ms,
        processors,
        pods,
        _up(processors / left * 1000, _CPU_STEP),
        _up(facts["services"]["memory_mib"][name] * _MEMORY_SPARE, _MEMORY_STEP),
        at(demand.recipients, facts["growth"]["database_bytes"][name], facts),
    )


def growth(demand: Demand, facts: Mapping[str, Any]) -> dict[str, float]:
    """Tells what a document adds, in bytes: databases, write-ahead log, topics (one copy), contents."""
    found = facts["growth"]
    return {
        "databases": sum(at(demand.recipients, one, facts) for one in found["database_bytes"].values()),
        "write-ahead log": at(demand.recipients, found["log_bytes"], facts),
        "topics": sum(at(demand.recipients, one, facts) for one in found["topic_bytes"].values()),
        "contents": demand.mean_bytes + at(demand.recipients, found["contents_bytes"], facts) - found["file_bytes"],
    }


def at(recipients: float, pair: Sequence[float], facts: Mapping[str, Any]) -> float:
    """Gives a figure at a number of recipients, on the line through both that were measured; it never falls."""
    first: int = facts["growth"]["recipients"][0]
    return pair[0] + _each_further(pair, facts) * (recipients - first)


def _each_further(pair: Sequence[float], facts: Mapping[str, Any]) -> float:
    span: int = facts["growth"]["recipients"][1] - facts["growth"]["recipients"][0]
    return max(0.0, (pair[1] - pair[0]) / span)


def partitions(sizes: Sequence[ServiceSize]) -> int:
    """Tells how many partitions a topic needs: as many as a consuming service has pods, those declared at least."""
    consuming = [one.pods for one in sizes if one.service in ("signing", "workflow", "notification")]
    return max(*consuming, *(topic.partitions for topic in TOPICS))


def _up(value: float, step: int) -> int:
    return math.ceil(value / step) * step
