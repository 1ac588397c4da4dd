"""One test for each rule of the lifecycle, named by its number: the main line (1 to 13)."""

from __future__ import annotations

import pytest

from lienthong.workflow.domain import (
    DeliveryState,
    Outcome,
)

from .lifecycle import TELL, E, S, T, expect, happen, report


def test_rule_1_sending_makes_a_delivery() -> None:
    """A document that was sent has a delivery in SENT."""
    expect(happen(T.CREATED, None), 1, Outcome.APPLIED, S.SENT)


def test_rule_2_01_means_arrived() -> None:
    """01 of the recipient's software, and its acknowledgement by itself, mean ARRIVED; the sender is told."""
    expect(report("01", S.SENT), 2, Outcome.APPLIED, S.ARRIVED, TELL)
    expect(happen(T.ACKNOWLEDGED, S.SENT), 2, Outcome.APPLIED, S.ARRIVED, frozenset({E.EMIT_01}))


@pytest.mark.parametrize("state", [S.SENT, S.ARRIVED])
def test_rule_3_refusal_before_acceptance(state: DeliveryState) -> None:
    """02 is possible before acceptance."""
    expect(report("02", state), 3, Outcome.APPLIED, S.REFUSED, TELL)


def test_rule_4_acceptance() -> None:
    """03 after arrival means ACCEPTED."""
    expect(report("03", S.ARRIVED), 4, Outcome.APPLIED, S.ACCEPTED, TELL)


def test_rule_5_assignment() -> None:
    """04 after acceptance means ASSIGNED."""
    expect(report("04", S.ACCEPTED), 5, Outcome.APPLIED, S.ASSIGNED, TELL)


def test_rule_6_work_begins() -> None:
    """05 after assignment means PROCESSING."""
    expect(report("05", S.ASSIGNED), 6, Outcome.APPLIED, S.PROCESSING, TELL)


@pytest.mark.parametrize(("code", "state"), [("04", S.ASSIGNED), ("05", S.PROCESSING), ("04", S.PROCESSING)])
def test_rule_7_again_and_assignment_after_work_began(code: str, state: DeliveryState) -> None:
    """04 and 05 again leave the state, 04 after 05 too, and the sender sees them."""
    decision = report(code, state)
    expect(decision, 7, Outcome.APPLIED, state, TELL)
    assert decision.recorded
    assert decision.sender_sees


def test_rule_8_completion() -> None:
    """06 out of work means DONE."""
    expect(report("06", S.PROCESSING), 8, Outcome.APPLIED, S.DONE, TELL)


@pytest.mark.parametrize(
    ("code", "state", "after"),
    [
        ("03", S.SENT, S.ACCEPTED),
        ("04", S.SENT, S.ASSIGNED),
        ("05", S.ARRIVED, S.PROCESSING),
        ("05", S.ACCEPTED, S.PROCESSING),
        ("06", S.SENT, S.DONE),
        ("06", S.ACCEPTED, S.DONE),
        ("06", S.ASSIGNED, S.DONE),
    ],
)
def test_rule_9_gaps_are_normal(code: str, state: DeliveryState, after: DeliveryState) -> None:
    """A higher code takes effect though lower ones were never seen."""
    expect(report(code, state), 9, Outcome.APPLIED, after, TELL)


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("01", S.ARRIVED),
        ("03", S.PROCESSING),
        ("06", S.DONE),
        ("04", S.DONE),
        ("02", S.REFUSED),
        ("01", S.REFUSED),
    ],
)
def test_rule_10_lower_or_equal_is_history(code: str, state: DeliveryState) -> None:
    """A lower or equal code later changes nothing, and the sender does not see it."""
    decision = report(code, state)
    expect(decision, 10, Outcome.HISTORY, state)
    assert not decision.recorded


def test_rule_10_acknowledgement_after_acceptance_makes_no_01() -> None:
    """An acknowledgement that comes after 03 does not report 01 any more."""
    expect(happen(T.ACKNOWLEDGED, S.ACCEPTED), 10, Outcome.HISTORY, S.ACCEPTED)


def test_rule_11_sending_again_after_refusal() -> None:
    """An update of a refused document starts a main line of its own."""
    expect(
        happen(T.UPDATE_ACKNOWLEDGED, S.REFUSED),
        11,
        Outcome.APPLIED,
        S.REFUSED,
        frozenset({E.START_NEW_LINE}),
    )


@pytest.mark.parametrize("state", [S.ACCEPTED, S.ASSIGNED, S.PROCESSING, S.DONE])
def test_rule_12_refusal_after_acceptance_is_a_conflict(state: DeliveryState) -> None:
    """02 after 03 changes nothing and alerts."""
    decision = report("02", state)
    expect(decision, 12, Outcome.CONFLICT, state, frozenset({E.ALERT}))
    assert decision.alert == "STATUS_CONFLICT"


@pytest.mark.parametrize("code", ["03", "04", "05", "06"])
def test_rule_13_work_after_refusal_is_a_conflict(code: str) -> None:
    """03 to 06 after 02 change nothing and alert."""
    expect(report(code, S.REFUSED), 13, Outcome.CONFLICT, S.REFUSED, frozenset({E.ALERT}))
