"""What workflow tells, turned into notices: statuses, requests, tasks, cases."""

from typing import Any

from lienthong.chassis.events.event import Event
from lienthong.chassis.times import from_timestamp
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1.lifecycle_pb2 import SideRequest
from lienthong.events.v1 import workflow_progress_pb2 as workflow
from lienthong.notification.domain import Kind, NoticeEvent, Side
from lienthong.notification.handlers.desk import Desk
from lienthong.notification.handlers.learn import delivery_of, document_of
from lienthong.notification.handlers.occasions import about, facts_of, request_name
from lienthong.notification.handlers.tell import Occasion, tell
from lienthong.notification.storage.copies import KnownDelivery, end_task, keep_task

_BY_THE_AXIS = "axis"
_INSTRUCTIONS: dict[int, Kind] = {
    workflow.WORK_INSTRUCTION_PAUSE: Kind.TASK_PAUSED,
    workflow.WORK_INSTRUCTION_RESUME: Kind.TASK_RESUMED,
    workflow.WORK_INSTRUCTION_STOP: Kind.TASK_STOPPED,
}


def on_status(desk: Desk, work: UnitOfWork, message: workflow.StatusRecorded, event: Event) -> None:
    """Tells the side that did not report a status.

    A recipient is told only of what it has been shown and what goes into its mailbox: a recall (13) comes to it as a
    request or as a withdrawal, and needs no second notice.
    """
    delivery = delivery_of(work, message.reference.delivery)
    said: dict[str, Any] = {"status": message.facts.code, "reason": message.facts.description}
    recipient = delivery.recipient if delivery.shown and message.forward else ""
    reporter = reporter_of(message.facts, delivery)
    tell(desk, work, event.id, about(Kind.STATUS_RECORDED, delivery, recipient=recipient, reporter=reporter, **said))


def reporter_of(facts: workflow.StatusFacts, delivery: KnownDelivery) -> Side | None:
    """Tells which side reported a status; None when the axis made it.

    Whoever shall know is not who reported. That also holds when a successor reports for a recipient, whose own
    identifier stands nowhere in the delivery.
    """
    if facts.source == _BY_THE_AXIS:
        return None
    if facts.to_agency and facts.to_agency == delivery.document.sender:
        return Side.RECIPIENT
    if facts.to_agency and facts.to_agency == delivery.recipient:
        return Side.SENDER
    return Side.SENDER if facts.from_agency == delivery.document.sender else Side.RECIPIENT


def on_request_opened(desk: Desk, work: UnitOfWork, message: workflow.SideRequestOpened, event: Event) -> None:
    """Tells the recipient of an update or a replacement that waits for its answer; of a recall routing has told."""
    if message.request == SideRequest.SIDE_REQUEST_RECALL:
        return
    delivery = delivery_of(work, message.reference.delivery)
    recipient = delivery.recipient if delivery.shown else ""
    said = {"request": request_name(message.request), "reason": message.reason}
    tell(desk, work, event.id, about(Kind.REQUEST_RECEIVED, delivery, recipient=recipient, **said))


def on_holders_instructed(desk: Desk, work: UnitOfWork, message: workflow.HoldersInstructed, event: Event) -> None:
    """Tells whoever has a task what a request of the sender, or its answer, means for the work."""
    kind = _INSTRUCTIONS.get(message.instruction)
    if kind is None:
        return
    delivery, people = delivery_of(work, message.reference.delivery), tuple(message.people)
    said = {"request": request_name(message.request), "reason": message.reason, "person": ", ".join(people)}
    tell(desk, work, event.id, about(kind, delivery, named=people, **said))


def on_task_assigned(desk: Desk, work: UnitOfWork, message: workflow.TaskAssigned, event: Event) -> None:
    """Tells the recipient of a task, with the deadline of the task where it has one."""
    delivery = delivery_of(work, message.reference.delivery)
    keep_task(work.connection, message.task, message.person, message.unit)
    said: dict[str, Any] = {"person": message.person, "unit": message.unit, "instruction": message.instruction}
    if message.HasField("due_time"):
        said["due"] = from_timestamp(message.due_time)
    tell(desk, work, event.id, about(Kind.TASK_ASSIGNED, delivery, **said))


def on_task_handed_over(desk: Desk, work: UnitOfWork, message: workflow.TaskHandedOver, event: Event) -> None:
    """Tells whoever had a task that it went to somebody else, who is told of it as a task of its own."""
    delivery = delivery_of(work, message.reference.delivery)
    end_task(work.connection, message.task)
    said: dict[str, Any] = {"unit": message.assignee, "reason": message.reason, "named": (message.person,)}
    tell(desk, work, event.id, about(Kind.TASK_HANDED_OVER, delivery, **said))


def on_task_completed(desk: Desk, work: UnitOfWork, message: workflow.TaskCompleted, event: Event) -> None:
    """Tells the recipient that a task is done; the event names the person to whom the task was given."""
    delivery = delivery_of(work, message.reference.delivery)
    person, unit = end_task(work.connection, message.task)
    occasion = about(Kind.TASK_COMPLETED, delivery, person=person, unit=unit, result=message.result)
    tell(desk, work, event.id, occasion)


def on_answered(desk: Desk, work: UnitOfWork, message: workflow.DeliveryAnswered, event: Event) -> None:
    """Tells the sender that one recipient has answered; others may still owe theirs."""
    delivery = delivery_of(work, message.reference.delivery)
    tell(desk, work, event.id, about(Kind.DELIVERY_ANSWERED, delivery, answer_code=message.answer_code))


def on_case_closed(desk: Desk, work: UnitOfWork, message: workflow.CaseClosed, event: Event) -> None:
    """Tells the sender that every recipient has answered or ended."""
    document = document_of(work, message.document)
    rules = NoticeEvent(Kind.CASE_CLOSED, document.sender, priority=document.priority)
    tell(desk, work, event.id, Occasion(rules, facts_of(Kind.CASE_CLOSED, document), document))


def on_case_alert(desk: Desk, work: UnitOfWork, message: workflow.CaseAlert, event: Event) -> None:
    """Tells both sides that a status contradicts the procedure; a recipient only of what it has been shown."""
    delivery = delivery_of(work, message.reference.delivery)
    recipient = delivery.recipient if delivery.shown else ""
    occasion = about(Kind.CASE_ALERT, delivery, recipient=recipient, reason=message.detail or message.reason)
    tell(desk, work, event.id, occasion)
