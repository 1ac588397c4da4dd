"""Rows of cases, deliveries and answers."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, update

from lienthong.chassis.engines.sql import upsert
from lienthong.workflow.storage.rows import StoredAnswer, StoredCase, StoredDelivery, values_of
from lienthong.workflow.storage.tables import answers, cases, deliveries

LINES_AT_MOST = 10_000
"""Deliveries of one case: at most 2,000 recipients, with the updates that took their place."""

# Statements that every event runs are built once: building one costs more than running it.
_CASE = select(cases).where(cases.c.document == bindparam("which"))
_NEXT_CHANGE = (
    update(cases)
    .where(cases.c.document == bindparam("which"))
    .values(change=cases.c.change + 1)
    .returning(cases.c.change)
)
_CASE_FACTS = tuple(column.name for column in cases.columns if column.name not in {"document", "change"})
_DELIVERY = select(deliveries).where(deliveries.c.id == bindparam("which"))
_SAVE_DELIVERY = update(deliveries).where(deliveries.c.id == bindparam("which"))


def case_by_document(connection: Connection, document: str) -> StoredCase | None:
    """Finds the case of a document."""
    row = connection.execute(_CASE, {"which": document}).mappings().one_or_none()
    return None if row is None else StoredCase(**row)


def save_case(connection: Connection, case: StoredCase) -> None:
    """Stores a case, new or changed; its change counter is left to `next_change`."""
    upsert(connection, cases, values_of(case), ("document",), _CASE_FACTS)


def next_change(connection: Connection, document: str) -> int:
    """Counts a change of a case under its row's lock, and tells the number."""
    return int(connection.execute(_NEXT_CHANGE, {"which": document}).scalar_one())


def add_delivery(connection: Connection, delivery: StoredDelivery) -> None:
    """Stores a new delivery."""
    connection.execute(deliveries.insert(), values_of(delivery))


def save_delivery(connection: Connection, delivery: StoredDelivery) -> None:
    """Stores the state of a delivery."""
    connection.execute(_SAVE_DELIVERY, values_of(delivery) | {"which": delivery.id})


def delivery_by_id(connection: Connection, identifier: str) -> StoredDelivery | None:
    """Finds a delivery."""
    row = connection.execute(_DELIVERY, {"which": identifier}).mappings().one_or_none()
    return None if row is None else StoredDelivery(**row)


def deliveries_of_document(connection: Connection, document: str) -> list[StoredDelivery]:
    """Lists the deliveries of a document, in the order in which they were made."""
    return _all(connection, select(deliveries).where(deliveries.c.document == document))


def count_of_document(connection: Connection, document: str) -> int:
    """Counts the deliveries of a document."""
    found = select(func.count()).select_from(deliveries).where(deliveries.c.document == document)
    return int(connection.execute(found).scalar_one())


def deliveries_of_case(connection: Connection, document: str) -> list[StoredDelivery]:
    """Lists the deliveries that belong to a document's case: its own, and those of updates of it."""
    return _all(connection, select(deliveries).where(deliveries.c.case_document == document))


def deliveries_shown(connection: Connection, document: str) -> list[StoredDelivery]:
    """Lists the deliveries of a document's case, and its own: an update may stand in the case of its original."""
    shown = (deliveries.c.case_document == document) | (deliveries.c.document == document)
    return _all(connection, select(deliveries).where(shown))


def still_owing(connection: Connection, document: str) -> bool:
    """Tells whether a case waits for one of its deliveries."""
    waiting = deliveries.c.owing.is_(True) & deliveries.c.own_line.is_(True)
    found = select(deliveries.c.id).where(deliveries.c.case_document == document, waiting).limit(1)
    return connection.execute(found).first() is not None


def delivered_to(connection: Connection, document: str, recipients: Collection[str]) -> list[StoredDelivery]:
    """Lists the deliveries of a document at some agencies."""
    return _all(
        connection,
        select(deliveries).where(deliveries.c.document == document, deliveries.c.recipient.in_(recipients)),
    )


def seen_among(connection: Connection, documents: Collection[str], agencies: Collection[str]) -> set[str]:
    """Tells which documents some agencies sent or received."""
    theirs = deliveries.c.sender.in_(agencies) | (deliveries.c.recipient.in_(agencies) & deliveries.c.visible.is_(True))
    found = select(deliveries.c.document).where(deliveries.c.document.in_(documents), theirs).distinct()
    return set(connection.execute(found).scalars())


def received(
    connection: Connection, recipients: Collection[str], document_id: str = "", code: str = ""
) -> list[StoredDelivery]:
    """Finds what was received under a DocumentId, or under number and notation; held deliveries are left out."""
    found = select(deliveries).where(deliveries.c.recipient.in_(recipients), deliveries.c.visible.is_(True))
    by = deliveries.c.document_id == document_id if document_id else deliveries.c.code == code
    return _all(connection, found.where(by))


def sent(connection: Connection, senders: Collection[str], document_id: str) -> list[StoredDelivery]:
    """Finds the deliveries of what was sent under a DocumentId."""
    found = select(deliveries).where(deliveries.c.sender.in_(senders), deliveries.c.document_id == document_id)
    return _all(connection, found)


def add_answer(connection: Connection, answer: StoredAnswer) -> None:
    """Notes an acknowledged answer; a repeat changes nothing."""
    keys = tuple(column.name for column in answers.primary_key)
    upsert(connection, answers, values_of(answer), keys)


def answers_of(connection: Connection, document: str) -> Sequence[StoredAnswer]:
    """Lists the acknowledged answers to a document, oldest first."""
    found = select(answers).where(answers.c.document == document).order_by(answers.c.acknowledged_at)
    return [StoredAnswer(**row) for row in connection.execute(found).mappings()]


def _all(connection: Connection, found: Select[Any]) -> list[StoredDelivery]:
    ordered = found.order_by(deliveries.c.id).limit(LINES_AT_MOST)
    return [StoredDelivery(**row) for row in connection.execute(ordered).mappings()]
