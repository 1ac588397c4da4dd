"""Lists of what was sent, each read along an index: no list gets slower with the number of documents."""

import heapq
import operator
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, not_, select

from lienthong.chassis.engines.search import COUNTED, WordIndex, holds
from lienthong.chassis.filtering import Condition
from lienthong.chassis.text import words as words_of
from lienthong.intake.storage.documents import WORD_LENGTH, StoredDocument, stored_document
from lienthong.intake.storage.tables import documents, words

WORDS = WordIndex(words, "sender", "word", "document")

_COLUMNS = {
    "number": documents.c.number,
    "notation": documents.c.notation,
    "document_id": documents.c.document_id,
    "promulgation_date": documents.c.promulgated,
}
_RANGES = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def list_documents(
    connection: Connection, senders: Sequence[str], conditions: Sequence[Condition], before: str | None, limit: int
) -> list[StoredDocument]:
    """Lists what was sent, newest first.

    Args:
        connection: For statements.
        senders: Agencies that sent.
        conditions: On the fields of the list.
        before: Identifier of the last document of the page before.
        limit: Rows, at most.
    """
    pages = [_page(connection, sender, conditions, before, limit) for sender in senders]
    merged = heapq.merge(*pages, key=lambda row: str(row.id), reverse=True)
    return [stored_document(row) for row, _ in zip(merged, range(limit), strict=False)]


def _page(
    connection: Connection, sender: str, conditions: Sequence[Condition], before: str | None, limit: int
) -> Sequence[Row[Any]]:
    wanted = [word for one in conditions if one.field == "subject" for word in words_of(str(one.value))]
    wanted = list(dict.fromkeys(word[:WORD_LENGTH] for word in wanted))
    columns = [one for one in conditions if one.field != "subject"]
    found = select(documents).where(documents.c.sender == sender, *(_holds(one) for one in columns))
    if wanted and not any(one.operator == "=" for one in columns):
        also = [_holds(one) for one in columns]
        keys = WORDS.find(connection, sender, wanted, lambda key: _also(key, also), before, limit)
        found = select(documents).where(documents.c.id.in_(keys))
    else:
        found = found.where(*(WORDS.has(sender, word, documents.c.id) for word in wanted))
        few = _few(connection, sender, columns)
        if few is not None:
            found = found.where(documents.c.id.in_(few))
    if before is not None:
        found = found.where(documents.c.id < before)
    return connection.execute(found.order_by(documents.c.id.desc()).limit(limit)).all()


def _few(connection: Connection, sender: str, columns: Sequence[Condition]) -> list[str] | None:
    """Gives the documents in a range of dates when these are few: looking for them among all would take long."""
    ranges = [_holds(one) for one in columns if one.operator in _RANGES]
    if not ranges:
        return None
    found = select(documents.c.id).where(documents.c.sender == sender, *ranges).limit(COUNTED)
    keys = list(connection.execute(found.order_by(documents.c.promulgated)).scalars())
    return keys if len(keys) < COUNTED else None


def _also(key: Any, conditions: Sequence[ColumnElement[bool]]) -> Sequence[ColumnElement[bool]]:
    return [exists().where(documents.c.id == key, *conditions)] if conditions else ()


def _holds(condition: Condition) -> ColumnElement[bool]:
    column = _COLUMNS[condition.field]
    if condition.operator in _RANGES:
        # A document without a date is not earlier than any.
        return and_(_RANGES[condition.operator](column, condition.value), column > "")
    same = holds(column, str(condition.value))
    return not_(same) if condition.operator == "!=" else same
