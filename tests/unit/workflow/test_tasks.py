"""What tasks report by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lienthong.workflow.domain import (
    FINAL_STATES,
    REMEDIES,
    Actor,
    DeliveryCase,
    DeliveryState,
    Outcome,
    Source,
    Task,
    TaskKind,
    TaskProblem,
    complete,
    decide,
    give,
    hand_over,
    start,
    status_event,
)

S, P = DeliveryState, TaskProblem
NOW = datetime(2026, 11, 23, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SUBMIT = Task("t0", TaskKind.SUBMIT, "", "", "", NOW)
ASSIGN = Task("t1", TaskKind.ASSIGN, "Phòng Hành chính", "", "xử lý", NOW)
OTHER = replace(ASSIGN, task="t2", person="Nguyễn Văn A", created=LATER)


@pytest.mark.parametrize("state", [S.ARRIVED, S.ACCEPTED])
def test_submission_reports_nothing(state: DeliveryState) -> None:
    """Submitting to the leader has no code and does not imply acceptance; the first time counts."""
    outcome = give(SUBMIT, state)
    assert (outcome.codes, outcome.submitted, outcome.problem) == ((), NOW, None)
    assert give(replace(SUBMIT, created=LATER), state, submitted=NOW).submitted == NOW


@pytest.mark.parametrize(
    ("task", "state", "problem"),
    [
        (SUBMIT, S.SENT, P.NOT_ARRIVED),
        (ASSIGN, S.SENT, P.NOT_ARRIVED),
        (SUBMIT, S.ASSIGNED, P.ALREADY_ASSIGNED),
        (SUBMIT, S.PROCESSING, P.ALREADY_ASSIGNED),
        (ASSIGN, S.ARRIVED, P.NOT_ACCEPTED),
        (replace(ASSIGN, unit=""), S.ACCEPTED, P.ASSIGNEE_REQUIRED),
        *((task, state, P.DELIVERY_ENDED) for task in (SUBMIT, ASSIGN) for state in sorted(FINAL_STATES)),
    ],
)
def test_tasks_that_are_refused(task: Task, state: DeliveryState, problem: TaskProblem) -> None:
    """A refusal names its reason and has a remedy, and reports nothing."""
    outcome = give(task, state)
    assert (outcome.problem, outcome.codes, outcome.changed) == (problem, (), False)
    assert REMEDIES[problem]


@pytest.mark.parametrize("state", [S.ACCEPTED, S.ASSIGNED, S.PROCESSING])
def test_assignment_reports_04(state: DeliveryState) -> None:
    """An assignment reports 04, the first time and again, and the lifecycle takes it."""
    assert give(ASSIGN, state).codes == ("04",)
    event = status_event("04", Actor.RECIPIENT, source=Source.TASK)
    assert decide(DeliveryCase(state), event).outcome is Outcome.APPLIED


def test_starting_reports_05_once() -> None:
    """The first start reports 05; in process there is no news, and a second start is a repeat."""
    begun = start(ASSIGN, S.ASSIGNED, LATER)
    assert (begun.codes, begun.task.started) == (("05",), LATER)
    assert start(ASSIGN, S.PROCESSING, LATER).codes == ()
    assert not start(begun.task, S.PROCESSING, LATER).changed
    assert start(SUBMIT, S.ACCEPTED, LATER).problem is P.NOT_ASSIGNABLE
    assert start(ASSIGN, S.WITHDRAWN, LATER).problem is P.DELIVERY_ENDED
    assert start(replace(ASSIGN, completed=NOW), S.DONE, LATER).problem is P.TASK_CLOSED


def test_the_last_assignment_reports_06() -> None:
    """While another assignment is open nothing is completed; an open submission does not count."""
    assert complete(ASSIGN, S.PROCESSING, [ASSIGN, OTHER], LATER).codes == ()
    done = complete(ASSIGN, S.PROCESSING, [ASSIGN, SUBMIT, replace(OTHER, completed=NOW)], LATER, result="xong")
    assert (done.codes, done.task.completed, done.task.result) == (("06",), LATER, "xong")
    again = complete(done.task, S.DONE, [], LATER + timedelta(hours=1), result="other")
    assert (again.task, again.codes, again.changed) == (done.task, (), False)


def test_completing_a_submission_reports_nothing() -> None:
    """Only assignments complete the work."""
    assert complete(SUBMIT, S.ACCEPTED, [], LATER).codes == ()


@pytest.mark.parametrize("state", sorted(FINAL_STATES))
def test_a_task_of_an_ended_delivery_can_still_be_closed(state: DeliveryState) -> None:
    """No list keeps a task for ever; nothing is reported."""
    outcome = complete(ASSIGN, state, [], LATER)
    assert (outcome.codes, outcome.task.open, outcome.problem) == ((), False, None)


def test_handing_over_assigns_again() -> None:
    """The old task ends without being completed, the new one reports 04, and 06 waits for it."""
    outcome = hand_over(ASSIGN, OTHER, S.PROCESSING)
    assert (outcome.codes, outcome.successor, outcome.task.handed_over) == (("04",), OTHER, LATER)
    assert not outcome.task.open
    assert outcome.task.completed is None
    assert complete(outcome.task, S.PROCESSING, [OTHER], LATER).problem is P.TASK_CLOSED
    assert complete(OTHER, S.PROCESSING, [outcome.task], LATER).codes == ("06",)


def test_hand_overs_that_are_refused() -> None:
    """Only an open assignment can be handed over, to somebody, while the delivery lives."""
    assert hand_over(SUBMIT, OTHER, S.ACCEPTED).problem is P.NOT_ASSIGNABLE
    assert hand_over(replace(ASSIGN, completed=NOW), OTHER, S.PROCESSING).problem is P.TASK_CLOSED
    assert hand_over(ASSIGN, replace(OTHER, unit="", person=""), S.ASSIGNED).problem is P.ASSIGNEE_REQUIRED
    assert hand_over(ASSIGN, OTHER, S.WITHDRAWN).problem is P.DELIVERY_ENDED
