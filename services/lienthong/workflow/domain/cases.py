"""The case: all deliveries of one document. It closes when its answers are in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lienthong.workflow.domain.terms import FINAL_STATES, DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class CaseDelivery:
    """What a case knows of one of its deliveries."""

    delivery: str
    document: str
    sender: str
    recipient: str
    state: DeliveryState
    answered: bool = False

    @property
    def settled(self) -> bool:
        """Whether the case waits for it no longer: answered, or final."""
        return self.answered or self.state in FINAL_STATES


@dataclass(frozen=True, slots=True)
class Answer:
    """A document that answers earlier ones (ResponseFor), once one of its recipients has acknowledged it."""

    document: str
    sender: str
    answers: frozenset[str]
    acknowledged_by: str


@dataclass(frozen=True, slots=True)
class Case:
    """A document's case. `delivery_count` is what routing announced; `closed_at` None while it is open."""

    document: str
    delivery_count: int
    closed_at: datetime | None = None


def answered_by(answer: Answer, deliveries: Iterable[CaseDelivery]) -> tuple[CaseDelivery, ...]:
    """Return the deliveries that an answer answers.

    A delivery is answered when its own recipient sent a document that names the first one, and the first
    sender has acknowledged that document. An answer acknowledged by somebody else in copy answers nothing
    yet.
    """
    return tuple(
        delivery
        for delivery in deliveries
        if delivery.document in answer.answers
        and delivery.recipient == answer.sender
        and delivery.sender == answer.acknowledged_by
    )


def mark_answered(delivery: CaseDelivery) -> CaseDelivery:
    """Mark a delivery as answered; its main line stays, for an answer does not imply 06."""
    return replace(delivery, answered=True)


def is_settled(case: Case, deliveries: Sequence[CaseDelivery]) -> bool:
    """Tell whether a case can close.

    All deliveries are known, each is answered or final, and at least one is answered.

    Deliveries of updates that wait behind their original have no main line and are not among `deliveries`.
    """
    complete = len(deliveries) >= case.delivery_count
    return complete and all(d.settled for d in deliveries) and any(d.answered for d in deliveries)


def close_if_settled(case: Case, deliveries: Sequence[CaseDelivery], now: datetime) -> tuple[Case, bool]:
    """Close a case when it can; the second value says whether this call did. It never opens again."""
    if case.closed_at is not None or not is_settled(case, deliveries):
        return case, False
    return replace(case, closed_at=now), True
