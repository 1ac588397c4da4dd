"""`lienthong doctor`: what is wrong with a running platform, in words."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer
from cryptography import x509

from lienthong.chassis.keyfiles import load_certificates
from lienthong.chassis.pki import needs_renewal
from lienthong.chassis.times import from_duration, from_timestamp
from lienthong.cli.console import DEFAULT_CONTEXT, As, Json, context_of, out, print_json, session
from lienthong.client import Axis, AxisCallError, ContextError, server_certificate
from lienthong.client.context import SERVICES, Context
from lienthong.common.v1 import operations_pb2 as pb

UNHEALTHY = 1
LAG_SECONDS = 30.0
OUTBOX_SECONDS = 30.0
SKEW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    text: str
    remedy: str = ""
    advice: str = ""

    def shown(self) -> tuple[str, str]:
        """The mark it gets, and what to do or what would be better."""
        if not self.ok:
            return "[red]bad[/] ", self.remedy
        return ("[yellow]note[/]", self.advice) if self.advice else ("[green]ok[/]  ", "")


def doctor(*, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Checks a running platform; exit code 1 when something is wrong."""
    context = context_of(who)
    with session(who) as axis:
        findings = list(_examine(axis, context))
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        for one in findings:
            mark, remedy = one.shown()
            out.print(f"{mark} {one.what:<32} {one.text}", soft_wrap=True)
            if remedy:
                out.print(f"     → {remedy}", soft_wrap=True)
    if not all(one.ok for one in findings):
        raise typer.Exit(UNHEALTHY)


def _examine(axis: Axis, context: Context) -> Iterator[Finding]:
    reachable = _reachable(axis)
    yield reachable
    yield from _certificate(context.certificate, "your certificate")
    if not reachable.ok:
        return
    yield from _shown(context)
    yield from _process(axis)
    for name in SERVICES:
        try:
            yield from _service(axis, name)
        except AxisCallError as error:
            yield Finding(name, ok=False, text=f"{error.reason}: {error.message}", remedy="Is it running? See its log.")


def _reachable(axis: Axis) -> Finding:
    begun = time.monotonic()
    remedy = "Start it with `lienthong run`, or correct the context."
    try:
        serving = axis.serving()
    except AxisCallError as error:
        return Finding("server", ok=False, text=f"does not answer: {error.message}", remedy=remedy)
    answer = f"answers in {(time.monotonic() - begun) * 1000:.0f} ms"
    text = answer if serving else f"{answer}, and says that it does not serve"
    return Finding("server", ok=serving, text=text, remedy="It is starting or draining; see its log.")


def _certificate(file: Path | None, what: str) -> Iterator[Finding]:
    if file is None:
        return
    yield _good_for_long(load_certificates(file)[0], what, "Issue new credentials.")


def _good_for_long(certificate: x509.Certificate, what: str, remedy: str) -> Finding:
    now, end = datetime.now(UTC), certificate.not_valid_after_utc
    text = f"ended on {end:%Y-%m-%d}" if end <= now else f"good until {end:%Y-%m-%d}"
    return Finding(what, ok=not needs_renewal(certificate, now), text=text, remedy=remedy)


def _shown(context: Context) -> Iterator[Finding]:
    """Looks at the certificate that the server really shows."""
    if context.authority is None or context.certificate is None:
        return
    what, remedy = "server certificate", "It renews by itself; that it did not stands in the server's log."
    try:
        yield _good_for_long(server_certificate(context), what, remedy)
    except (OSError, ValueError, ContextError) as error:
        yield Finding(what, ok=False, text=f"cannot be looked at: {error}", remedy=remedy)


def _process(axis: Axis) -> Iterator[Finding]:
    begun = datetime.now(UTC)
    try:
        answer = axis.operations(SERVICES[0]).Examine(pb.ExamineRequest())
    except AxisCallError as error:
        yield Finding("process", ok=False, text=f"{error.reason}: {error.message}", remedy="See its log.")
        return
    yield _skew(from_timestamp(answer.time), begun, datetime.now(UTC))
    yield from (_told(check) for check in answer.checks)


def _skew(there: datetime, begun: datetime, ended: datetime) -> Finding:
    behind, ahead = (begun - there).total_seconds(), (there - ended).total_seconds()
    seconds = max(behind, ahead, 0.0)
    return Finding(
        "clock",
        ok=seconds <= SKEW_SECONDS,
        text=f"{seconds:.1f} s {'behind' if behind > ahead else 'ahead of'} this machine's" if seconds else "as here",
        remedy="Synchronise both clocks (NTP): receipts and time limits depend on them (QD28 Art. 12).",
    )


def _told(check: pb.Check, service: str = "") -> Finding:
    subject = f"{service}: {check.subject}" if service else check.subject
    return Finding(subject, ok=check.well, text=check.text, remedy=check.remedy, advice=check.advice)


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
    yield from (_told(check, name) for check in operations.Examine(pb.ExamineRequest(service=name)).checks)
