"""One test for each rule of the lifecycle, named by its number: requests of the sender and answers (20 to 32)."""

from __future__ import annotations

import pytest

from lienthong.workflow.domain import (
    Actor,
    DeliveryState,
    Outcome,
)

from .lifecycle import RECALL, REPLACE, TELL, UPDATE, E, R, S, T, expect, happen, report


def test_rule_20_recall_is_asked_and_waits() -> None:
    """13 of the sender goes to routing; what routing delivers opens a request."""
    asked = report("13", S.ACCEPTED, by=Actor.SENDER)
    expect(asked, 20, Outcome.FORWARDED, S.ACCEPTED, frozenset({E.ASK_ROUTING}))
    assert asked.request is R.NONE
    opened = happen(T.RECALL_DELIVERED, S.DONE)
    expect(opened, 20, Outcome.APPLIED, S.DONE, frozenset({E.OPEN_REQUEST}))
    assert opened.request is R.RECALL


@pytest.mark.parametrize("state", [S.SENT, S.ACCEPTED, S.DONE, S.REFUSED])
def test_rule_21_recall_agreed(state: DeliveryState) -> None:
    """15 on a recall withdraws the document and ends everything that waits."""
    decision = report("15", state, RECALL, UPDATE)
    expect(decision, 21, Outcome.APPLIED, S.WITHDRAWN, TELL | {E.CLOSE_REQUEST, E.WITHDRAW})
    assert decision.closed == (RECALL, UPDATE)


def test_rule_22_recall_denied() -> None:
    """16 on a recall closes it; the main line is as it was."""
    expect(report("16", S.ASSIGNED, RECALL), 22, Outcome.APPLIED, S.ASSIGNED, TELL | {E.CLOSE_REQUEST})


def test_rule_23_update_waits() -> None:
    """An acknowledged update opens a request on its original."""
    expect(happen(T.UPDATE_ACKNOWLEDGED, S.ARRIVED), 23, Outcome.APPLIED, S.ARRIVED, frozenset({E.OPEN_REQUEST}))


def test_rule_24_update_agreed() -> None:
    """15 on an update brings the new version into force."""
    expect(report("15", S.DONE, UPDATE), 24, Outcome.APPLIED, S.DONE, TELL | {E.CLOSE_REQUEST, E.ADOPT_VERSION})


def test_rule_25_update_denied() -> None:
    """16 on an update leaves the old version."""
    expect(report("16", S.DONE, UPDATE), 25, Outcome.APPLIED, S.DONE, TELL | {E.CLOSE_REQUEST})


def test_rule_26_replacement_waits() -> None:
    """A replacement opens a request on each old delivery."""
    decision = happen(T.REPLACEMENT_DELIVERED, S.SENT)
    expect(decision, 26, Outcome.APPLIED, S.SENT, frozenset({E.OPEN_REQUEST}))
    assert decision.request is R.REPLACE


def test_rule_27_replacement_answered() -> None:
    """15 on a replacement supersedes the old document, 16 leaves it."""
    agreed = report("15", S.DONE, REPLACE)
    expect(agreed, 27, Outcome.APPLIED, S.SUPERSEDED, TELL | {E.CLOSE_REQUEST, E.SUPERSEDE})
    expect(report("16", S.DONE, REPLACE), 27, Outcome.APPLIED, S.DONE, TELL | {E.CLOSE_REQUEST})


def test_rule_28_main_line_moves_under_a_request() -> None:
    """A main-line code takes effect while a request is open, and the request stays."""
    decision = report("04", S.ACCEPTED, RECALL)
    expect(decision, 5, Outcome.APPLIED, S.ASSIGNED, TELL)
    assert (decision.also, decision.request) == ((28,), R.RECALL)


@pytest.mark.parametrize("code", ["01", "02", "03", "04", "05", "06"])
def test_rule_29_status_after_withdrawal(code: str) -> None:
    """Any main-line code after withdrawal is history, with an alert."""
    decision = report(code, S.WITHDRAWN)
    expect(decision, 29, Outcome.CONFLICT, S.WITHDRAWN, frozenset({E.ALERT}))
    assert decision.alert == "STATUS_AFTER_WITHDRAWAL"


@pytest.mark.parametrize("state", [S.REFUSED, S.FAILED])
def test_rule_30_nothing_to_take_back(state: DeliveryState) -> None:
    """A recall of what was refused or never delivered gets 15 at once."""
    expect(report("13", state, by=Actor.SENDER), 30, Outcome.APPLIED, state, frozenset({E.EMIT_15}))
    expect(happen(T.RECALL_DELIVERED, state), 30, Outcome.APPLIED, state, frozenset({E.EMIT_15}))


def test_rule_30_refused_without_having_been_opened() -> None:
    """Routing takes back what nobody opened; the sender gets 15, though it was refused from its description alone."""
    expect(happen(T.WITHDRAWN_UNOPENED, S.REFUSED), 30, Outcome.APPLIED, S.REFUSED, frozenset({E.EMIT_15}))
    expect(happen(T.WITHDRAWN_AGREED, S.REFUSED), 52, Outcome.HISTORY, S.REFUSED)


@pytest.mark.parametrize("state", [S.SENT, S.DONE, S.REFUSED, S.WITHDRAWN, S.FAILED])
@pytest.mark.parametrize("code", ["15", "16"])
def test_rule_31_answer_to_no_request(code: str, state: DeliveryState) -> None:
    """15 and 16 without an open request are history, with an alert."""
    expect(report(code, state), 31, Outcome.CONFLICT, state, frozenset({E.ALERT}))


def test_rule_32_the_same_request_again() -> None:
    """A second identical request changes nothing and does not ask routing again."""
    expect(report("13", S.DONE, RECALL, by=Actor.SENDER), 32, Outcome.HISTORY, S.DONE)
    assert happen(T.UPDATE_ACKNOWLEDGED, S.DONE, UPDATE).rule == 32
    assert happen(T.RECALL_DELIVERED, S.DONE, UPDATE, RECALL, key="other").rule == 32
