"""Keeps what notices need to know of documents and deliveries."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from lienthong.chassis.clock import VIETNAM
from lienthong.chassis.documents import due_day
from lienthong.chassis.events.event import Event
from lienthong.chassis.events.inbox import ParentUnknownError
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1.document_pb2 import DocumentHeader
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryCreated
from lienthong.notification.handlers.desk import Desk
from lienthong.notification.handlers.tell import load_subscribers
from lienthong.notification.storage import copies
from lienthong.notification.storage.copies import KnownDelivery, KnownDocument, StoredDelivery

_END_OF_DAY = time(23, 59)


def prepare(desk: Desk, work: UnitOfWork, messages: Sequence[Any]) -> None:
    """Reads what a batch of events will need in a few statements; the handlers work without it as well."""
    about = [message.reference for message in messages if "reference" in message.DESCRIPTOR.fields_by_name]
    told = [message for message in messages if "document" in message.DESCRIPTOR.fields_by_name]
    documents = {one.document for one in (*about, *told)}
    copies.load_copies(work.rows, documents, {one.delivery for one in about})
    load_subscribers(desk, work, {party for one in about for party in (one.sender_agency, one.recipient_agency)})


def on_accepted(work: UnitOfWork, message: DocumentAccepted, _event: Event) -> None:
    """Keeps a document."""
    _keep(work, message.document, message.sender_agency, message.sender_name, message.header)


def on_created(work: UnitOfWork, message: DeliveryCreated, _event: Event) -> None:
    """Keeps a delivery, and its document when that event is still on its way: both tell all that is needed."""
    reference = message.reference
    document = _keep(work, reference.document, reference.sender_agency, message.sender_name, message.header)
    name = message.recipient_name or message.recipient_code
    copies.keep_delivery(
        work.rows, StoredDelivery(reference.delivery, document.id, reference.recipient_agency, name, shown=False)
    )
    work.release(f"delivery:{reference.delivery}")


def document_of(work: UnitOfWork, identifier: str) -> KnownDocument:
    """Finds a document.

    Raises:
        ParentUnknownError: Its event has not come yet.
    """
    document = copies.document_of(work.rows, identifier)
    if document is None:
        raise ParentUnknownError(f"document:{identifier}")
    return document


def delivery_of(work: UnitOfWork, identifier: str) -> KnownDelivery:
    """Finds a delivery.

    Raises:
        ParentUnknownError: Its event has not come yet.
    """
    delivery = copies.delivery_of(work.rows, identifier)
    if delivery is None:
        raise ParentUnknownError(f"delivery:{identifier}")
    return delivery


def _keep(work: UnitOfWork, identifier: str, sender: str, sender_name: str, header: DocumentHeader) -> KnownDocument:
    document = KnownDocument(
        id=identifier,
        sender=sender,
        sender_name=sender_name,
        document_id=header.document_id,
        code="/".join(part for part in (header.number, header.notation) if part),
        subject=header.subject,
        priority=header.priority,
        due_at=_due(header),
    )
    work.release(f"document:{identifier}")
    return copies.keep_document(work.rows, document)


def _due(header: DocumentHeader) -> int | None:
    try:
        day = due_day(header)
    except ValueError:
        return None  # a day that does not exist is no deadline; the header stays as it was sent elsewhere
    return None if day is None else to_micros(datetime.combine(day, _END_OF_DAY, VIETNAM).astimezone(UTC))
