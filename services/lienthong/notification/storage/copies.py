"""What notices need of documents, deliveries and tasks: a small copy, fed by events."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from lienthong.chassis.engines.rows import Kind, Rows
from lienthong.chassis.engines.sql import upsert
from lienthong.notification.storage.tables import deliveries, documents, tasks


@dataclass(slots=True)
class KnownDocument:
    """A document as notices speak of it.

    Attributes:
        id: Its identifier.
        sender: Agency that sent it.
        sender_name: Name of the sender.
        document_id: DocumentId as written.
        code: Number and notation (số, ký hiệu) in one string.
        subject: Abstract (trích yếu).
        priority: Urgency, from 0.
        due_at: Deadline in microseconds since 1970, None without one.
        verdict: The last verdict that signing told, by the number of the contract; 0 before the first.
    """

    id: str
    sender: str
    sender_name: str
    document_id: str
    code: str
    subject: str
    priority: int
    due_at: int | None
    verdict: int = 0


@dataclass(slots=True)
class StoredDelivery:
    """A delivery as it stands in its row; `document` names the document."""

    id: str
    document: str
    recipient: str
    recipient_name: str
    shown: bool


@dataclass(frozen=True, slots=True)
class KnownDelivery:
    """A delivery as notices speak of it. `shown` says that the recipient has seen that it exists."""

    id: str
    document: KnownDocument
    recipient: str
    recipient_name: str
    shown: bool


DOCUMENTS = Kind(documents, KnownDocument)
DELIVERIES = Kind(deliveries, StoredDelivery)


def load_copies(rows: Rows, document_ids: Iterable[str], delivery_ids: Iterable[str]) -> None:
    """Reads documents and deliveries in one statement each."""
    rows.of(DOCUMENTS).load(document_ids)
    rows.of(DELIVERIES).load(delivery_ids)


def keep_document(rows: Rows, document: KnownDocument) -> KnownDocument:
    """Keeps a document; what is known already stays, and is given."""
    known = rows.of(DOCUMENTS).get(document.id)
    if known is None:
        rows.of(DOCUMENTS).add(document)
    return known or document


def keep_delivery(rows: Rows, delivery: StoredDelivery) -> None:
    """Keeps a delivery; what is known already stays."""
    if rows.of(DELIVERIES).get(delivery.id) is None:
        rows.of(DELIVERIES).add(delivery)


def document_of(rows: Rows, identifier: str) -> KnownDocument | None:
    """Finds a document."""
    return rows.of(DOCUMENTS).get(identifier)


def delivery_of(rows: Rows, identifier: str) -> KnownDelivery | None:
    """Finds a delivery."""
    row = rows.of(DELIVERIES).get(identifier)
    document = None if row is None else document_of(rows, row.document)
    if row is None or document is None:
        return None
    return KnownDelivery(row.id, document, row.recipient, row.recipient_name, row.shown)


def show_delivery(rows: Rows, identifier: str) -> None:
    """Notes that the recipient sees a delivery."""
    row = rows.of(DELIVERIES).get(identifier)
    if row is not None:
        row.shown = True
        rows.of(DELIVERIES).save(row)


def replace_verdict(rows: Rows, document: KnownDocument, verdict: int) -> int:
    """Notes the latest verdict of a document; gives the one before, 0 when there was none."""
    before, document.verdict = document.verdict, verdict
    rows.of(DOCUMENTS).save(document)
    return before


def keep_task(connection: Connection, task: str, person: str, unit: str) -> None:
    """Notes to whom a task was given; the last one counts."""
    upsert(connection, tasks, {"id": task, "person": person, "unit": unit}, ("id",), ("person", "unit"))


def end_task(connection: Connection, task: str) -> tuple[str, str]:
    """Forgets a task; tells the person and the unit, empty when it is not known."""
    row = connection.execute(select(tasks).where(tasks.c.id == task)).one_or_none()
    connection.execute(delete(tasks).where(tasks.c.id == task))
    return ("", "") if row is None else (row.person, row.unit)
