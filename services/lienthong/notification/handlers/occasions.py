"""Events of the axis, turned into notices."""

from typing import Any

from lienthong.chassis.events.event import Event
from lienthong.chassis.times import from_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1.lifecycle_pb2 import SideRequest, Verdict
from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.notification.domain import Kind, NoticeEvent, NoticeFacts
from lienthong.notification.handlers.desk import Desk
from lienthong.notification.handlers.learn import delivery_of, document_of
from lienthong.notification.handlers.tell import Occasion, tell
from lienthong.notification.storage.copies import KnownDelivery, KnownDocument, replace_verdict, show_delivery


def on_available(desk: Desk, work: UnitOfWork, message: routing.DeliveryAvailable, event: Event) -> None:
    """Tells the recipient of a document, with the verdict that is shown with it."""
    delivery = delivery_of(work, message.reference.delivery)
    show_delivery(work.rows, delivery.id)
    tell(desk, work, event.id, about(Kind.DOCUMENT_AVAILABLE, delivery, verdict=verdict_name(message.verdict)))


def on_failed(desk: Desk, work: UnitOfWork, message: routing.DeliveryFailed, event: Event) -> None:
    """Tells the sender that a recipient cannot be reached, why, and which codes are near."""
    delivery = delivery_of(work, message.reference.delivery)
    why = message.detail or message.reason
    occasion = about(Kind.DELIVERY_FAILED, delivery, reason=why, nearest_codes=tuple(message.nearest_codes))
    tell(desk, work, event.id, occasion)


def on_parked(desk: Desk, work: UnitOfWork, message: routing.DeliveryParked, event: Event) -> None:
    """Tells the recipient that its software could not take a document."""
    delivery = delivery_of(work, message.reference.delivery)
    tell(desk, work, event.id, about(Kind.DELIVERY_PARKED, delivery, reason=message.detail or message.reason))


def on_withdrawn(desk: Desk, work: UnitOfWork, message: routing.DeliveryWithdrawn, event: Event) -> None:
    """Tells both sides that a document was taken back; a recipient that was never shown it learns nothing of it."""
    delivery = delivery_of(work, message.reference.delivery)
    recipient = delivery.recipient if delivery.shown else ""
    occasion = about(Kind.DOCUMENT_WITHDRAWN, delivery, recipient=recipient, reason=message.reason)
    tell(desk, work, event.id, occasion)


def on_superseded(desk: Desk, work: UnitOfWork, message: routing.DeliverySuperseded, event: Event) -> None:
    """Tells both sides that an update took a document's place; a recipient only of what it has been shown."""
    delivery = delivery_of(work, message.reference.delivery)
    recipient = delivery.recipient if delivery.shown else ""
    tell(desk, work, event.id, about(Kind.DOCUMENT_SUPERSEDED, delivery, recipient=recipient))


def on_request(desk: Desk, work: UnitOfWork, message: routing.RequestDelivered, event: Event) -> None:
    """Tells the recipient of a recall that waits for its answer, but not of one of what could not be delivered."""
    delivery = delivery_of(work, message.reference.delivery)
    recipient = delivery.recipient if delivery.shown else ""
    said = {"request": request_name(message.request), "reason": message.reason}
    tell(desk, work, event.id, about(Kind.REQUEST_RECEIVED, delivery, recipient=recipient, **said))


def on_delivery_verdict(desk: Desk, work: UnitOfWork, message: routing.DeliveryVerdictChanged, event: Event) -> None:
    """Tells the recipient of a verdict that came later than the one it was shown.

    The sender is told once for the document (`on_verdict`), not once for each recipient.
    """
    delivery = delivery_of(work, message.reference.delivery)
    occasion = about(Kind.VERDICT_CHANGED, delivery, sender="", verdict=verdict_name(message.verdict))
    tell(desk, work, event.id, occasion)


def on_verdict(desk: Desk, work: UnitOfWork, message: VerdictReached, event: Event) -> None:
    """Tells the sender of a verdict that differs from the one before; the first one is no change."""
    document = document_of(work, message.document)
    before = replace_verdict(work.rows, document, message.verdict)
    if before in {Verdict.VERDICT_UNSPECIFIED, message.verdict}:
        return
    facts = facts_of(Kind.VERDICT_CHANGED, document, verdict=verdict_name(message.verdict))
    rules = NoticeEvent(Kind.VERDICT_CHANGED, document.sender, priority=document.priority)
    tell(desk, work, event.id, Occasion(rules, facts, document))


def about(
    kind: Kind,
    delivery: KnownDelivery,
    *,
    sender: str | None = None,
    recipient: str | None = None,
    **said: Any,
) -> Occasion:
    """Makes an occasion about a delivery.

    Args:
        kind: What happened.
        delivery: To which delivery.
        sender: Agency to be told as the sender, when it is not simply the sender.
        recipient: Agency to be told as the recipient, when it is not simply the recipient.
        said: More facts, what `NoticeEvent` calls `reporter`, and as `named` the people whom it concerns when they
            are not the person of the text.
    """
    document = delivery.document
    rules = NoticeEvent(
        kind,
        document.sender if sender is None else sender,
        delivery.recipient if recipient is None else recipient,
        document.priority,
        people=said.pop("named", (said["person"],) if said.get("person") else ()),
        reporter=said.pop("reporter", None),
    )
    facts = facts_of(kind, document, **{"recipient": delivery.recipient_name, **said})
    return Occasion(rules, facts, document)


def facts_of(kind: Kind, document: KnownDocument, **said: Any) -> NoticeFacts:
    """Gathers what a notice says of a document."""
    known: dict[str, Any] = {
        "document_id": document.document_id,
        "code": document.code,
        "subject": document.subject,
        "sender": document.sender_name,
        "priority": document.priority,
        "due": None if document.due_at is None else from_micros(document.due_at),
    }
    return NoticeFacts(kind, **(known | said))


def request_name(request: SideRequest.ValueType) -> str:
    """Gives the name of a request as the texts know it."""
    return SideRequest.Name(request).removeprefix("SIDE_REQUEST_")


def verdict_name(verdict: int) -> str:
    """Gives the name of a verdict as the texts know it, empty when there is none yet."""
    if verdict == Verdict.VERDICT_UNSPECIFIED or verdict not in Verdict.values():
        return ""
    return Verdict.Name(Verdict.ValueType(verdict)).removeprefix("VERDICT_")
