"""The four steps of the founding story: what leaders see, and that the times add up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.workflow.domain import (
    FINAL_STATES,
    Change,
    DeliveryState,
    completed_late,
    current_step,
    overdue,
    steps,
    submitted_late,
)

S = DeliveryState
T0 = datetime(2026, 11, 23, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def change(state: DeliveryState, hours: float, *, received: float | None = None) -> Change:
    """Make a change of state some hours after T0."""
    return Change(state, T0 + hours * HOUR, T0 + (hours if received is None else received) * HOUR)


JOURNEY = [
    change(S.ARRIVED, 0),
    change(S.ACCEPTED, 1),
    change(S.ASSIGNED, 3),
    change(S.PROCESSING, 6),
    change(S.DONE, 10),
]


def test_the_whole_journey() -> None:
    """Each step lasts until the next; acceptance is inside step 1; completion is a moment."""
    found = steps(JOURNEY, T0 + 99 * HOUR, submitted=T0 + 2 * HOUR)
    assert [step.duration / HOUR for step in found] == [3, 3, 4, 0]
    assert [step.end for step in found] == [T0 + h * HOUR for h in (3, 6, 10, 10)]
    assert found[0].submitted == T0 + 2 * HOUR
    assert [step.submitted for step in found[1:]] == [None] * 3


def test_a_step_lasts_until_now() -> None:
    """The step that was reached last has no end, and its time runs."""
    found = steps(JOURNEY[:3], T0 + 5 * HOUR)
    assert current_step(found) == 2
    assert (found[1].end, found[1].duration) == (None, 2 * HOUR)
    assert (found[2].start, found[2].skipped) == (None, False)


def test_skipped_steps_say_so() -> None:
    """A step that was never reported has no time; the time stays with the step before it."""
    found = steps([change(S.ACCEPTED, 0), change(S.DONE, 8)], T0 + 9 * HOUR)
    assert [step.skipped for step in found] == [False, True, True, False]
    assert [step.duration / HOUR for step in found] == [8, 0, 0, 0]


def test_assignment_as_the_first_news() -> None:
    """When 04 is the first that is heard, nothing is claimed about step 1."""
    found = steps([change(S.ASSIGNED, 2)], T0 + 3 * HOUR)
    assert (found[0].start, found[0].skipped, found[1].duration) == (None, True, HOUR)


def test_nothing_happened_yet() -> None:
    """A document that has not arrived is in no step."""
    found = steps([change(S.SENT, 0)], T0 + HOUR)
    assert current_step(found) == 0
    assert not any(step.skipped or step.start for step in found)


def test_refusal_and_withdrawal_stop_the_clock() -> None:
    """A delivery that ended spends no more time."""
    found = steps([change(S.ARRIVED, 0), change(S.REFUSED, 2)], T0 + 50 * HOUR)
    assert (found[0].end, found[0].duration) == (T0 + 2 * HOUR, 2 * HOUR)


def test_withdrawal_after_completion_adds_no_time() -> None:
    """Completion stays where it was when the document is taken back later."""
    found = steps([*JOURNEY, change(S.WITHDRAWN, 20)], T0 + 50 * HOUR)
    assert sum((step.duration for step in found), timedelta()) == 10 * HOUR


def test_repeats_do_not_begin_a_step_again() -> None:
    """04 and 05 again leave the beginning of their step."""
    repeated = [*JOURNEY[:4], change(S.PROCESSING, 8)]
    assert steps(repeated, T0 + 9 * HOUR) == steps(JOURNEY[:4], T0 + 9 * HOUR)


def test_clocks_of_peers() -> None:
    """The future is cut to the receipt, the past lifted to the change before it."""
    found = steps(
        [
            change(S.ARRIVED, 5, received=1),
            change(S.ASSIGNED, 0, received=2),
            change(S.PROCESSING, 3, received=9),
        ],
        T0 + 10 * HOUR,
    )
    assert [step.start for step in found[:3]] == [T0 + HOUR, T0 + HOUR, T0 + 3 * HOUR]


def test_working_time_stands_beside_the_clock() -> None:
    """A calendar tells what of a step were office hours; the time on the clock stays beside it."""
    found = steps(JOURNEY, T0, measure=lambda start, end: (end - start) / 2)
    assert [step.working / HOUR for step in found] == [1.5, 1.5, 2, 0]
    assert [step.duration / HOUR for step in found] == [3, 3, 4, 0]


@pytest.mark.parametrize(
    ("changes", "submitted", "late"),
    [
        ([], None, False),
        ([(S.ARRIVED, 0)], None, True),
        ([(S.ARRIVED, 0)], 2, False),
        ([(S.ARRIVED, 0)], 6, True),
        ([(S.ARRIVED, 0), (S.ACCEPTED, 1)], None, True),
        ([(S.ARRIVED, 0), (S.ASSIGNED, 4)], None, False),
        ([(S.ARRIVED, 0), (S.ASSIGNED, 6)], 3, False),
        ([(S.ARRIVED, 0), (S.REFUSED, 4)], None, False),
        ([(S.ARRIVED, 0), (S.REFUSED, 6)], None, True),
    ],
)
def test_late_submission(changes: list[tuple[DeliveryState, int]], submitted: int | None, *, late: bool) -> None:
    """ND30 Art. 4: due after five hours here; what was assigned or refused in time was before somebody in time."""
    noted = None if submitted is None else T0 + submitted * HOUR
    found = steps([change(state, at) for state, at in changes], T0 + 9 * HOUR, submitted=noted)
    assert submitted_late(T0 + 5 * HOUR, found, T0 + 9 * HOUR) is late


@given(
    st.lists(st.tuples(st.sampled_from(list(DeliveryState)), st.floats(-50, 50), st.floats(-50, 50)), max_size=12),
    st.floats(-60, 60),
)
def test_any_history_gives_steps_in_order_that_add_up(
    history: list[tuple[DeliveryState, float, float]], now: float
) -> None:
    """Durations are never negative, starts only grow, ends meet the next start, and the sum is the whole."""
    changes = [change(state, hours, received=received) for state, hours, received in history]
    found = steps(changes, T0 + now * HOUR)
    begun = [step for step in found if step.start is not None]
    assert [step.number for step in found] == [1, 2, 3, 4]
    assert all(step.duration >= timedelta(0) for step in found)
    for step, following in pairwise(begun):
        assert step.end == following.start
        assert step.duration == (following.start or T0) - (step.start or T0)
    if begun and begun[0].start and (last := begun[-1]).start:
        last_end = last.end or last.start + last.duration
        assert sum((step.duration for step in found), timedelta()) == last_end - begun[0].start


@given(st.sampled_from(list(DeliveryState)), st.booleans(), st.floats(-5, 5))
def test_overdue(state: DeliveryState, answered: bool, hours: float) -> None:  # noqa: FBT001 - a drawn value
    """Overdue is what is still owed after its deadline, the moment itself excepted."""
    owed = state not in FINAL_STATES and not answered and hours > 0
    assert overdue(T0, state, T0 + hours * HOUR, answered=answered) is (owed and T0 + hours * HOUR > T0)
    assert not overdue(None, state, T0)


def test_completed_late() -> None:
    """Late completion stays visible after the work is done."""
    found = steps(JOURNEY, T0 + 20 * HOUR)
    assert completed_late(T0 + 9 * HOUR, found)
    assert not completed_late(T0 + 10 * HOUR, found)
    assert not completed_late(None, found)
