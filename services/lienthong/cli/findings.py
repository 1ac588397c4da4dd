"""What `lienthong doctor` finds at one copy of a service, and at a service whichever copy answers."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from lienthong.chassis.checks import SKEW_SECONDS
from lienthong.chassis.keyfiles import load_certificates
from lienthong.chassis.pki import needs_renewal
from lienthong.chassis.times import from_duration
from lienthong.client import (
    Axis,
    AxisCallError,
    AxisUnavailableError,
    ContextError,
    NotAllowedError,
    server_certificate,
)
from lienthong.client.context import Context
from lienthong.common.v1 import operations_pb2 as pb

LAG_SECONDS = 30.0
OUTBOX_SECONDS = 30.0
ANSWER_SECONDS = 30.0
"""How long one answer may take."""
KNOWN_SECONDS = 5.0
"""How long a service may take to hear of who asks."""

_NOT_THE_CALLER = "EVENT_LOG_FORBIDDEN"
"""Whom the brokers do not let is the service."""
_PAGE = 500


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


def of_server(axis: Axis, service: str, what: str) -> Finding:
    """Looks whether a server answers, and says that it serves."""
    begun = time.monotonic()
    remedy = "Start it with `lienthong run`, or correct the context."
    try:
        serving = axis.serving(service)
    except AxisCallError as error:
        return Finding(what, ok=False, text=f"does not answer: {error.message}", remedy=remedy)
    answer = f"answers in {(time.monotonic() - begun) * 1000:.0f} ms"
    text = answer if serving else f"{answer}, and says that it does not serve"
    return Finding(what, ok=serving, text=text, remedy="It is starting or draining; see its log.")


def of_certificate(file: Path | None, what: str) -> Iterator[Finding]:
    """Looks at the end of the caller's own certificate."""
    if file is not None:
        yield _good_for_long(load_certificates(file)[0], what, "Issue new credentials.")


def of_shown(context: Context, what: str) -> Iterator[Finding]:
    """Looks at the certificate that the server really shows."""
    if context.authority is None or context.certificate is None:
        return
    remedy = "It renews by itself; that it did not stands in the server's log."
    try:
        yield _good_for_long(server_certificate(context), what, remedy)
    except (OSError, ValueError, ContextError) as error:
        yield Finding(what, ok=False, text=f"cannot be looked at: {error}", remedy=remedy)


def _good_for_long(certificate: x509.Certificate, what: str, remedy: str) -> Finding:
    now, end = datetime.now(UTC), certificate.not_valid_after_utc
    text = f"ended on {end:%Y-%m-%d}" if end <= now else f"good until {end:%Y-%m-%d}"
    if now < certificate.not_valid_before_utc:
        text = f"begins on {certificate.not_valid_before_utc:%Y-%m-%d} only: is this clock right?"
    return Finding(what, ok=not needs_renewal(certificate, now), text=text, remedy=remedy)


def skew_of(there: datetime, begun: datetime, ended: datetime) -> float:
    """Tells by how many seconds a clock is ahead of this machine's; below 0 when behind, 0 within a call's time."""
    return max((there - ended).total_seconds(), 0.0) - max((begun - there).total_seconds(), 0.0)


def of_skew(seconds: float, what: str) -> Finding:
    """Looks at a clock beside this machine's."""
    return Finding(
        what,
        ok=abs(seconds) <= SKEW_SECONDS,
        text=f"{abs(seconds):.1f} s {'behind' if seconds < 0 else 'ahead of'} this machine's" if seconds else "as here",
        remedy="Synchronise both clocks (NTP): receipts and time limits depend on them (QD28 Art. 12).",
    )


def told(check: pb.Check, place: str = "") -> Finding:
    """What a program says of itself."""
    subject = f"{place}: {check.subject}" if place else check.subject
    return Finding(subject, ok=check.well, text=check.text, remedy=check.remedy, advice=check.advice)


def refused(what: str, error: AxisCallError) -> Finding:
    """A question that was not answered."""
    remedy = "Is it running? See its log."
    if error.reason == _NOT_THE_CALLER:
        remedy = "Give the service this right, as `lienthong topics rights` lists it."
    elif isinstance(error, NotAllowedError):
        remedy = "Speak as an operator: `--as operator`; `lienthong context list` shows whom there is."
    return Finding(what, ok=False, text=f"{error.reason}: {error.message}", remedy=remedy)


def not_known(axis: Axis, name: str) -> Finding | None:
    """Finds that a service has not heard yet of who asks: each further question would wait for it, and for nothing."""
    try:
        axis.operations(name).GetOutbox(pb.GetOutboxRequest(service=name), timeout=KNOWN_SECONDS)
    except AxisUnavailableError as error:
        if error.reason == "SYSTEM_NOT_KNOWN_YET":
            remedy = (
                f"It hears of it by the event log. If it does not soon, the log of {name} says what is wrong there."
            )
            return Finding(name, ok=False, text="does not know you yet", remedy=remedy)
    except AxisCallError:
        # Each question tells its own.
        pass
    return None


def of_service(axis: Axis, name: str) -> Iterator[Finding]:
    """Looks at a service, whichever copy answers; one question that fails does not keep the others from being asked."""
    for what, look in {"outbox": _outbox, "lag": _lag, "dead letters": _dead, "parked": _held}.items():
        try:
            yield look(axis, name)
        except AxisCallError as error:
            yield refused(f"{name}: {what}", error)


def examined(axis: Axis, name: str) -> Iterator[Finding]:
    """What the copy that answers says of a service."""
    request = pb.ExamineRequest(service=name)
    yield from (told(check, name) for check in axis.operations(name).Examine(request, timeout=ANSWER_SECONDS).checks)


def _outbox(axis: Axis, name: str) -> Finding:
    outbox = axis.operations(name).GetOutbox(pb.GetOutboxRequest(service=name))
    age = from_duration(outbox.oldest_age).total_seconds()
    return Finding(
        f"{name}: outbox",
        ok=age < OUTBOX_SECONDS,
        text=f"{outbox.waiting} events wait, the oldest for {age:.0f} s",
        remedy="The event log does not take them: is its disk full, is it reachable?",
    )


def _lag(axis: Axis, name: str) -> Finding:
    lag = axis.operations(name).GetLag(pb.GetLagRequest(service=name)).partitions
    behind = max((from_duration(row.age).total_seconds() for row in lag), default=0.0)
    return Finding(
        f"{name}: lag",
        ok=behind < LAG_SECONDS,
        text=f"{sum(row.records for row in lag)} events behind, the oldest for {behind:.0f} s",
        remedy="The consumer is slow or stopped: see its log, and `lienthong ops dead-letters list`.",
    )


def _dead(axis: Axis, name: str) -> Finding:
    request = pb.ListDeadLettersRequest(service=name, page_size=_PAGE)
    dead = axis.operations(name).ListDeadLetters(request).events
    return Finding(
        f"{name}: dead letters",
        ok=not dead,
        text=f"{len(dead)} events could not be handled",
        remedy="`lienthong ops dead-letters list`, then redrive or skip them.",
    )


def _held(axis: Axis, name: str) -> Finding:
    request = pb.ListParkedEventsRequest(service=name, page_size=_PAGE)
    held = axis.operations(name).ListParkedEvents(request).events
    return Finding(
        f"{name}: parked",
        ok=not held,
        text=f"{len(held)} events wait for an earlier one",
        remedy="`lienthong ops parked` says what is missing; republish the outbox that lost it.",
    )
