"""The engine of the lifecycle: one event at one delivery gives one decision. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from lienthong.workflow.domain.rules import GUARDS, PRECEDENCE, RULES, Rule
from lienthong.workflow.domain.terms import (
    CLOSED_STATES,
    REQUEST_KINDS,
    DeliveryCase,
    DeliveryState,
    Effect,
    Event,
    Outcome,
    Request,
    SideRequest,
    Source,
    Trigger,
    normalise_code,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class ReasonPolicy(StrEnum):
    """What happens to a status that needs a reason and has none."""

    REFUSE = "REFUSE"
    WARN = "WARN"
    IGNORE = "IGNORE"


REASON_CODES = frozenset({Trigger.STATUS_02, Trigger.STATUS_13, Trigger.STATUS_16})
"""Codes that owe a reason: refusal, recall, denial (QD28 Art. 5: who refuses answers for it)."""

REASON_POLICIES: dict[Source, ReasonPolicy] = {
    # Whoever calls can be asked at once, and a clerk at a form can write a sentence.
    Source.CALL: ReasonPolicy.REFUSE,
    Source.TASK: ReasonPolicy.REFUSE,
    # A peer's file has happened already: losing a refusal over its missing text would be worse than the gap.
    Source.EDXML: ReasonPolicy.WARN,
    Source.ACKNOWLEDGEMENT: ReasonPolicy.IGNORE,
    Source.AXIS: ReasonPolicy.IGNORE,
}
"""How strict each way in is."""

REASON_REQUIRED = "REASON_REQUIRED"
"""Problem of a call without its reason, and warning on a status of a peer's file that was taken without one."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an event does to a delivery.

    `rule` is 0 for an invalid event. `also` names rules that hold beside it (28). `alert` is the stable
    reason of a CaseAlert; `problem` why an event is invalid; `warnings` what a person should know of an event
    that was taken. `closed` are the requests that this event ended, answered or not.
    """

    outcome: Outcome
    rule: int
    before: DeliveryCase
    after: DeliveryCase
    effects: frozenset[Effect] = frozenset()
    also: tuple[int, ...] = ()
    alert: str = ""
    problem: str = ""
    warnings: tuple[str, ...] = ()
    closed: tuple[Request, ...] = ()

    @property
    def state(self) -> DeliveryState | None:
        """State after."""
        return self.after.state

    @property
    def request(self) -> SideRequest:
        """Request that is open after."""
        return self.after.request

    @property
    def sender_sees(self) -> bool:
        """Whether the sender's mailbox gets a status: forwarded, or made by the axis."""
        return bool(self.effects & {Effect.FORWARD_TO_SENDER, Effect.EMIT_01, Effect.EMIT_15})

    @property
    def recorded(self) -> bool:
        """Whether it is published as StatusRecorded: it took effect, or the other side must see it."""
        return self.outcome is Outcome.APPLIED or self.sender_sees or Effect.FORWARD_TO_RECIPIENT in self.effects


def _in_order() -> tuple[Rule, ...]:
    first = tuple(rule for number in PRECEDENCE for rule in RULES if rule.number == number)
    return (*first, *(rule for rule in RULES if rule.number not in PRECEDENCE))


_ORDERED = _in_order()
_DECIDING = {t: tuple(r for r in _ORDERED if t in r.triggers and not r.accompanies) for t in Trigger}
_BESIDE = {t: tuple(r for r in _ORDERED if t in r.triggers and r.accompanies) for t in Trigger}


def _matches(rule: Rule, case: DeliveryCase, event: Event) -> bool:
    columns = case.state in rule.states and event.actor in rule.actors and case.request in rule.requests
    return columns and GUARDS[rule.guard](case, event)


def matching_rules(case: DeliveryCase, event: Event) -> tuple[Rule, ...]:
    """Return every deciding row that matches, in order of precedence; the first one decides."""
    return tuple(rule for rule in _DECIDING[event.trigger] if _matches(rule, case, event))


def check_reason(event: Event) -> ReasonPolicy | None:
    """Return what the missing reason of an event leads to, or None when nothing is missing."""
    if event.trigger not in REASON_CODES or event.reason.strip():
        return None
    return REASON_POLICIES[event.source]


def _requests_after(case: DeliveryCase, event: Event, rule: Rule) -> tuple[Request, ...]:
    if (rule.next_state or case.state) in CLOSED_STATES:
        return ()
    if rule.effects & {Effect.OPEN_REQUEST, Effect.QUEUE_REQUEST}:
        return (*case.requests, Request(REQUEST_KINDS[event.trigger], event.key))
    if Effect.DROP_REQUEST in rule.effects:
        return tuple(request for request in case.requests if request.key != event.key)
    return case.requests[1:] if Effect.CLOSE_REQUEST in rule.effects else case.requests


def _effects(rule: Rule, before: DeliveryCase, after: DeliveryCase) -> frozenset[Effect]:
    effects = rule.effects
    if not before.requests:
        effects -= {Effect.CLOSE_REQUEST}
    closes = Effect.CLOSE_REQUEST in effects or (
        Effect.DROP_REQUEST in effects and before.requests[:1] != after.requests[:1]
    )
    if closes and after.requests:
        effects |= {Effect.OPEN_REQUEST}
    return effects


def _apply(rule: Rule, case: DeliveryCase, event: Event) -> Decision:
    answered = case.answered or Effect.MARK_ANSWERED in rule.effects
    after = DeliveryCase(rule.next_state or case.state, _requests_after(case, event, rule), answered)
    closed = tuple(request for request in case.requests if request not in after.requests)
    also = tuple(beside.number for beside in _BESIDE[event.trigger] if _matches(beside, case, event))
    warned = (REASON_REQUIRED,) if check_reason(event) is ReasonPolicy.WARN else ()
    effects = _effects(rule, case, after)
    return Decision(rule.outcome, rule.number, case, after, effects, also, rule.alert, "", warned, closed)


def decide(case: DeliveryCase, event: Event) -> Decision:
    """Decide what an event does to a delivery; total: every case and event has exactly one decision.

    The first row that matches decides, in the order 29, 13, 12, 7, 10, 9, then the others. A call that owes a
    reason and gives none is INVALID whatever the state, so that the answer tells nothing about the delivery.
    """
    if check_reason(event) is ReasonPolicy.REFUSE:
        return Decision(Outcome.INVALID, 0, case, case, problem=REASON_REQUIRED)
    rule = next(rule for rule in _DECIDING[event.trigger] if _matches(rule, case, event))
    return _apply(rule, case, event)


@dataclass(frozen=True, slots=True)
class StatusKey:
    """Natural key of a status: one thing said once. Document, reporting agency, code, time in UTC."""

    document: str
    reporter: str
    code: str
    time: datetime


def status_key(document: str, reporter: str, code: str, time: datetime) -> StatusKey:
    """Make the natural key of a status.

    Raises:
        ValueError: the time has no zone; edXML times are Asia/Ho_Chi_Minh and must be given one first.
    """
    if time.tzinfo is None:
        raise ValueError(f"the time of a status needs a zone: {time.isoformat()}")
    return StatusKey(document, reporter, normalise_code(code), time.astimezone(UTC))


def decide_once(
    case: DeliveryCase, event: Event, key: StatusKey, seen: Mapping[StatusKey, Decision]
) -> tuple[Decision, bool]:
    """Decide, or answer a repeat with its first decision. The second value says whether it was a repeat."""
    first = seen.get(key)
    return (first, True) if first else (decide(case, event), False)
