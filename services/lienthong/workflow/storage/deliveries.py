"""Rows of cases, deliveries and answers."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from lienthong.chassis.engines.rows import Kind, Rows
from lienthong.chassis.engines.search import holds
from lienthong.chassis.engines.sql import among
from lienthong.workflow.storage.rows import StoredAnswer, StoredCase, StoredDelivery
from lienthong.workflow.storage.tables import OWING, answers, cases, deliveries

LINES_AT_MOST = 10_000
"""Deliveries of one case: at most 2,000 recipients, with the updates that took their place."""

CASES = Kind(cases, StoredCase, key="document")
DELIVERIES = Kind(deliveries, StoredDelivery, group="document")
ANSWERS = Kind(answers, StoredAnswer, group="document")


def case_by_document(rows: Rows, document: str) -> StoredCase | None:
    """Finds the case of a document."""
    return rows.of(CASES).get(document)


def cases_of(rows: Rows, identifiers: Collection[str]) -> Sequence[str]:
    """Names the cases of some deliveries; holds nothing."""
    return list(rows.execute(_CASES_OF, {"ids": sorted(identifiers)}).scalars())


_CASES_OF = select(deliveries.c.case_document).where(among(deliveries.c.id, "ids")).distinct()


def save_case(rows: Rows, case: StoredCase) -> None:
    """Stores a case, new or changed."""
    rows.of(CASES).save(case)


def delivery_by_id(rows: Rows, identifier: str) -> StoredDelivery | None:
    """Finds a delivery."""
    return rows.of(DELIVERIES).get(identifier)


def add_delivery(rows: Rows, delivery: StoredDelivery) -> None:
    """Stores a new delivery."""
    rows.of(DELIVERIES).add(delivery)


def save_delivery(rows: Rows, delivery: StoredDelivery) -> None:
    """Stores the state of a delivery."""
    rows.of(DELIVERIES).save(delivery)


def deliveries_of_document(rows: Rows, document: str) -> list[StoredDelivery]:
    """Lists the deliveries of a document, in the order in which they were made."""
    return rows.of(DELIVERIES).group(document)


def deliveries_of_case(rows: Rows, document: str) -> list[StoredDelivery]:
    """Lists the deliveries that belong to a document's case: its own, and those of updates of it."""
    return _found(rows, deliveries.c.case_document == document)


def deliveries_shown(rows: Rows, document: str) -> list[StoredDelivery]:
    """Lists the deliveries of a document's case, and its own: an update may stand in the case of its original."""
    return _found(rows, (deliveries.c.case_document == document) | (deliveries.c.document == document))


def updates_behind(rows: Rows, delivery: StoredDelivery) -> list[StoredDelivery]:
    """Lists the updates of a delivery, and updates of those, that have no main line of their own; holds nothing."""
    behind = [deliveries.c.case_document == delivery.case_document, deliveries.c.own_line.is_(False)]
    found: dict[str, StoredDelivery] = {}
    earlier = [delivery.id]
    while earlier:
        of_those = DELIVERIES.select().where(*behind, deliveries.c.original.in_(earlier)).order_by(deliveries.c.id)
        later = [StoredDelivery(**row) for row in rows.execute(of_those).mappings()]
        earlier = [one.id for one in later if one.id not in found]
        found.update({one.id: one for one in later})
    return list(found.values())


def still_owing(rows: Rows, document: str) -> bool:
    """Tells whether a case waits for one of its deliveries."""
    found = select(deliveries.c.id).where(deliveries.c.case_document == document, OWING).limit(1)
    return rows.connection.execute(found).first() is not None


def count_owing(connection: Connection, state: str, at_most: int) -> int:
    """Counts the deliveries in a state whose main line still owes something, as far as `at_most`."""
    found = select(deliveries.c.state).where(deliveries.c.state == state, OWING).limit(at_most)
    return int(connection.execute(select(func.count()).select_from(found.subquery())).scalar_one())


def delivered_to(rows: Rows, document: str, recipients: Collection[str]) -> list[StoredDelivery]:
    """Lists the deliveries of a document at some agencies."""
    return _found(rows, deliveries.c.document == document, deliveries.c.recipient.in_(recipients))


def seen_among(connection: Connection, documents: Collection[str], agencies: Collection[str]) -> set[str]:
    """Tells which documents some agencies sent or received."""
    theirs = deliveries.c.sender.in_(agencies) | (deliveries.c.recipient.in_(agencies) & deliveries.c.visible.is_(True))
    found = select(deliveries.c.document).where(deliveries.c.document.in_(documents), theirs).distinct()
    return set(connection.execute(found).scalars())


def received(rows: Rows, recipients: Collection[str], document_id: str = "", code: str = "") -> list[StoredDelivery]:
    """Finds what was received under a DocumentId, or under number and notation; held deliveries are left out."""
    by = holds(deliveries.c.document_id, document_id) if document_id else holds(deliveries.c.code, code)
    return _found(rows, deliveries.c.recipient.in_(recipients), deliveries.c.visible.is_(True), by)


def sent(rows: Rows, senders: Collection[str], document_id: str) -> list[StoredDelivery]:
    """Finds the deliveries of what was sent under a DocumentId."""
    return _found(rows, deliveries.c.sender.in_(senders), holds(deliveries.c.document_id, document_id))


def sent_to(rows: Rows, senders: Collection[str], recipients: Collection[str], code: str) -> list[StoredDelivery]:
    """Finds the deliveries of what was sent to some recipients under number and notation."""
    theirs = deliveries.c.recipient.in_(recipients), deliveries.c.sender.in_(senders)
    return _found(rows, *theirs, holds(deliveries.c.code, code))


def add_answer(rows: Rows, answer: StoredAnswer) -> None:
    """Notes an acknowledged answer; a repeat changes nothing."""
    shelf = rows.of(ANSWERS)
    if shelf.get(answer.id) is None:
        shelf.add(answer)


def answers_of(rows: Rows, document: str) -> Sequence[StoredAnswer]:
    """Lists the acknowledged answers to a document, oldest first."""
    return sorted(rows.of(ANSWERS).group(document), key=lambda answer: answer.acknowledged_at)


def _found(rows: Rows, *conditions: ColumnElement[bool]) -> list[StoredDelivery]:
    found = DELIVERIES.select().where(*conditions)
    return rows.of(DELIVERIES).find(found.order_by(deliveries.c.id).limit(LINES_AT_MOST))
