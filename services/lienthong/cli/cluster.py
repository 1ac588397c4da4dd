"""`lienthong doctor --cluster`: every copy of every service asked by itself, and whether the copies fit together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lienthong.chassis.checks import SKEW_SECONDS
from lienthong.chassis.times import from_timestamp
from lienthong.cli.findings import (
    ANSWER_SECONDS,
    Finding,
    examined,
    of_certificate,
    of_server,
    of_service,
    of_shown,
    of_skew,
    refused,
    skew_of,
    told,
)
from lienthong.client import AxisCallError, ContextError, connect
from lienthong.client.context import SERVICES, Context
from lienthong.common.v1 import operations_pb2 as pb


@dataclass(frozen=True, slots=True)
class Seen:
    """A copy that answered.

    Attributes:
        place: Its address, and the services there.
        copy: As it calls itself: host and process.
        version: Of its program.
        skew: Seconds by which its clock is ahead of this machine's.
    """

    place: str
    copy: str
    version: str
    skew: float


def examine_cluster(context: Context) -> Iterator[Finding]:
    """Looks at all copies, then at each service, then at how the copies fit together."""
    yield from of_certificate(context.certificate, "your certificate")
    seen: list[Seen] = []
    answering: dict[str, Context] = {}
    for place, copy, services in _places(context):
        if isinstance(copy, ContextError):
            yield Finding(place, ok=False, text=str(copy), remedy="Correct the context, or the names of the network.")
            continue
        found: list[Seen] = []
        yield from _copy(copy, place, services, found)
        seen += found
        if found:
            answering |= {name: copy for name in services if name not in answering}
    for name in SERVICES:
        yield from _of_service(answering.get(name), name)
    yield from compared(seen)


def _places(context: Context) -> Iterator[tuple[str, Context | ContextError, list[str]]]:
    """Gives each copy once, with the services that it serves: several may share one port."""
    served: dict[str, list[str]] = {}
    copies: dict[str, Context] = {}
    for name in SERVICES:
        try:
            found = context.copies_of(name)
        except ContextError as error:
            yield name, error, [name]
            continue
        for copy in found:
            copies[copy.address] = copy
            served.setdefault(copy.address, []).append(name)
    for address, services in served.items():
        every = len(services) == len(SERVICES)
        yield f"{'all' if every else '+'.join(services)} at {address}", copies[address], services


def _copy(context: Context, place: str, services: Sequence[str], seen: list[Seen]) -> Iterator[Finding]:
    with connect(context) as axis:
        server = of_server(axis, services[0], place)
        yield server
        if not server.ok:
            return
        yield from of_shown(context, f"{place}: certificate")
        begun = datetime.now(UTC)
        try:
            answer = axis.operations(services[0]).Examine(pb.ExamineRequest(), timeout=ANSWER_SECONDS)
            ended = datetime.now(UTC)
            skew = skew_of(from_timestamp(answer.time), begun, ended)
            seen.append(Seen(place, answer.copy, answer.version, skew))
            yield of_skew(skew, f"{place}: clock")
            yield from (told(check, place) for check in answer.checks)
            for name in services:
                yield from _at(place, examined(axis, name))
        except AxisCallError as error:
            yield refused(f"{place}: process", error)


def _at(place: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    for one in findings:
        yield Finding(f"{one.what} at {place.rpartition(' ')[2]}", one.ok, one.text, one.remedy, one.advice)


def _of_service(copy: Context | None, name: str) -> Iterator[Finding]:
    if copy is None:
        remedy = "Start a copy of it: nobody can call it."
        yield Finding(name, ok=False, text="no copy of it answers", remedy=remedy)
        return
    with connect(copy) as axis:
        yield from of_service(axis, name)


def compared(seen: Sequence[Seen]) -> Iterator[Finding]:
    """Looks whether copies fit together: one version of the program, and clocks that agree."""
    versions: dict[str, list[str]] = {}
    for one in seen:
        versions.setdefault(one.version or "one that tells none", []).append(one.place)
    several = "; ".join(f"{version}: {', '.join(places)}" for version, places in sorted(versions.items()))
    yield Finding(
        "versions",
        ok=len(versions) <= 1,
        text=f"differ: {several}" if len(versions) > 1 else f"{len(seen)} copies of {''.join(versions) or 'nothing'}",
        remedy="Go on with the upgrade until all copies are of one version, or take it back.",
    )
    if seen:
        first, last = min(seen, key=lambda one: one.skew), max(seen, key=lambda one: one.skew)
        apart = last.skew - first.skew
        yield Finding(
            "clocks of copies",
            ok=apart <= SKEW_SECONDS,
            text=f"{apart:.1f} s apart: {last.place} is ahead of {first.place}" if apart else "agree",
            remedy="Synchronise the clocks of both machines (NTP).",
        )
