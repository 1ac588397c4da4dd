"""One line in the log for each step of a document, and the counts of steps, from the events that a commit has told.

A line is written once the step is durable, in one place for all services: who decides a step need not think of logging
it. It names the document, the delivery, the agency concerned and the trace, and what is stable besides (a verdict, a
code, a reason of the program). It never carries what people wrote: no subject, no name, no note.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from lienthong.chassis.tracing import trace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lienthong.chassis.events.event import NewEvent
    from lienthong.chassis.metrics import Metrics

_log = structlog.get_logger(__name__)

_CODE_DIGITS = 2


def _nothing(_message: Any) -> dict[str, str]:
    return {}


def _enum(message: Any, field: str, prefix: str) -> str:
    kind = message.DESCRIPTOR.fields_by_name[field].enum_type
    return str(kind.values_by_number[getattr(message, field)].name.removeprefix(prefix))


def _code(code: str) -> str:
    # A code that the lifecycle does not know is kept as it was written, and people write anything.
    return code if code.isdecimal() and len(code) <= _CODE_DIGITS else "unknown"


def _verdict(message: Any) -> dict[str, str]:
    return {"verdict": _enum(message, "verdict", "VERDICT_")}


@dataclass(frozen=True, slots=True)
class _Step:
    """A step that is logged.

    Attributes:
        words: What happened.
        agency: Field that names the agency concerned, in the message or its reference.
        stable: Gives what is told besides; never what people wrote.
        state: State of a delivery that begins with it, for the count; empty for none.
    """

    words: str
    agency: str
    stable: Callable[[Any], dict[str, str]] = _nothing
    state: str = ""


_STEPS: Mapping[str, _Step] = {
    "DocumentAccepted": _Step("document accepted", "sender_agency"),
    "RecallRequested": _Step("recall requested", "sender_agency"),
    "VerdictReached": _Step("verdict reached", "sender_agency", _verdict),
    "DeliveryAvailable": _Step("delivery available", "recipient_agency", _verdict, "available"),
    "DeliveryOpened": _Step("delivery opened", "recipient_agency", state="opened"),
    "DeliveryAcknowledged": _Step("delivery acknowledged", "recipient_agency", state="acknowledged"),
    "DeliveryFailed": _Step("delivery failed", "sender_agency", lambda one: {"reason": one.reason}, "failed"),
    "DeliveryParked": _Step("delivery parked", "recipient_agency", lambda one: {"reason": one.reason}, "parked"),
    "DeliveryRedriven": _Step("delivery put back", "recipient_agency", state="redriven"),
    "DeliveryWithdrawn": _Step("delivery withdrawn", "recipient_agency", state="withdrawn"),
    "DeliverySuperseded": _Step("delivery superseded", "recipient_agency", state="superseded"),
    "StatusRecorded": _Step("status recorded", "recipient_agency", lambda one: {"code": _code(one.facts.code)}),
    "StatusKeptAsHistory": _Step("status kept as history", "recipient_agency", lambda one: {"rule": one.rule}),
    "CaseClosed": _Step("case closed", "sender_agency"),
    "CaseAlert": _Step("case alert", "recipient_agency", lambda one: {"reason": one.reason}),
}
_COUNTED_ONLY = {"DeliveryCreated": "created"}


class Journal:
    """Writes the lines and counts the steps of one process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def tell(self, events: Iterable[tuple[NewEvent, str]]) -> None:
        """Take what a commit has told; must not raise, since the commit stands."""
        try:
            spoken = _log.is_enabled_for(logging.INFO)
            for event, traceparent in events:
                self._tell(event, traceparent, spoken=spoken)
        except Exception:  # noqa: BLE001 -- what was committed must not look as if it had failed
            _log.exception("a step could not be written into the log")

    def _tell(self, event: NewEvent, traceparent: str, *, spoken: bool) -> None:
        message: Any = event.value
        name = message.DESCRIPTOR.name
        step = _STEPS.get(name)
        state = step.state if step else _COUNTED_ONLY.get(name, "")
        if state:
            self._metrics.delivered(state)
        # A code that nobody has is text that somebody wrote.
        if name == "DeliveryCreated" and message.reference.recipient_agency:
            self._metrics.made(message.sender_code, message.recipient_code)
        if name == "VerdictReached":
            self._metrics.judged(_verdict(message)["verdict"])
        if step is not None and spoken:
            _log.info(step.words, **_facts(step, message, event.subject), trace=trace_of(traceparent))


def _facts(step: _Step, message: Any, subject: str) -> dict[str, str]:
    holder = message.reference if "reference" in message.DESCRIPTOR.fields_by_name else message
    facts = {"document": holder.document or subject}
    if holder is not message:
        facts["delivery"] = holder.delivery
    if step.agency:
        facts["agency"] = getattr(holder, step.agency)
    return facts | step.stable(message)
