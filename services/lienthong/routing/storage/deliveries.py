"""Deliveries: one document for one recipient."""

import heapq
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, not_, select

from lienthong.chassis.engines.rows import Kind, Rows
from lienthong.chassis.engines.search import WordIndex, holds
from lienthong.chassis.engines.sql import Moment
from lienthong.routing.storage.rows import StoredDelivery, StoredDocument
from lienthong.routing.storage.tables import HELD, UNFINISHED, deliveries, delivery_words, documents

DELIVERIES = Kind(deliveries, StoredDelivery, group="document")
WORDS = WordIndex(delivery_words, "recipient", "word", "delivery")


def add_delivery(rows: Rows, delivery: StoredDelivery) -> None:
    """Adds a delivery."""
    rows.of(DELIVERIES).add(delivery)


def add_words(rows: Rows, recipient: str, delivery: str, found: Iterable[str]) -> None:
    """Adds the words of a subject, for searching in what a recipient received."""
    rows.insert(delivery_words, [{"recipient": recipient, "word": word, "delivery": delivery} for word in found])


def delivery_by_id(rows: Rows, identifier: str) -> StoredDelivery | None:
    """Finds a delivery, under its lock where it may be changed."""
    return rows.of(DELIVERIES).get(identifier)


def save_delivery(rows: Rows, delivery: StoredDelivery) -> None:
    """Stores what changed of a delivery."""
    rows.of(DELIVERIES).save(delivery)


def of_document(rows: Rows, document: StoredDocument, first: int, count: int) -> Sequence[StoredDelivery]:
    """Gives the deliveries of a document, `count` ordinals from `first` on."""
    if document.recipient_count <= count:
        # A batch has read the deliveries of all its documents together.
        found = rows.of(DELIVERIES).group(document.id)
        return sorted((row for row in found if row.ordinal >= first), key=lambda row: row.ordinal)
    ordinal = deliveries.c.ordinal
    return _found(rows, deliveries.c.document == document.id, ordinal >= first, ordinal < first + count)


def at_recipients(rows: Rows, document: str, recipients: Iterable[str]) -> Sequence[StoredDelivery]:
    """Gives the deliveries of a document at some agencies."""
    return _found(rows, deliveries.c.document == document, deliveries.c.recipient.in_(sorted(set(recipients))))


def any_due(connection: Connection, now: Moment) -> bool:
    """Tells whether a delivery waited long enough for its verdict."""
    return connection.execute(select(deliveries.c.id).where(*_due(now)).limit(1)).first() is not None


def due_held(rows: Rows, now: int, count: int) -> Sequence[StoredDelivery]:
    """Gives deliveries that waited long enough for their verdict; rows that another replica holds are skipped."""
    found = DELIVERIES.select().where(*_due(now)).order_by(deliveries.c.held_until).limit(count)
    return rows.of(DELIVERIES).find(found, skip_locked=True)


def unfinished_at(rows: Rows, recipient: str, count: int) -> Sequence[StoredDelivery]:
    """Gives deliveries of an agency that are not finished."""
    found = DELIVERIES.select().where(deliveries.c.recipient == recipient, UNFINISHED)
    return rows.of(DELIVERIES).find(found.limit(count))


def _due(now: Moment) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return HELD, deliveries.c.held_until <= now


def _found(rows: Rows, *conditions: ColumnElement[bool]) -> Sequence[StoredDelivery]:
    found = DELIVERIES.select().where(*conditions).order_by(deliveries.c.ordinal)
    return rows.of(DELIVERIES).find(found)


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
    exact = [holds(deliveries.c[column], value) for column, value in conditions.columns]
    unlike = [not_(holds(deliveries.c[column], value)) for column, value in conditions.unlike]
    found = _with_document().where(deliveries.c.recipient == recipient, deliveries.c.visible == 1, *exact, *unlike)
    wanted = list(dict.fromkeys(conditions.words))
    if wanted and not exact:
        shown = deliveries.c.visible == 1

        def also(key: Any) -> Sequence[ColumnElement[bool]]:
            return [exists().where(deliveries.c.id == key, shown, *unlike)]

        keys = WORDS.find(connection, recipient, wanted, also, before, count)
        found = _with_document().where(deliveries.c.id.in_(keys))
    else:
        found = found.where(*(WORDS.has(recipient, word, deliveries.c.id) for word in wanted))
    if before is not None:
        found = found.where(deliveries.c.id < before)
    return connection.execute(found.order_by(deliveries.c.id.desc()).limit(count)).all()


def _with_document() -> Any:
    return select(
        deliveries,
        documents.c.accepted,
        documents.c.verdict,
        documents.c.verdict_vi,
        documents.c.verdict_en,
    ).join(documents, documents.c.id == deliveries.c.document)
