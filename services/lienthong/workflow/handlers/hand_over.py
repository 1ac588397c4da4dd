"""A task goes from one unit or person to another (chuyển giao xử lý); 04 is reported again."""

from dataclasses import dataclass

from lienthong.chassis.times import to_timestamp
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.workflow_progress_pb2 import TaskHandedOver
from lienthong.workflow import domain, storage
from lienthong.workflow.domain import DeliveryState
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.reports import Reporter
from lienthong.workflow.handlers.task_parts import (
    TaskState,
    domain_task,
    hindered,
    note_act,
    own_task,
    report_codes,
    tell_assigned,
)
from lienthong.workflow.handlers.telling import reference, tell
from lienthong.workflow.storage import StoredDelivery, StoredTask


@dataclass(frozen=True, slots=True)
class HandOver:
    """A task to be handed over.

    Attributes:
        task: Identifier of the task.
        unit: Unit that takes it.
        person: Person who takes it.
        instruction: What to do; empty keeps the instruction.
        due_at: Until when, microseconds since 1970; None keeps the deadline.
        reason: Why.
        staff: Who hands it over, serialised.
    """

    task: str
    unit: str = ""
    person: str = ""
    instruction: str = ""
    due_at: int | None = None
    reason: str = ""
    staff: bytes = b""


def hand_over(desk: Desk, work: UnitOfWork, caller: Reporter, wanted: HandOver) -> TaskState:
    """Ends an assignment uncompleted and gives it to another unit or person; reports 04. Answers with the new task.

    Raises:
        AxisError: NOT_FOUND when the task is not the caller's, FAILED_PRECONDITION when the domain forbids it.
    """
    task, delivery = own_task(work, caller, wanted.task)
    following = _successor(work, task, wanted)
    earlier = storage.task_by_id(work.connection, task.successor) if task.successor else None
    outcome = domain.hand_over(
        domain_task(task),
        domain_task(following),
        DeliveryState(delivery.state),
        earlier=None if earlier is None else domain_task(earlier),
    )
    if outcome.problem is not None:
        raise hindered(outcome.problem, delivery, task)
    if earlier is not None and not outcome.changed:
        return TaskState(earlier, delivery.state)
    task.handed_over_at, task.successor, task.open = work.now_micros, following.id, False
    storage.save_task(work.connection, task)
    storage.add_task(work.connection, following)
    _tell_handed_over(work, delivery, task, following, wanted.reason)
    tell_assigned(work, delivery, following)
    report_codes(desk, work, caller, delivery, outcome.codes, wanted.reason, wanted.staff)
    note_act(work, caller, "task.hand_over", task)
    return TaskState(following, delivery.state)


def _successor(work: UnitOfWork, task: StoredTask, wanted: HandOver) -> StoredTask:
    """Makes the task that takes the place of another: what is not said anew stays."""
    return StoredTask(
        work.ids.new(),
        task.delivery,
        task.recipient,
        task.kind,
        wanted.unit,
        wanted.person,
        wanted.instruction or task.instruction,
        work.now_micros,
        task.due_at if wanted.due_at is None else wanted.due_at,
        predecessor=task.id,
        giver=wanted.staff,
    )


def _tell_handed_over(
    work: UnitOfWork, delivery: StoredDelivery, task: StoredTask, following: StoredTask, reason: str
) -> None:
    handed_over = TaskHandedOver(
        reference=reference(delivery),
        task=task.id,
        successor=following.id,
        unit=task.unit,
        person=task.person,
        assignee=", ".join(part for part in (following.person, following.unit) if part),
        reason=reason,
        event_time=to_timestamp(work.now),
    )
    tell(work, delivery, handed_over)
