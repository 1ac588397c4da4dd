"""Tasks at a recipient: submitted to the leader, assigned, started, completed (ND30 Art. 23, 24).

They report 04, 05 and 06 by themselves. A task that goes to somebody else: `hand_over.py`.
"""

from dataclasses import dataclass

from lienthong.chassis.errors import exhausted, not_found
from lienthong.chassis.times import from_micros, to_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.workflow import domain, storage
from lienthong.workflow.domain import DeliveryState, TaskKind
from lienthong.workflow.handlers.cases import changed
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.lines import line_of
from lienthong.workflow.handlers.matching import own_delivery
from lienthong.workflow.handlers.reports import Reporter
from lienthong.workflow.handlers.task_parts import (
    TaskState,
    domain_task,
    finish,
    hindered,
    note_act,
    own_task,
    report_codes,
    tell_assigned,
)
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
        raise hindered(outcome.problem, delivery)
    if outcome.submitted is not None:
        delivery.submitted_at = to_micros(outcome.submitted)
    storage.add_task(work.connection, task)
    changed(desk, work, delivery)
    tell_assigned(work, delivery, task)
    if wanted.kind is TaskKind.ASSIGN:
        for waiting in others:
            if waiting.kind == TaskKind.SUBMIT:
                finish(work, delivery, waiting, "")  # the leader has decided
    report_codes(desk, work, caller, delivery, outcome.codes, "", wanted.staff)
    note_act(work, caller, "task.assign", task)
    return TaskState(task, delivery.state)


def start(desk: Desk, work: UnitOfWork, caller: Reporter, identifier: str, note: str, staff: bytes) -> TaskState:
    """Notes that work has begun; reports 05. A repeat answers with the first outcome.

    Raises:
        AxisError: NOT_FOUND when the task is not the caller's, FAILED_PRECONDITION when the domain forbids it.
    """
    task, delivery = own_task(work, caller, identifier)
    outcome = domain.start(domain_task(task), DeliveryState(delivery.state), work.now, note=note)
    if outcome.problem is not None:
        raise hindered(outcome.problem, delivery, task)
    if outcome.changed:
        task.started_at = work.now_micros
        storage.save_task(work.connection, task)
        report_codes(desk, work, caller, delivery, outcome.codes, note, staff)
        note_act(work, caller, "task.start", task)
    return TaskState(task, delivery.state)


def complete(desk: Desk, work: UnitOfWork, caller: Reporter, identifier: str, result: str, staff: bytes) -> TaskState:
    """Completes a task; completing the last assignment reports 06. A repeat answers with the first outcome.

    Raises:
        AxisError: NOT_FOUND when the task is not the caller's, FAILED_PRECONDITION when it was handed over.
    """
    task, delivery = own_task(work, caller, identifier)
    others = [domain_task(one) for one in storage.open_tasks(work.connection, delivery.id)]
    outcome = domain.complete(domain_task(task), DeliveryState(delivery.state), others, work.now, result=result)
    if outcome.problem is not None:
        raise hindered(outcome.problem, delivery, task)
    if outcome.changed:
        finish(work, delivery, task, result)
        report_codes(desk, work, caller, delivery, outcome.codes, result, staff)
        note_act(work, caller, "task.complete", task)
    return TaskState(task, delivery.state)


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
        giver=wanted.staff,
    )


def _check_room(desk: Desk, delivery: StoredDelivery, others: list[StoredTask]) -> None:
    if len(others) >= desk.limits.open_tasks_per_delivery:
        raise exhausted(
            "TASKS_FULL",
            f"deliveries/{delivery.id} has {len(others)} open tasks, which is the most there can be. Complete some.",
        )
