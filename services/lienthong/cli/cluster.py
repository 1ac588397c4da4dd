"""`lienthong doctor --cluster`: every copy of every service asked by itself, and whether the copies fit together."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from lienthong.chassis.checks import SKEW_SECONDS
from lienthong.chassis.times import from_timestamp
from lienthong.cli.findings import (
    ANSWER_SECONDS,
    Finding,
    examined,
    not_known,
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

AT_ONCE = 16
"""Copies that are asked together: with an engine away each answers only after it has waited for it."""


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy is to be found.

    Attributes:
        name: Its address, and the services there.
        copy: How it is called.
        services: Those that it serves.
        unknown: Why nobody knows where it is.
    """

    name: str
    copy: Context
    services: tuple[str, ...]
    unknown: Finding | None = None


def examine_cluster(context: Context) -> Iterator[Finding]:
    """Looks at all copies, then at each service, then at how the copies fit together."""
    yield from of_certificate(context.certificate, "your certificate")
    places = list(_places(context))
    seen: list[Seen] = []
    answering: dict[str, Context] = {}
    with ThreadPoolExecutor(AT_ONCE, "asking") as asking:
        for place, (found, copy) in zip(places, asking.map(_looked_at, places), strict=True):
            yield from found
            if copy is not None:
                seen.append(copy)
                answering = dict.fromkeys(place.services, place.copy) | answering
        for findings in asking.map(lambda name: list(_of_service(answering.get(name), name)), SERVICES):
            yield from findings
    yield from compared(seen)


def _places(context: Context) -> Iterator[Place]:
    """Gives each copy once, with the services that it serves: several may share one port."""
    served: dict[str, list[str]] = {}
    copies: dict[str, Context] = {}
    for name in SERVICES:
        try:
            found = context.copies_of(name)
        except ContextError as error:
            remedy = "Correct the context, or the names of the network."
            yield Place(name, context, (name,), Finding(name, ok=False, text=str(error), remedy=remedy))
            continue
        for copy in found:
            copies[copy.address] = copy
            served.setdefault(copy.address, []).append(name)
    for address, services in served.items():
        every = len(services) == len(SERVICES)
        yield Place(f"{'all' if every else '+'.join(services)} at {address}", copies[address], tuple(services))


def _looked_at(place: Place) -> tuple[list[Finding], Seen | None]:
    """Gives what is found of a copy, and the copy if it answered."""
    if place.unknown is not None:
        return [place.unknown], None
    findings: list[Finding] = []
    seen = None
    with connect(place.copy) as axis:
        server = of_server(axis, place.services[0], place.name)
        findings.append(server)
        if not server.ok:
            return findings, None
        findings += of_shown(place.copy, f"{place.name}: certificate")
        begun = datetime.now(UTC)
        try:
            answer = axis.operations(place.services[0]).Examine(pb.ExamineRequest(), timeout=ANSWER_SECONDS)
            skew = skew_of(from_timestamp(answer.time), begun, datetime.now(UTC))
            seen = Seen(place.name, answer.copy, answer.version, skew)
            findings.append(of_skew(skew, f"{place.name}: clock"))
            findings += (told(check, place.name) for check in answer.checks)
            for name in place.services:
                findings += _at(place.name, examined(axis, name))
        except AxisCallError as error:
            findings.append(refused(f"{place.name}: process", error))
    return findings, seen


def _at(place: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    for one in findings:
        yield Finding(f"{one.what} at {place.rpartition(' ')[2]}", one.ok, one.text, one.remedy, one.advice)


def _of_service(copy: Context | None, name: str) -> Iterator[Finding]:
    if copy is None:
        remedy = "Start a copy of it: nobody can call it."
        yield Finding(name, ok=False, text="no copy of it answers", remedy=remedy)
        return
    with connect(copy) as axis:
        unknown = not_known(axis, name)
        yield from [unknown] if unknown else of_service(axis, name)


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
