"""One test for each rule of the lifecycle, named by its number."""

from __future__ import annotations

import pytest

from lienthong.workflow.domain import (
    RULES,
    Actor,
    Decision,
    DeliveryCase,
    DeliveryState,
    Effect,
    Outcome,
    Request,
    SideRequest,
    Trigger,
    decide,
    fact_event,
    status_event,
)

S, T, E, R = DeliveryState, Trigger, Effect, SideRequest
RECALL, UPDATE, REPLACE = (Request(k, "r1") for k in (R.RECALL, R.UPDATE, R.REPLACE))
TELL = frozenset({E.FORWARD_TO_SENDER})


def report(
    code: str,
    state: DeliveryState | None,
    *requests: Request,
    by: Actor = Actor.RECIPIENT,
    answered: bool = False,
) -> Decision:
    """Let somebody report a code."""
    return decide(DeliveryCase(state, requests, answered), status_event(code, by, reason="a reason"))


def happen(trigger: Trigger, state: DeliveryState | None, *requests: Request, key: str = "r1") -> Decision:
    """Let a fact of the axis happen."""
    return decide(DeliveryCase(state, requests), fact_event(trigger, key=key))


def expect(
    decision: Decision,
    rule: int,
    outcome: Outcome,
    state: DeliveryState | None,
    effects: frozenset[Effect] = frozenset(),
) -> None:
    """Compare what matters of a decision at once."""
    found = (decision.rule, decision.outcome, decision.state, decision.effects)
    assert found == (rule, outcome, state, effects)


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


def test_every_rule_has_its_test() -> None:
    """Each number of the table is named by a test of this file."""
    named = "_".join(name for name in globals() if name.startswith("test_rule")) + "_"
    missing = [rule.number for rule in RULES if f"_{rule.number}_" not in named]
    assert missing == []
