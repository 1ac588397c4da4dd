"""Tasks at a recipient: submitted to the leader, assigned, completed; they report 04 and 06 by themselves."""

from dataclasses import dataclass

from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.errors import AxisError, Violation, exhausted, invalid, not_found, precondition
from lienthong.chassis.times import from_micros, to_micros, to_timestamp
from lienthong.chassis.uow import AuditEntry, UnitOfWork
from lienthong.events.v1.workflow_progress_pb2 import TaskAssigned, TaskCompleted
from lienthong.workflow import domain, storage
from lienthong.workflow.domain import REMEDIES, DeliveryState, Source, Task, TaskKind, TaskProblem
from lienthong.workflow.handlers.cases import changed
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.lines import line_of
from lienthong.workflow.handlers.matching import own_delivery
from lienthong.workflow.handlers.reports import Report, Reporter, report_task
from lienthong.workflow.handlers.telling import reference, tell
from lienthong.workflow.storage import StoredDelivery, StoredTask


@dataclass(frozen=True, slots=True)
class Assignment:
    """A task to be given.

    Attributes:
        delivery: Identifier of the delivery.
        kind: What it is.
        unit: Unit.
        person: Person.
        instruction: What to do.
        due_at: Until when, microseconds since 1970; None without a deadline.
        staff: Who gives it, serialised.
    """

    delivery: str
    kind: TaskKind
    unit: str = ""
    person: str = ""
    instruction: str = ""
    due_at: int | None = None
    staff: bytes = b""


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task, and the state of its delivery."""

    task: StoredTask
    state: str


def assign(desk: Desk, work: UnitOfWork, caller: Reporter, wanted: Assignment) -> TaskState:
    """Gives a task at a delivery of the caller; ASSIGN reports 04 and ends what waited for the leader.

    Raises:
        AxisError: NOT_FOUND when the delivery is not the caller's, FAILED_PRECONDITION when the domain forbids it.
    """
    found = own_delivery(work.rows, caller.reach, wanted.delivery)
    if found is None:
        raise not_found(f"deliveries/{wanted.delivery}")
    delivery = line_of(work.rows, found)
    others = storage.open_tasks(work.connection, delivery.id)
    _check_room(desk, delivery, others)
    task = _new(work, delivery, wanted)
    outcome = domain.give(
        domain_task(task),
        DeliveryState(delivery.state),
        submitted=None if delivery.submitted_at is None else from_micros(delivery.submitted_at),
    )
    if outcome.problem is not None:
        raise _hindered(outcome.problem, delivery)
    if outcome.submitted is not None:
        delivery.submitted_at = to_micros(outcome.submitted)
    storage.add_task(work.connection, task)
    changed(desk, work, delivery)
    _tell_assigned(work, delivery, task)
    if wanted.kind is TaskKind.ASSIGN:
        for waiting in others:
            if waiting.kind == TaskKind.SUBMIT:
                _finish(work, delivery, waiting, "")  # the leader has decided
    _report(desk, work, caller, delivery, outcome.codes, "", wanted.staff)
    _audit(work, caller, "task.assign", task)
    return TaskState(task, delivery.state)


def complete(desk: Desk, work: UnitOfWork, caller: Reporter, identifier: str, result: str, staff: bytes) -> TaskState:
    """Completes a task; completing the last assignment reports 06. A repeat answers with the first outcome.

    Raises:
        AxisError: NOT_FOUND when the task is not the caller's, FAILED_PRECONDITION when it was handed over.
    """
    task = storage.task_by_id(work.connection, identifier)
    if task is None or task.recipient not in caller.reach:
        raise not_found(f"tasks/{identifier}")
    delivery = storage.delivery_by_id(work.rows, task.delivery)
    if delivery is None:
        raise not_found(f"tasks/{identifier}")
    others = [domain_task(one) for one in storage.open_tasks(work.connection, delivery.id)]
    outcome = domain.complete(domain_task(task), DeliveryState(delivery.state), others, work.now, result=result)
    if outcome.problem is not None:
        raise _hindered(outcome.problem, delivery)
    if outcome.changed:
        _finish(work, delivery, task, result)
        _report(desk, work, caller, delivery, outcome.codes, result, staff)
        _audit(work, caller, "task.complete", task)
    return TaskState(task, delivery.state)


def domain_task(task: StoredTask) -> Task:
    """Gives a stored task as the domain sees it."""
    return Task(
        task.id,
        TaskKind(task.kind),
        task.unit,
        task.person,
        task.instruction,
        from_micros(task.created_at),
        due=None if task.due_at is None else from_micros(task.due_at),
        completed=None if task.completed_at is None else from_micros(task.completed_at),
        result=task.result,
    )


def _new(work: UnitOfWork, delivery: StoredDelivery, wanted: Assignment) -> StoredTask:
    return StoredTask(
        work.ids.new(),
        delivery.id,
        delivery.recipient,
        wanted.kind.value,
        wanted.unit,
        wanted.person,
        wanted.instruction,
        work.now_micros,
        wanted.due_at,
    )


def _check_room(desk: Desk, delivery: StoredDelivery, others: list[StoredTask]) -> None:
    if len(others) >= desk.limits.open_tasks_per_delivery:
        raise exhausted(
            "TASKS_FULL",
            f"deliveries/{delivery.id} has {len(others)} open tasks, which is the most there can be. Complete some.",
        )


def _hindered(problem: TaskProblem, delivery: StoredDelivery) -> AxisError:
    remedy = REMEDIES[problem]
    if problem is TaskProblem.ASSIGNEE_REQUIRED:
        return invalid(problem.value, f"unit: {remedy}", Violation("unit", problem.value, remedy))
    message = f"deliveries/{delivery.id} is in state {delivery.state}: {remedy}."
    return precondition(problem.value, message, state=delivery.state)


def _finish(work: UnitOfWork, delivery: StoredDelivery, task: StoredTask, result: str) -> None:
    task.completed_at, task.result, task.open = work.now_micros, result, False
    storage.save_task(work.connection, task)
    completed = TaskCompleted(
        reference=reference(delivery), task=task.id, result=result, event_time=to_timestamp(work.now)
    )
    tell(work, delivery, completed)


def _report(
    desk: Desk,
    work: UnitOfWork,
    caller: Reporter,
    delivery: StoredDelivery,
    codes: tuple[str, ...],
    text: str,
    staff: bytes,
) -> None:
    for code in codes:
        report_task(desk, work, caller, delivery, Report(code, Source.TASK, text, staff))


def _tell_assigned(work: UnitOfWork, delivery: StoredDelivery, task: StoredTask) -> None:
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


def _audit(work: UnitOfWork, caller: Reporter, action: str, task: StoredTask) -> None:
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
