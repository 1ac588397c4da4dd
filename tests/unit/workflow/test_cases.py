"""When a case closes, and what an answer answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.workflow.domain import (
    FINAL_STATES,
    Answer,
    Case,
    CaseDelivery,
    DeliveryState,
    answered_by,
    close_if_settled,
    is_settled,
    mark_answered,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
S = DeliveryState


def delivery(state: DeliveryState, *, answered: bool = False, recipient: str = "H29") -> CaseDelivery:
    """Make a delivery of the document `d1` from G22."""
    return CaseDelivery(f"x-{recipient}", "d1", "G22", recipient, state, answered)


@given(st.lists(st.tuples(st.sampled_from(list(DeliveryState)), st.booleans()), min_size=1, max_size=6))
def test_a_case_closes_when_all_is_settled_and_something_is_answered(
    rows: list[tuple[DeliveryState, bool]],
) -> None:
    """Each delivery answered or final, and at least one answered."""
    deliveries = [delivery(state, answered=answered) for state, answered in rows]
    expected = all(a or s in FINAL_STATES for s, a in rows) and any(a for _, a in rows)
    assert is_settled(Case("d1", len(rows)), deliveries) is expected


def test_a_case_waits_for_deliveries_that_are_not_known_yet() -> None:
    """An answer of the first recipient does not close a case whose others are still being made."""
    assert not is_settled(Case("d1", 2), [delivery(S.DONE, answered=True)])


def test_a_case_closes_once() -> None:
    """The second time nothing happens, and a closed case never opens again."""
    closed, now = close_if_settled(Case("d1", 1), [delivery(S.DONE, answered=True)], NOW)
    assert (closed.closed_at, now) == (NOW, True)
    assert close_if_settled(closed, [delivery(S.SENT)], NOW) == (closed, False)


def test_an_answer_does_not_complete() -> None:
    """Answered is a mark; the state is as it was."""
    marked = mark_answered(delivery(S.PROCESSING))
    assert (marked.state, marked.answered, mark_answered(marked)) == (S.PROCESSING, True, marked)


@pytest.mark.parametrize(
    ("sender", "answers", "acknowledged_by", "found"),
    [
        ("H29", "d1", "G22", ["H29"]),
        ("H29", "d1", "H26", []),
        ("H29", "d2", "G22", []),
        ("H50", "d1", "G22", []),
    ],
)
def test_who_is_answered(sender: str, answers: str, acknowledged_by: str, found: list[str]) -> None:
    """The recipient's own answer counts, once the first sender has acknowledged it."""
    deliveries = [delivery(S.DONE), delivery(S.DONE, recipient="H26")]
    answer = Answer("a1", sender, frozenset({answers}), acknowledged_by)
    assert [d.recipient for d in answered_by(answer, deliveries)] == found
