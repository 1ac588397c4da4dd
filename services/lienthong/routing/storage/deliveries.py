"""Deliveries: one document for one recipient."""

import heapq
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from lienthong.routing.storage.tables import deliveries, delivery_words, documents


def insert_deliveries(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Adds deliveries."""
    if rows:
        connection.execute(deliveries.insert(), list(rows))


def insert_words(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Adds words of subjects."""
    if rows:
        connection.execute(delivery_words.insert(), list(rows))


def delivery_by_id(connection: Connection, identifier: str) -> Row[Any] | None:
    """Reads a delivery without locking it."""
    return connection.execute(select(deliveries).where(deliveries.c.id == identifier)).one_or_none()


def lock_delivery(connection: Connection, identifier: str) -> Row[Any] | None:
    """Reads a delivery under its lock."""
    return connection.execute(select(deliveries).where(deliveries.c.id == identifier).with_for_update()).one_or_none()


def lock_deliveries(connection: Connection, identifiers: Iterable[str]) -> dict[str, Row[Any]]:
    """Reads deliveries under their locks, always in the same order."""
    found = select(deliveries).where(deliveries.c.id.in_(sorted(set(identifiers)))).order_by(deliveries.c.id)
    return {row.id: row for row in connection.execute(found.with_for_update())}


def update_delivery(connection: Connection, identifier: str, values: dict[str, object]) -> None:
    """Changes a delivery."""
    connection.execute(update(deliveries).where(deliveries.c.id == identifier).values(values))


def of_document(connection: Connection, document: str, first: int, count: int) -> Sequence[Row[Any]]:
    """Reads the deliveries of a document under their locks, `count` ordinals from `first` on."""
    found = (
        select(deliveries)
        .where(deliveries.c.document == document, deliveries.c.ordinal >= first, deliveries.c.ordinal < first + count)
        .order_by(deliveries.c.ordinal)
    )
    return connection.execute(found.with_for_update()).all()


def at_recipients(connection: Connection, document: str, recipients: Iterable[str]) -> Sequence[Row[Any]]:
    """Reads the deliveries of a document at some agencies under their locks."""
    found = select(deliveries).where(
        deliveries.c.document == document, deliveries.c.recipient.in_(sorted(set(recipients)))
    )
    return connection.execute(found.order_by(deliveries.c.ordinal).with_for_update()).all()


def due_held(connection: Connection, now: int, count: int) -> Sequence[Row[Any]]:
    """Reads deliveries that waited long enough for their verdict; rows that another replica holds are skipped."""
    found = (
        select(deliveries)
        .where(deliveries.c.state == "HELD", deliveries.c.held_until <= now)
        .order_by(deliveries.c.held_until)
        .limit(count)
    )
    return connection.execute(found.with_for_update(skip_locked=True)).all()


def unfinished_at(connection: Connection, recipient: str, states: Iterable[str], count: int) -> Sequence[Row[Any]]:
    """Reads deliveries of an agency in some states under their locks."""
    found = select(deliveries).where(deliveries.c.recipient == recipient, deliveries.c.state.in_(sorted(states)))
    return connection.execute(found.limit(count).with_for_update()).all()


def visible_delivery(connection: Connection, identifier: str, reach: Sequence[str]) -> Row[Any] | None:
    """Reads a delivery with its document if agencies of `reach` could see it."""
    return connection.execute(
        _with_document().where(
            deliveries.c.id == identifier, deliveries.c.visible == 1, deliveries.c.recipient.in_(reach)
        )
    ).one_or_none()


def visible_deliveries(
    connection: Connection, reach: Sequence[str], conditions: "Conditions", before: str | None, count: int
) -> list[Row[Any]]:
    """Reads what agencies of `reach` received, newest first, each mailbox by its index.

    Args:
        connection: For reading.
        reach: The agencies.
        conditions: What must hold.
        before: Identifier of the last delivery of the page before.
        count: How many, at most.
    """
    pages = [_page(connection, recipient, conditions, before, count) for recipient in reach]
    merged = heapq.merge(*pages, key=lambda row: str(row.id), reverse=True)
    return [row for row, _ in zip(merged, range(count), strict=False)]


class Conditions:
    """Conditions of a list of deliveries.

    Attributes:
        columns: Wanted values by column.
        words: Words that must stand in the subject, folded.
        unlike: Unwanted values by column.
    """

    def __init__(self) -> None:
        self.columns: list[tuple[str, str]] = []
        self.unlike: list[tuple[str, str]] = []
        self.words: list[str] = []


def _page(
    connection: Connection, recipient: str, conditions: Conditions, before: str | None, count: int
) -> Sequence[Row[Any]]:
    found = _with_document().where(deliveries.c.recipient == recipient, deliveries.c.visible == 1)
    for column, value in conditions.columns:
        found = found.where(deliveries.c[column] == value)
    for column, value in conditions.unlike:
        found = found.where(deliveries.c[column] != value)
    for word in conditions.words:
        found = found.where(_has_word(recipient, word))
    if before is not None:
        found = found.where(deliveries.c.id < before)
    return connection.execute(found.order_by(deliveries.c.id.desc()).limit(count)).all()


def _has_word(recipient: str, word: str) -> ColumnElement[bool]:
    return deliveries.c.id.in_(
        select(delivery_words.c.delivery).where(delivery_words.c.recipient == recipient, delivery_words.c.word == word)
    )


def _with_document() -> Any:
    return select(
        deliveries,
        documents.c.accepted,
        documents.c.verdict,
        documents.c.verdict_vi,
        documents.c.verdict_en,
    ).join(documents, documents.c.id == deliveries.c.document)
