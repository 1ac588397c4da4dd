"""Which agency is told of which event, and which of its subscriptions wants to know."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(StrEnum):
    """Kinds of event that people are told of; the names that subscriptions use."""

    DOCUMENT_AVAILABLE = "document.available"
    DOCUMENT_WITHDRAWN = "document.withdrawn"
    DOCUMENT_SUPERSEDED = "document.superseded"
    REQUEST_RECEIVED = "request.received"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_PARKED = "delivery.parked"
    STATUS_RECORDED = "status.recorded"
    VERDICT_CHANGED = "verdict.changed"
    TASK_ASSIGNED = "task.assigned"
    TASK_HANDED_OVER = "task.handed_over"
    TASK_PAUSED = "task.paused"
    TASK_RESUMED = "task.resumed"
    TASK_STOPPED = "task.stopped"
    TASK_COMPLETED = "task.completed"
    DELIVERY_ANSWERED = "delivery.answered"
    CASE_CLOSED = "case.closed"
    CASE_ALERT = "case.alert"
    SUBSCRIPTION_TEST = "subscription.test"


class Side(StrEnum):
    """An agency's place in a delivery."""

    SENDER = "SENDER"
    RECIPIENT = "RECIPIENT"


_SENDER, _RECIPIENT = frozenset({Side.SENDER}), frozenset({Side.RECIPIENT})
_BOTH = _SENDER | _RECIPIENT

AUDIENCE: dict[Kind, frozenset[Side]] = {
    Kind.DOCUMENT_AVAILABLE: _RECIPIENT,
    Kind.DOCUMENT_WITHDRAWN: _BOTH,
    Kind.DOCUMENT_SUPERSEDED: _BOTH,
    Kind.REQUEST_RECEIVED: _RECIPIENT,
    Kind.DELIVERY_FAILED: _SENDER,
    Kind.DELIVERY_PARKED: _RECIPIENT,
    Kind.STATUS_RECORDED: _BOTH,
    Kind.VERDICT_CHANGED: _BOTH,
    # Who works on a document inside an agency is nobody else's business.
    Kind.TASK_ASSIGNED: _RECIPIENT,
    Kind.TASK_HANDED_OVER: _RECIPIENT,
    Kind.TASK_PAUSED: _RECIPIENT,
    Kind.TASK_RESUMED: _RECIPIENT,
    Kind.TASK_STOPPED: _RECIPIENT,
    Kind.TASK_COMPLETED: _RECIPIENT,
    Kind.DELIVERY_ANSWERED: _SENDER,
    Kind.CASE_CLOSED: _SENDER,
    Kind.CASE_ALERT: _BOTH,
    # A test goes to the subscription that asked for it and to nobody by rule.
    Kind.SUBSCRIPTION_TEST: frozenset(),
}
"""Sides of the delivery that are told. Of a status only the side that did not report it (ND30 App. VI)."""


@dataclass(frozen=True, slots=True)
class NoticeEvent:
    """What the rules need of an event.

    `priority` is the urgency of the document (0 ordinary, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc). `people` are those whom it
    names. `reporter` is the side that reported a status; None when the axis made it.
    """

    kind: Kind
    sender_agency: str
    recipient_agency: str = ""
    priority: int = 0
    people: tuple[str, ...] = ()
    reporter: Side | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the rules need of a subscription. No kinds means all; no person means the whole agency."""

    subscription: str
    agency: str
    kinds: frozenset[str] = frozenset()
    minimum_priority: int = 0
    person: str = ""


def audience(event: NoticeEvent) -> frozenset[str]:
    """Return the agencies that are told of an event. A recipient whose code is unknown has no agency to tell."""
    sides = AUDIENCE[event.kind]
    if event.kind is Kind.STATUS_RECORDED:
        # What the axis itself reports (01, 15) the sender has not said: it is told.
        sides -= {event.reporter or Side.RECIPIENT}
    agencies = {Side.SENDER: event.sender_agency, Side.RECIPIENT: event.recipient_agency}
    return frozenset(agencies[side] for side in sides if agencies[side])


def _same_person(one: str, other: str) -> bool:
    # Names are typed on different systems: composed or decomposed, spaced and capitalised as it pleases.
    def plain(name: str) -> str:
        return " ".join(unicodedata.normalize("NFC", name).casefold().split())

    return plain(one) == plain(other)


def match(subscription: Subscription, event: NoticeEvent) -> bool:
    """Tell whether a subscription wants to know of an event.

    Its agency is told at all, the kind is among its kinds, the document is at least as urgent as it asks, and when it
    is for a person the event names that person: a personal subscription is not told of what names nobody.
    """
    if subscription.agency not in audience(event):
        return False
    if subscription.kinds and event.kind.value not in subscription.kinds:
        return False
    if event.priority < subscription.minimum_priority:
        return False
    return not subscription.person or any(_same_person(subscription.person, one) for one in event.people)


def matching(subscriptions: Iterable[Subscription], event: NoticeEvent) -> tuple[Subscription, ...]:
    """Return the subscriptions that get a notice of an event, each once, in the order given."""
    found = {wanted.subscription: wanted for wanted in subscriptions if match(wanted, event)}
    return tuple(found.values())


def unknown_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are no kind of event, sorted, for the answer to a wrong subscription."""
    return tuple(sorted(set(kinds) - {kind.value for kind in Kind}))
