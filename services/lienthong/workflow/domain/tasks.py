"""Tasks at a recipient, and the statuses that they report by themselves.

SUBMIT notes that the office submitted the document to the leader (trình lãnh đạo); it has no code. ASSIGN
gives it to a unit or a person (phân công): 04 when given, 05 when started, 06 when the last open one is
completed (ND30 Art. 23). The codes then take the same course through the lifecycle as if the recipient had
reported them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from lienthong.workflow.domain.terms import FINAL_STATES, DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class TaskKind(StrEnum):
    """What a task is."""

    SUBMIT = "SUBMIT"
    ASSIGN = "ASSIGN"


class TaskProblem(StrEnum):
    """Why a task is refused; stable reasons for the caller."""

    NOT_ARRIVED = "NOT_ARRIVED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    ALREADY_ASSIGNED = "ALREADY_ASSIGNED"
    DELIVERY_ENDED = "DELIVERY_ENDED"
    ASSIGNEE_REQUIRED = "ASSIGNEE_REQUIRED"
    TASK_CLOSED = "TASK_CLOSED"
    NOT_ASSIGNABLE = "NOT_ASSIGNABLE"


REMEDIES: dict[TaskProblem, str] = {
    TaskProblem.NOT_ARRIVED: "nothing has arrived yet: acknowledge the delivery first, or try again if you just did",
    TaskProblem.NOT_ACCEPTED: "a document that is not registered binds no unit (ND30 Art. 22): report 03",
    TaskProblem.ALREADY_ASSIGNED: "the leader has assigned it already: hand the task over, or assign again",
    TaskProblem.DELIVERY_ENDED: "the delivery has ended: no task can be given any more",
    TaskProblem.ASSIGNEE_REQUIRED: "an assignment names a unit or a person",
    TaskProblem.TASK_CLOSED: "the task is completed or was handed over: give a new one",
    TaskProblem.NOT_ASSIGNABLE: "only an assignment can be started or handed over",
}
"""What the caller can do about each problem."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task at a recipient. It is open until completed or handed over."""

    task: str
    kind: TaskKind
    unit: str
    person: str
    instruction: str
    created: datetime
    due: datetime | None = None
    started: datetime | None = None
    completed: datetime | None = None
    handed_over: datetime | None = None
    result: str = ""

    @property
    def open(self) -> bool:
        """Whether somebody still owes it."""
        return self.completed is None and self.handed_over is None


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What a command on a task leads to: the task after it, status codes to report in order, or a problem.

    `submitted` is the moment to note as submission to the leader. `successor` is the new task of a hand-over.
    `changed` is False for a repeat.
    """

    task: Task
    codes: tuple[str, ...] = ()
    submitted: datetime | None = None
    successor: Task | None = None
    problem: TaskProblem | None = None
    changed: bool = True


_NOT_YET = frozenset({DeliveryState.SENT})
_SUBMITTABLE = frozenset({DeliveryState.ARRIVED, DeliveryState.ACCEPTED})
_AT_WORK = frozenset({DeliveryState.ACCEPTED, DeliveryState.ASSIGNED, DeliveryState.PROCESSING})


def _refused(task: Task, problem: TaskProblem) -> TaskOutcome:
    return TaskOutcome(task, problem=problem, changed=False)


def _hindrance(task: Task, state: DeliveryState) -> TaskProblem | None:
    if state in FINAL_STATES:
        return TaskProblem.DELIVERY_ENDED
    if state in _NOT_YET:
        return TaskProblem.NOT_ARRIVED
    if task.kind is TaskKind.SUBMIT:
        return None if state in _SUBMITTABLE else TaskProblem.ALREADY_ASSIGNED
    if state not in _AT_WORK:
        return TaskProblem.NOT_ACCEPTED
    return None if task.unit or task.person else TaskProblem.ASSIGNEE_REQUIRED


def give(task: Task, state: DeliveryState, *, submitted: datetime | None = None) -> TaskOutcome:
    """Give a task.

    SUBMIT is allowed while the delivery is ARRIVED or ACCEPTED and reports nothing: a clerk may ask the
    leader before accepting, so it does not imply 03. The first submission counts; `submitted` is the one
    noted before. ASSIGN needs an accepted delivery and reports 04, the first time and again.
    """
    problem = _hindrance(task, state)
    if problem:
        return _refused(task, problem)
    if task.kind is TaskKind.SUBMIT:
        return TaskOutcome(task, submitted=submitted or task.created)
    return TaskOutcome(task, codes=("04",))


def start(task: Task, state: DeliveryState, now: datetime, *, note: str = "") -> TaskOutcome:
    """Start an assignment: 05, unless the delivery is in process already and there is no news to tell.

    Starting again changes nothing.
    """
    if task.kind is not TaskKind.ASSIGN:
        return _refused(task, TaskProblem.NOT_ASSIGNABLE)
    if not task.open:
        return _refused(task, TaskProblem.TASK_CLOSED)
    if state in FINAL_STATES:
        return _refused(task, TaskProblem.DELIVERY_ENDED)
    if task.started is not None:
        return TaskOutcome(task, changed=False)
    codes = () if state is DeliveryState.PROCESSING and not note else ("05",)
    return TaskOutcome(replace(task, started=now), codes=codes)


def complete(
    task: Task, state: DeliveryState, others: Iterable[Task], now: datetime, *, result: str = ""
) -> TaskOutcome:
    """Complete a task; the last open assignment reports 06. A repeat answers with the first outcome.

    A task of a delivery that has ended meanwhile can still be completed, so that no list keeps it; it reports
    nothing.

    Args:
        task: The task.
        state: State of its delivery.
        others: The other tasks of the same delivery.
        now: The moment of completion.
        result: Result in words.
    """
    if task.completed is not None:
        return TaskOutcome(task, changed=False)
    if task.handed_over is not None:
        return _refused(task, TaskProblem.TASK_CLOSED)
    done = replace(task, completed=now, result=result)
    owed = any(other.open and other.kind is TaskKind.ASSIGN for other in others if other.task != task.task)
    reports = task.kind is TaskKind.ASSIGN and not owed and state in _AT_WORK
    return TaskOutcome(done, codes=("06",) if reports else ())


def hand_over(task: Task, successor: Task, state: DeliveryState, *, earlier: Task | None = None) -> TaskOutcome:
    """Hand an assignment over: the old task ends uncompleted, the new one reports 04 again (rule 7).

    Args:
        task: The task.
        successor: Carries the new unit or person; its creation is the moment of the hand-over.
        state: State of the delivery.
        earlier: The task that took its place before; handing over to the same unit and person again changes nothing.
    """
    if task.kind is not TaskKind.ASSIGN or successor.kind is not TaskKind.ASSIGN:
        return _refused(task, TaskProblem.NOT_ASSIGNABLE)
    if earlier is not None and (earlier.unit, earlier.person) == (successor.unit, successor.person):
        return TaskOutcome(task, successor=earlier, changed=False)
    if not task.open:
        return _refused(task, TaskProblem.TASK_CLOSED)
    problem = _hindrance(successor, state)
    if problem:
        return _refused(task, problem)
    return TaskOutcome(replace(task, handed_over=successor.created), codes=("04",), successor=successor)
