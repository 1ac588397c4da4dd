"""What every act on a task needs: finding it, refusing, telling, reporting its codes."""

from dataclasses import dataclass
from datetime import datetime

from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.errors import AxisError, Violation, invalid, not_found, precondition
from lienthong.chassis.times import from_micros, to_timestamp
from lienthong.chassis.uow import AuditEntry, UnitOfWork
from lienthong.events.v1.workflow_progress_pb2 import TaskAssigned, TaskCompleted
from lienthong.workflow import storage
from lienthong.workflow.domain import REMEDIES, Source, Task, TaskKind, TaskProblem
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.reports import Report, Reporter, report_task
from lienthong.workflow.handlers.telling import reference, tell
from lienthong.workflow.storage import StoredDelivery, StoredTask


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task, and the state of its delivery."""

    task: StoredTask
    state: str


_OF_THE_TASK = frozenset({TaskProblem.TASK_CLOSED, TaskProblem.NOT_ASSIGNABLE})


def own_task(work: UnitOfWork, caller: Reporter, identifier: str) -> tuple[StoredTask, StoredDelivery]:
    """Finds a task of the caller with its delivery.

    Acts on one task take turns at its delivery: what another did while this one waited is seen.

    Raises:
        AxisError: NOT_FOUND when the task is not the caller's.
    """
    task = storage.task_by_id(work.connection, identifier)
    if task is None or task.recipient not in caller.reach:
        raise not_found(f"tasks/{identifier}")
    delivery = storage.delivery_by_id(work.rows, task.delivery)
    now = storage.task_by_id(work.connection, identifier)
    if delivery is None or now is None:
        raise not_found(f"tasks/{identifier}")
    return now, delivery


def domain_task(task: StoredTask) -> Task:
    """Gives a stored task as the domain sees it."""
    return Task(
        task.id,
        TaskKind(task.kind),
        task.unit,
        task.person,
        task.instruction,
        from_micros(task.created_at),
        due=_moment(task.due_at),
        started=_moment(task.started_at),
        completed=_moment(task.completed_at),
        handed_over=_moment(task.handed_over_at),
        result=task.result,
    )


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def hindered(problem: TaskProblem, delivery: StoredDelivery, task: StoredTask | None = None) -> AxisError:
    """Makes the refusal of an act on a task."""
    remedy = REMEDIES[problem]
    if problem in _OF_THE_TASK and task is not None:
        following = {"successor": f"tasks/{task.successor}"} if task.successor else {}
        return precondition(problem.value, f"tasks/{task.id}: {remedy}.", **following)
    if problem is TaskProblem.ASSIGNEE_REQUIRED:
        return invalid(problem.value, f"unit: {remedy}", Violation("unit", problem.value, remedy))
    message = f"deliveries/{delivery.id} is in state {delivery.state}: {remedy}."
    return precondition(problem.value, message, state=delivery.state)


def finish(work: UnitOfWork, delivery: StoredDelivery, task: StoredTask, result: str) -> None:
    """Closes a task as completed and tells so."""
    task.completed_at, task.result, task.open = work.now_micros, result, False
    storage.save_task(work.connection, task)
    completed = TaskCompleted(
        reference=reference(delivery), task=task.id, result=result, event_time=to_timestamp(work.now)
    )
    tell(work, delivery, completed)


def report_codes(
    desk: Desk,
    work: UnitOfWork,
    caller: Reporter,
    delivery: StoredDelivery,
    codes: tuple[str, ...],
    text: str,
    staff: bytes,
) -> None:
    """Reports the codes that a task leads to."""
    for code in codes:
        report_task(desk, work, caller, delivery, Report(code, Source.TASK, text, staff))


def tell_assigned(work: UnitOfWork, delivery: StoredDelivery, task: StoredTask) -> None:
    """Tells that a task was given."""
    assigned = TaskAssigned(
        reference=reference(delivery),
        task=task.id,
        unit=task.unit,
        person=task.person,
        instruction=task.instruction,
        due_time=to_timestamp(task.due_at),
        event_time=to_timestamp(work.now),
    )
    tell(work, delivery, assigned)


def note_act(work: UnitOfWork, caller: Reporter, action: str, task: StoredTask) -> None:
    """Puts an act on a task into the audit trail."""
    entry = AuditEntry(
        caller.system,
        caller.agency,
        action,
        f"tasks/{task.id}",
        person=caller.person,
        detail=f"{task.kind} at deliveries/{task.delivery}",
    )
    work.record(entry)


def state_of(rows: Rows, task: StoredTask) -> str:
    """Gives the state of the delivery at which a task was given."""
    delivery = storage.delivery_by_id(rows, task.delivery)
    return "" if delivery is None else delivery.state
