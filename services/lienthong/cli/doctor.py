"""`lienthong doctor`: what is wrong with a running platform, in words."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from lienthong.chassis.keyfiles import load_certificates
from lienthong.chassis.pki import needs_renewal
from lienthong.chassis.times import from_duration
from lienthong.cli.console import DEFAULT_CONTEXT, As, Json, context_of, out, print_json, session
from lienthong.client import Axis, AxisCallError
from lienthong.client.context import SERVICES, Context
from lienthong.common.v1 import operations_pb2 as pb

UNHEALTHY = 1
LAG_SECONDS = 30.0
OUTBOX_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    text: str
    remedy: str = ""


def doctor(*, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Checks a running platform; exit code 1 when something is wrong."""
    context = context_of(who)
    with session(who) as axis:
        findings = list(_examine(axis, context))
    if as_json:
        print_json([{"what": one.what, "ok": one.ok, "text": one.text, "remedy": one.remedy} for one in findings])
    else:
        for one in findings:
            mark = "[green]ok[/]  " if one.ok else "[red]bad[/] "
            out.print(f"{mark} {one.what:<28} {one.text}")
            if one.remedy and not one.ok:
                out.print(f"     → {one.remedy}")
    if not all(one.ok for one in findings):
        raise typer.Exit(UNHEALTHY)


def _examine(axis: Axis, context: Context) -> Iterator[Finding]:
    yield _reachable(axis)
    yield from _certificate(context.certificate, "your certificate")
    for name in SERVICES:
        try:
            yield from _service(axis, name)
        except AxisCallError as error:
            yield Finding(name, ok=False, text=f"{error.reason}: {error.message}", remedy="Is it running? See its log.")


def _reachable(axis: Axis) -> Finding:
    begun = time.monotonic()
    try:
        serving = axis.serving()
    except AxisCallError as error:
        text = f"does not answer: {error.message}"
        return Finding("server", ok=False, text=text, remedy="Start it with `lienthong run`, or correct the context.")
    return Finding("server", ok=serving, text=f"answers in {(time.monotonic() - begun) * 1000:.0f} ms")


def _certificate(file: Path | None, what: str) -> Iterator[Finding]:
    if file is None:
        return
    certificate = load_certificates(file)[0]
    end = certificate.not_valid_after_utc
    due = needs_renewal(certificate, datetime.now(UTC))
    yield Finding(what, ok=not due, text=f"good until {end:%Y-%m-%d}", remedy="Issue new credentials.")


def _service(axis: Axis, name: str) -> Iterator[Finding]:
    operations = axis.operations(name)
    outbox = operations.GetOutbox(pb.GetOutboxRequest(service=name))
    age = from_duration(outbox.oldest_age).total_seconds()
    yield Finding(
        f"{name}: outbox",
        ok=age < OUTBOX_SECONDS,
        text=f"{outbox.waiting} events wait, the oldest for {age:.0f} s",
        remedy="The event log does not take them: is its disk full, is it reachable?",
    )
    lag = operations.GetLag(pb.GetLagRequest(service=name)).partitions
    behind = max((from_duration(row.age).total_seconds() for row in lag), default=0.0)
    yield Finding(
        f"{name}: lag",
        ok=behind < LAG_SECONDS,
        text=f"{sum(row.records for row in lag)} events behind, the oldest for {behind:.0f} s",
        remedy="The consumer is slow or stopped: see its log, and `lienthong ops dead-letters list`.",
    )
    dead = operations.ListDeadLetters(pb.ListDeadLettersRequest(service=name, page_size=500)).events
    yield Finding(
        f"{name}: dead letters",
        ok=not dead,
        text=f"{len(dead)} events could not be handled",
        remedy="`lienthong ops dead-letters list`, then redrive or skip them.",
    )
    held = operations.ListParkedEvents(pb.ListParkedEventsRequest(service=name, page_size=500)).events
    yield Finding(
        f"{name}: parked",
        ok=not held,
        text=f"{len(held)} events wait for an earlier one",
        remedy="`lienthong ops parked` says what is missing; republish the outbox that lost it.",
    )
