"""Documents as routing knows them, and recalls of whole documents."""

from typing import Any

from sqlalchemy import Connection, Row, select, update

from lienthong.chassis.engines.sql import upsert
from lienthong.routing.storage.tables import documents, recalls


def insert_document(connection: Connection, values: dict[str, object]) -> None:
    """Adds a document."""
    connection.execute(documents.insert().values(values))


def load_document(connection: Connection, identifier: str) -> Row[Any] | None:
    """Reads a document; its recipients stay in the database."""
    return connection.execute(
        select(
            documents.c.id,
            documents.c.sender,
            documents.c.accepted,
            documents.c.recipient_count,
            documents.c.verdict,
            documents.c.verdict_vi,
            documents.c.verdict_en,
            documents.c.verdict_version,
        ).where(documents.c.id == identifier)
    ).one_or_none()


def load_recipients(connection: Connection, identifier: str) -> bytes:
    """Reads the recipients of a document."""
    return bytes(connection.execute(select(documents.c.recipients).where(documents.c.id == identifier)).scalar_one())


def known_documents(connection: Connection, identifiers: set[str]) -> set[str]:
    """Gives those of some documents that are known."""
    found = select(documents.c.id).where(documents.c.id.in_(sorted(identifiers)))
    return set(connection.execute(found).scalars())


def set_verdict(connection: Connection, identifier: str, values: dict[str, object]) -> None:
    """Keeps a verdict."""
    connection.execute(update(documents).where(documents.c.id == identifier).values(values))


def keep_recall(connection: Connection, identifier: str, document: str, asked: bytes) -> None:
    """Keeps a recall of a document; one that is kept already stays."""
    upsert(connection, recalls, {"id": identifier, "document": document, "asked": asked}, ("id",))


def load_recall(connection: Connection, identifier: str) -> bytes:
    """Reads a recall."""
    return bytes(connection.execute(select(recalls.c.asked).where(recalls.c.id == identifier)).scalar_one())


def recalls_of(connection: Connection, document: str) -> list[bytes]:
    """Reads the recalls of a document, the oldest first."""
    found = select(recalls.c.asked).where(recalls.c.document == document).order_by(recalls.c.id)
    return [bytes(asked) for asked in connection.execute(found).scalars()]
