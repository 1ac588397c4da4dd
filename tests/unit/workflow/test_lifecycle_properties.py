"""What holds for every state, request, event and history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lienthong.workflow.domain import (
    CLOSED_STATES,
    FACT_ACTORS,
    FINAL_STATES,
    PRECEDENCE,
    RANKS,
    RULES,
    Actor,
    Decision,
    DeliveryCase,
    DeliveryState,
    Event,
    Outcome,
    Request,
    SideRequest,
    Source,
    StatusKey,
    Trigger,
    decide,
    decide_once,
    fact_event,
    lifecycle_table,
    matching_rules,
    normalise_code,
    status_event,
    status_key,
)

REQUESTS = [Request(kind, key) for kind, key in product(list(SideRequest)[1:], ("a", "b"))]


def _cases() -> list[DeliveryCase]:
    states: list[DeliveryState | None] = [None, *DeliveryState]
    queues: list[tuple[Request, ...]] = [(), *((r,) for r in REQUESTS), *product(REQUESTS, repeat=2)]
    return [
        DeliveryCase(state, queue, answered)
        for state, queue, answered in product(states, queues, (False, True))
        if not queue or (state is not None and state not in CLOSED_STATES)
    ]


EVENTS = [
    Event(trigger, actor, reason="a reason", key=key) for trigger, actor, key in product(Trigger, Actor, ("a", "b"))
]
ALL = list(product(_cases(), EVENTS))


def test_every_case_and_event_has_exactly_one_decision() -> None:
    """Rows overlap only where the order of precedence decides; rules 57 and 58 take the rest."""
    for case, event in ALL:
        numbers = [found.number for found in matching_rules(case, event)]
        own = [n for n in numbers if n not in PRECEDENCE and n not in {57, 58}]
        assert numbers
        assert len(own) <= 1 or set(numbers) & set(PRECEDENCE)
        assert decide(case, event).rule == numbers[0]


def test_precedence_is_29_13_12_7_10_9_then_the_others() -> None:
    """Whatever matches, the first in the order of precedence decides."""
    order = {number: place for place, number in enumerate((29, 13, 12, 7, 10, 9))}
    for case, event in ALL:
        places = [order.get(found.number, len(order)) for found in matching_rules(case, event)]
        assert places == sorted(places)


def test_a_status_never_goes_back() -> None:
    """No event lowers the rank of a state, and nothing returns to a delivery that was not known."""
    for case, event in ALL:
        after = decide(case, event).state
        if case.state in RANKS and after in RANKS:
            assert RANKS[after] >= RANKS[case.state]
        assert after is not None or case.state is None


def test_final_stays_final_but_for_an_agreed_request_or_routing() -> None:
    """DONE and REFUSED end otherwise by a 15 (21, 27) only, DONE also by routing (48, 49, 50)."""
    moves = {
        (case.state, decision.state, decision.rule)
        for case, event in ALL
        if case.state in FINAL_STATES and (decision := decide(case, event)).state is not case.state
    }
    done, refused = DeliveryState.DONE, DeliveryState.REFUSED
    withdrawn, superseded = DeliveryState.WITHDRAWN, DeliveryState.SUPERSEDED
    assert moves == {
        (done, withdrawn, 21),
        (refused, withdrawn, 21),
        (done, superseded, 27),
        (refused, superseded, 27),
        (done, withdrawn, 48),
        (done, withdrawn, 49),
        (done, superseded, 50),
    }


def test_strangers_change_nothing() -> None:
    """Main-line codes, 15 and 16 take effect from the recipient only, 13 from the sender only."""
    for case, event in ALL:
        owner = Actor.SENDER if event.trigger is Trigger.STATUS_13 else Actor.RECIPIENT
        if event.trigger.value.isdecimal() and event.actor is not owner:
            decision = decide(case, event)
            assert (decision.outcome, decision.after) == (Outcome.KEPT, case)
            assert not decision.recorded


def test_history_is_seen_by_the_other_side_for_unknown_codes_only() -> None:
    """What is kept as history stays where it is, unknown codes excepted."""
    for case, event in ALL:
        decision = decide(case, event)
        if decision.outcome in {Outcome.HISTORY, Outcome.CONFLICT, Outcome.KEPT}:
            assert decision.after == case
            assert not decision.recorded or decision.rule == 55


@pytest.mark.parametrize("code", ["02", "13", "16"])
@pytest.mark.parametrize("state", list(DeliveryState))
def test_a_call_owes_its_reason(code: str, state: DeliveryState) -> None:
    """A call without its reason is invalid whatever the state; a peer's file counts, with a warning."""
    actor = Actor.SENDER if code == "13" else Actor.RECIPIENT
    refused = decide(DeliveryCase(state), status_event(code, actor, reason="  "))
    assert (refused.outcome, refused.problem, refused.after.state) == (
        Outcome.INVALID,
        "REASON_REQUIRED",
        state,
    )
    taken = decide(DeliveryCase(state), status_event(code, actor, source=Source.EDXML))
    assert taken.outcome is not Outcome.INVALID
    assert taken.warnings == ("REASON_REQUIRED",)


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_key_of_a_status_ignores_zone_and_a_missing_zero() -> None:
    """Document, reporter, code and moment make a status one, however they are written."""
    vietnam = NOON.astimezone(timezone(timedelta(hours=7)))
    assert status_key("d", "a", "3", vietnam) == status_key("d", "a", "03", NOON)
    assert len({status_key(d, a, c, NOON) for d, a, c in product("de", "ab", ("03", "04"))}) == 8
    with pytest.raises(ValueError, match="zone"):
        status_key("d", "a", "03", NOON.replace(tzinfo=None))


@pytest.mark.parametrize(("written", "meant"), [("3", "03"), (" 06 ", "06"), ("99", "99"), ("xóa", "xóa"), ("²", "²")])
def test_codes_get_two_digits(written: str, meant: str) -> None:
    """Single digits of existing systems are the same codes; anything else stays verbatim."""
    assert normalise_code(written) == meant


def test_facts_are_never_status_codes() -> None:
    """Nobody can report as a status what routing decides, and the reverse."""
    assert all(not trigger.value.isdecimal() for trigger in FACT_ACTORS)
    with pytest.raises(KeyError):
        fact_event(Trigger.STATUS_03)
    assert status_event("failed", Actor.RECIPIENT).trigger is Trigger.STATUS_UNKNOWN


def test_a_closed_delivery_has_no_request() -> None:
    """A case that cannot be is refused when it is made."""
    with pytest.raises(ValueError, match="WITHDRAWN"):
        DeliveryCase(DeliveryState.WITHDRAWN, (REQUESTS[0],))


class Histories(RuleBasedStateMachine):
    """Any events in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.case = DeliveryCase(DeliveryState.SENT)
        self.seen: dict[StatusKey, Decision] = {}
        self.states: list[DeliveryState] = [DeliveryState.SENT]
        self.minute = 0

    @rule(event=st.sampled_from(EVENTS), repeat=st.booleans())
    def happen(self, event: Event, repeat: bool) -> None:  # noqa: FBT001 - a drawn value
        """Take an event, or the last status once more."""
        self.minute += 0 if repeat else 1
        key = status_key("d", event.actor.value, event.trigger.value, NOON + timedelta(minutes=self.minute))
        decision, again = decide_once(self.case, event, key, self.seen)
        if again:
            assert decision is self.seen[key]
            return
        self.seen[key] = decision
        self.case = decision.after
        if decision.state and decision.state is not self.states[-1]:
            self.states.append(decision.state)

    @invariant()
    def moves_forward(self) -> None:
        """No state is entered twice, and ranks only grow."""
        assert len(self.states) == len(set(self.states))
        ranks = [RANKS[state] for state in self.states if state in RANKS]
        assert ranks == sorted(ranks)

    @invariant()
    def closed_has_no_request(self) -> None:
        """What has ended waits for no answer."""
        assert not (self.case.requests and self.case.state in CLOSED_STATES)


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=30)


@given(st.lists(st.sampled_from(EVENTS), max_size=20))
def test_a_request_ends_by_an_answer_or_an_end(events: list[Event]) -> None:
    """Requests leave only from the front, one for each answer, or all together when the delivery ends."""
    case = DeliveryCase(DeliveryState.SENT)
    for event in events:
        after = decide(case, event).after
        if after.state not in CLOSED_STATES:
            assert after.requests in (case.requests, case.requests[1:]) or after.requests[:-1] == case.requests
        case = after


def test_the_table_lists_each_rule() -> None:
    """The generated page has one line for each row, with its number first."""
    lines = lifecycle_table().splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines] == [f"| {row.number}" for row in RULES]
    assert {line.count(" | ") for line in lines} == {9}
    assert {row.number for row in RULES} == {*range(1, 14), *range(20, 33), *range(40, 60)}
    assert "29" in lines[[r.number for r in RULES].index(29)]
