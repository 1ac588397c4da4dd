"""What notices need of documents, deliveries and tasks: a small copy, fed by events."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from lienthong.chassis.engines.sql import upsert
from lienthong.notification.storage.tables import deliveries, documents, tasks


@dataclass(frozen=True, slots=True)
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
    """

    id: str
    sender: str
    sender_name: str
    document_id: str
    code: str
    subject: str
    priority: int
    due_at: int | None


@dataclass(frozen=True, slots=True)
class KnownDelivery:
    """A delivery as notices speak of it. `shown` says that the recipient has seen that it exists."""

    id: str
    document: KnownDocument
    recipient: str
    recipient_name: str
    shown: bool


_DOCUMENT = tuple(column for column in documents.c if column.name != "verdict")


def keep_document(connection: Connection, document: KnownDocument) -> None:
    """Keeps a document; what is known already stays."""
    values = {name: getattr(document, name) for name in document.__slots__}
    upsert(connection, documents, {"verdict": 0, **values}, ("id",))


def keep_delivery(connection: Connection, delivery: KnownDelivery) -> None:
    """Keeps a delivery; what is known already stays."""
    row = {
        "id": delivery.id,
        "document": delivery.document.id,
        "recipient": delivery.recipient,
        "recipient_name": delivery.recipient_name,
        "shown": delivery.shown,
    }
    upsert(connection, deliveries, row, ("id",))


def document_of(connection: Connection, identifier: str) -> KnownDocument | None:
    """Finds a document."""
    row = connection.execute(select(*_DOCUMENT).where(documents.c.id == identifier)).one_or_none()
    return None if row is None else KnownDocument(**row._mapping)  # noqa: SLF001 -- public in SQLAlchemy, underscored against clashes with columns


def delivery_of(connection: Connection, identifier: str) -> KnownDelivery | None:
    """Finds a delivery."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == identifier)).one_or_none()
    document = None if row is None else document_of(connection, row.document)
    if row is None or document is None:
        return None
    return KnownDelivery(row.id, document, row.recipient, row.recipient_name, row.shown)


def show_delivery(connection: Connection, identifier: str) -> None:
    """Notes that the recipient sees a delivery."""
    connection.execute(update(deliveries).where(deliveries.c.id == identifier).values(shown=True))


def replace_verdict(connection: Connection, document: str, verdict: int) -> int:
    """Notes the latest verdict of a document; gives the one before, 0 when there was none."""
    before = connection.execute(select(documents.c.verdict).where(documents.c.id == document)).scalar_one()
    connection.execute(update(documents).where(documents.c.id == document).values(verdict=verdict))
    return int(before)


def keep_task(connection: Connection, task: str, person: str, unit: str) -> None:
    """Notes to whom a task was given; the last one counts."""
    upsert(connection, tasks, {"id": task, "person": person, "unit": unit}, ("id",), ("person", "unit"))


def end_task(connection: Connection, task: str) -> tuple[str, str]:
    """Forgets a task; tells the person and the unit, empty when it is not known."""
    row = connection.execute(select(tasks).where(tasks.c.id == task)).one_or_none()
    connection.execute(delete(tasks).where(tasks.c.id == task))
    return ("", "") if row is None else (row.person, row.unit)
