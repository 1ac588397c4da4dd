"""Reading content: who may, and what it leaves behind. Opening commits before the first byte leaves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from lienthong.chassis.directory.model import Agency
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.errors import AxisError, not_found, precondition
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.uow import AuditEntry, UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted, RecallRequested
from lienthong.events.v1.workflow_progress_pb2 import StatusFacts
from lienthong.routing import papers
from lienthong.routing.domain.leases import ItemKind
from lienthong.routing.domain.transport import FINAL, Transport
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.leasing import audit_of
from lienthong.routing.handlers.lifecycle import open_delivery
from lienthong.routing.storage.deliveries import delivery_by_id
from lienthong.routing.storage.documents import document_by_id
from lienthong.routing.storage.items import visible_item
from lienthong.routing.storage.rows import StoredDelivery

_REFUSED = {
    Transport.WITHDRAWN: ("DOCUMENT_WITHDRAWN", "the sender took it back"),
    Transport.SUPERSEDED: ("DOCUMENT_SUPERSEDED", "an update took its place; read the delivery of the update"),
    Transport.FAILED: ("DELIVERY_FAILED", "it could not be delivered"),
}


@dataclass(frozen=True, slots=True)
class ItemSource:
    """What an item's content is made of: the document that a delivery carries, or a paper that stands for a message."""

    delivery: str = ""
    paper: bytes = b""


def read_opened(connection: Connection, call: Call, delivery: str) -> DocumentAccepted | None:
    """Reads a delivery whose opening is on record, without writing; None when it must be opened first.

    Whoever opened it may be recalled only with its own consent, so nothing that is decided meanwhile can be missed.

    Raises:
        AxisError: NOT_FOUND for others' and held deliveries; FAILED_PRECONDITION after it was taken back.
    """
    rows = Rows(connection)
    row = _readable(delivery_by_id(rows, delivery), call, delivery)
    return None if row.opened_at is None else _accepted(rows, row)


def read_delivery(work: UnitOfWork, call: Call, delivery: str, what: str) -> DocumentAccepted:
    """Opens a delivery for reading; commits as its opening and is audited.

    Args:
        work: The transaction; no byte leaves before it is committed.
        call: Who reads.
        delivery: Which.
        what: What is read of it, for the audit trail.

    Raises:
        AxisError: NOT_FOUND for others' and held deliveries; FAILED_PRECONDITION after it was taken back.
    """
    row = _readable(delivery_by_id(work.rows, delivery), call, delivery)
    open_delivery(work, row, call.caller.system.id)
    work.record(reading_of(call, f"deliveries/{delivery}", what))
    return _accepted(work.rows, row)


def reading_of(call: Call, resource: str, what: str = "") -> AuditEntry:
    """Makes the audit entry of a reading."""
    return audit_of(call, "content.read", resource, what)


def no_room_to_open(delivery: str, error: AxisError) -> AxisError:
    """Says why a delivery that was never opened cannot be read on a full disk."""
    return AxisError(
        error.code,
        error.reason,
        f"deliveries/{delivery} was not opened before, and there is no room to keep that it is: nothing is read before "
        "that stands. What was opened can be read; try again later.",
        {"delivery": f"deliveries/{delivery}"},
        retry_after=error.retry_after,
    )


def _readable(row: StoredDelivery | None, call: Call, delivery: str) -> StoredDelivery:
    if row is None or not row.visible or row.recipient not in call.caller.reach:
        raise not_found(f"deliveries/{delivery}")
    state = Transport(row.state)
    if state in FINAL:
        reason, why = _REFUSED[state]
        message = f"the content of deliveries/{delivery} cannot be read: {why}."
        raise precondition(reason, message, delivery=f"deliveries/{delivery}", successor=row.successor)
    return row


def _accepted(rows: Rows, row: StoredDelivery) -> DocumentAccepted:
    document = document_by_id(rows, row.document)
    if document is None:
        raise not_found(f"deliveries/{row.id}")
    return DocumentAccepted.FromString(document.accepted)


def read_item(connection: Connection, desk: Desk, call: Call, identifier: str, now: datetime) -> ItemSource:
    """Reads the edXML form of an item, without writing.

    Raises:
        AxisError: NOT_FOUND for items of others; FAILED_PRECONDITION for items that have no edXML form.
    """
    row = visible_item(connection, identifier, call.caller.reach)
    if row is None:
        raise not_found(f"items/{identifier}")
    if row.kind == ItemKind.DOCUMENT.value:
        return ItemSource(delivery=row.delivery)
    agency = desk.directory.get().agencies.get(row.mailbox)
    paper = item_paper(row.kind, row.accepted, row.facts, agency, now)
    if paper is None:
        raise _formless(identifier)
    return ItemSource(paper=paper)


def item_paper(kind: int, accepted: bytes, facts: bytes, recipient: Agency | None, at: datetime) -> bytes | None:
    """Writes the edXML form of a request or a status; None when there is none."""
    document = DocumentAccepted.FromString(accepted)
    try:
        if kind == ItemKind.STATUS.value:
            return papers.status_paper(document, StatusFacts.FromString(facts))
        if kind == ItemKind.REQUEST.value:
            return papers.recall_paper(document, RecallRequested.FromString(facts), recipient, at)
    except papers.UNWRITABLE:
        return None
    return None


def _formless(identifier: str) -> AxisError:
    message = f"items/{identifier} has no edXML form; what it says stands in the item itself."
    return precondition("ITEM_WITHOUT_CONTENT", message, item=f"items/{identifier}")
