"""One test for each rule of the lifecycle, named by its number: what may meet, come late or come twice (40 to 59)."""

from __future__ import annotations

import pytest

from lienthong.workflow.domain import (
    Actor,
    DeliveryState,
    Outcome,
    Request,
    Trigger,
    decide,
    fact_event,
    status_event,
)

from .lifecycle import RECALL, REPLACE, TELL, UPDATE, E, R, S, T, expect, happen, report


def test_rule_40_update_before_its_original() -> None:
    """Two deliveries have no common order: an update may be acknowledged before its original."""
    expect(happen(T.UPDATE_ACKNOWLEDGED, S.SENT), 40, Outcome.APPLIED, S.SENT, frozenset({E.OPEN_REQUEST}))


def test_rule_41_recall_while_an_update_waits() -> None:
    """Routing decides on a recall, whatever else is open."""
    expect(
        report("13", S.DONE, UPDATE, by=Actor.SENDER),
        41,
        Outcome.FORWARDED,
        S.DONE,
        frozenset({E.ASK_ROUTING}),
    )


def test_rule_42_requests_wait_in_line() -> None:
    """A request behind an open one opens when that one is answered."""
    queued = happen(T.RECALL_DELIVERED, S.DONE, UPDATE)
    expect(queued, 42, Outcome.APPLIED, S.DONE, frozenset({E.QUEUE_REQUEST}))
    assert queued.request is R.UPDATE
    answered = decide(queued.after, status_event("16", Actor.RECIPIENT, reason="too late"))
    assert answered.effects == TELL | {E.CLOSE_REQUEST, E.OPEN_REQUEST}
    assert (answered.request, answered.closed) == (R.RECALL, (UPDATE,))


@pytest.mark.parametrize("state", [S.REFUSED, S.WITHDRAWN, S.SUPERSEDED, S.FAILED])
def test_rule_43_nothing_to_replace(state: DeliveryState) -> None:
    """A replacement of what has ended opens nothing."""
    expect(happen(T.REPLACEMENT_DELIVERED, state), 43, Outcome.HISTORY, state)


def test_rule_44_update_of_what_has_ended() -> None:
    """An update that the recipient took after its original ended gets a main line of its own."""
    assert happen(T.UPDATE_ACKNOWLEDGED, S.WITHDRAWN).effects == {E.START_NEW_LINE}


def test_rule_45_recall_of_what_has_ended() -> None:
    """A recall after withdrawal changes nothing: the sender has its 15."""
    expect(report("13", S.WITHDRAWN, by=Actor.SENDER), 45, Outcome.HISTORY, S.WITHDRAWN)


def test_rule_46_status_after_the_end() -> None:
    """A main-line code on a superseded or failed delivery is history, with an alert."""
    expect(report("03", S.SUPERSEDED), 46, Outcome.CONFLICT, S.SUPERSEDED, frozenset({E.ALERT}))


def test_rule_47_stored_after_the_end() -> None:
    """An acknowledgement after the end alerts nobody."""
    expect(happen(T.ACKNOWLEDGED, S.WITHDRAWN), 47, Outcome.HISTORY, S.WITHDRAWN)


def test_rule_48_withdrawn_unopened() -> None:
    """What routing took back unopened is WITHDRAWN, and the axis tells the sender by a 15."""
    expect(happen(T.WITHDRAWN_UNOPENED, S.SENT), 48, Outcome.APPLIED, S.WITHDRAWN, frozenset({E.EMIT_15}))


def test_rule_49_withdrawn_by_routing() -> None:
    """Withdrawal without its 15 here still ends the delivery and its requests."""
    expect(
        happen(T.WITHDRAWN_AGREED, S.DONE, RECALL),
        49,
        Outcome.APPLIED,
        S.WITHDRAWN,
        frozenset({E.CLOSE_REQUEST}),
    )


def test_rule_50_superseded_unopened() -> None:
    """An original that nobody opened ends when its update takes its place."""
    expect(happen(T.SUPERSEDED, S.SENT), 50, Outcome.APPLIED, S.SUPERSEDED)


def test_rule_51_failed() -> None:
    """What cannot be delivered has FAILED."""
    expect(happen(T.FAILED, S.ACCEPTED), 51, Outcome.APPLIED, S.FAILED)


@pytest.mark.parametrize("trigger", [T.WITHDRAWN_UNOPENED, T.WITHDRAWN_AGREED, T.SUPERSEDED, T.FAILED])
def test_rule_52_it_has_ended_already(trigger: Trigger) -> None:
    """An end after the end changes nothing; completed work does not fail."""
    expect(happen(trigger, S.WITHDRAWN), 52, Outcome.HISTORY, S.WITHDRAWN)
    assert happen(T.FAILED, S.DONE).state is S.DONE


def test_rules_53_and_54_answered_once() -> None:
    """The first answer marks the delivery and leaves its state; one more changes nothing."""
    first = happen(T.ANSWERED, S.PROCESSING)
    expect(first, 53, Outcome.APPLIED, S.PROCESSING, frozenset({E.MARK_ANSWERED}))
    expect(decide(first.after, fact_event(T.ANSWERED)), 54, Outcome.HISTORY, S.PROCESSING)


def test_rule_55_unknown_codes_pass_verbatim() -> None:
    """An unknown code changes nothing and goes to the other side."""
    expect(report("99", S.DONE), 55, Outcome.HISTORY, S.DONE, TELL)
    assert report("99", S.SENT).recorded
    assert report("xóa", S.SENT, by=Actor.SENDER).effects == {E.FORWARD_TO_RECIPIENT}


def test_rule_56_created_before() -> None:
    """A delivery is created once."""
    expect(happen(T.CREATED, S.DONE), 56, Outcome.HISTORY, S.DONE)


def test_rule_57_no_such_delivery() -> None:
    """What is said of a delivery that is not known is kept and not applied."""
    expect(report("03", None), 57, Outcome.KEPT, None, frozenset({E.AUDIT}))


@pytest.mark.parametrize("code", ["01", "02", "03", "04", "05", "06", "15", "16"])
def test_rule_58_only_the_recipient_reports(code: str) -> None:
    """A status from a party that may not report it never takes effect, not even an alert."""
    expect(report(code, S.SENT, RECALL, by=Actor.SENDER), 58, Outcome.KEPT, S.SENT, frozenset({E.AUDIT}))
    expect(report("13", S.SENT, by=Actor.RECIPIENT), 58, Outcome.KEPT, S.SENT, frozenset({E.AUDIT}))


def test_rule_59_what_asked_was_taken_back() -> None:
    """An update or a replacement that is taken back asks no more; what waits behind it is asked next."""
    other = Request(R.RECALL, "r2")
    alone = happen(T.REQUEST_TAKEN_BACK, S.ARRIVED, UPDATE)
    expect(alone, 59, Outcome.APPLIED, S.ARRIVED, frozenset({E.DROP_REQUEST}))
    assert (alone.after.requests, alone.closed) == ((), (UPDATE,))
    first = happen(T.REQUEST_TAKEN_BACK, S.DONE, REPLACE, other)
    expect(first, 59, Outcome.APPLIED, S.DONE, frozenset({E.DROP_REQUEST, E.OPEN_REQUEST}))
    assert first.request is R.RECALL
    behind = happen(T.REQUEST_TAKEN_BACK, S.DONE, other, UPDATE)
    expect(behind, 59, Outcome.APPLIED, S.DONE, frozenset({E.DROP_REQUEST}))
    assert behind.after.requests == (other,)
    expect(happen(T.REQUEST_TAKEN_BACK, S.ARRIVED, other), 59, Outcome.HISTORY, S.ARRIVED)
    expect(happen(T.REQUEST_TAKEN_BACK, S.WITHDRAWN), 59, Outcome.HISTORY, S.WITHDRAWN)
