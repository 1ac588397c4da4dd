"""Rows of statuses: the history of a case, and what matches no delivery."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select, tuple_

from lienthong.chassis.engines.rows import Kind, Rows
from lienthong.chassis.engines.search import holds
from lienthong.chassis.engines.sql import take_locks
from lienthong.workflow.storage.rows import StoredStatus
from lienthong.workflow.storage.tables import UNMATCHED, statuses

WAITING_AT_ONCE = 1000
"""Kept statuses that one event of a delivery looks at."""

_NAMES_AT_ONCE = 500
STATUSES = Kind(statuses, StoredStatus)
_CHANGE_COLUMNS = (statuses.c.delivery, statuses.c.to_state, statuses.c.event_at, statuses.c.received_at)


class StateChange(NamedTuple):
    """A change of state: when it happened as reported, and when it reached the axis, microseconds since 1970."""

    state: str
    event_at: int
    received_at: int


def add_status(rows: Rows, status: StoredStatus) -> None:
    """Stores a new status."""
    rows.of(STATUSES).add(status)


def save_status(rows: Rows, status: StoredStatus) -> None:
    """Stores what became of a status."""
    rows.of(STATUSES).save(status)


def status_by_id(rows: Rows, identifier: str) -> StoredStatus | None:
    """Finds a status."""
    return rows.of(STATUSES).get(identifier)


def status_by_key(rows: Rows, natural_key: str) -> StoredStatus | None:
    """Finds the status that was first reported under a natural key."""
    found = rows.of(STATUSES).find(STATUSES.select().where(statuses.c.natural_key == natural_key))
    return found[0] if found else None


def changes_of(connection: Connection, delivery_ids: Collection[str]) -> dict[str, list[StateChange]]:
    """Lists the changes of state of deliveries in the order in which they took effect."""
    lines: dict[str, list[StateChange]] = {}
    wanted = list(delivery_ids)
    # States only go forward, so that a delivery has a handful of changes; names go in bounded pieces into a statement.
    for place in range(0, len(wanted), _NAMES_AT_ONCE):
        piece = wanted[place : place + _NAMES_AT_ONCE]
        changed = and_(statuses.c.delivery.in_(piece), statuses.c.from_state != statuses.c.to_state)
        found = select(*_CHANGE_COLUMNS).where(changed).order_by(statuses.c.delivery, statuses.c.position)
        for delivery, state, event_at, received_at in connection.execute(found):
            lines.setdefault(delivery, []).append(StateChange(state, event_at, received_at))
    return lines


def history(
    connection: Connection,
    cases: Collection[str],
    recipients: Collection[str] | None,
    after: tuple[str, int],
    limit: int,
) -> list[StoredStatus]:
    """Lists what was reported in cases, the oldest case first, in each the oldest status.

    Args:
        connection: For statements.
        cases: The documents of the cases.
        recipients: Only at these agencies; None for all.
        after: Case and position of the last row of the page before.
        limit: Rows, at most.
    """
    place = tuple_(statuses.c.case_document, statuses.c.position)
    found = select(statuses).where(
        statuses.c.case_document.in_(cases), place > tuple_(*map(literal, after)), statuses.c.code != ""
    )
    if recipients is not None:
        found = found.where(statuses.c.recipient.in_(recipients))
    ordered = found.order_by(statuses.c.case_document, statuses.c.position)
    rows = connection.execute(ordered.limit(limit)).mappings()
    return [StoredStatus(**row) for row in rows]


def count_waiting(connection: Connection, reporter: str, since: int, at_most: int) -> int:
    """Counts an agency's statuses that came after a time and match no delivery, as far as `at_most`."""
    theirs = (statuses.c.reporter == reporter, UNMATCHED, statuses.c.received_at > since)
    found = select(statuses.c.id).where(*theirs).limit(at_most)
    return int(connection.execute(select(func.count()).select_from(found.subquery())).scalar_one())


class Waiting:
    """Which agencies have kept statuses, as far as this transaction has asked. Events make none."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.found: set[str] = set()


def hold_kept(rows: Rows, reporters: Collection[str]) -> None:
    """Holds what agencies have kept to the end of the transaction, against other copies of this service.

    Whoever keeps a status and whoever makes the delivery that it is about do not see each other before they end: one
    waits here for the other, and looks afterwards.
    """
    if reporters:
        take_locks(rows.connection, [f"kept {reporter}" for reporter in reporters])


def ask_waiting(rows: Rows, reporters: Iterable[str]) -> None:
    """Finds out in one statement which of some agencies have kept statuses."""
    waiting = rows.memo(Waiting)
    new = sorted(set(reporters) - waiting.asked)
    hold_kept(rows, new)
    for place in range(0, len(new), _NAMES_AT_ONCE):
        theirs = statuses.c.reporter.in_(new[place : place + _NAMES_AT_ONCE])
        found = select(statuses.c.reporter).where(UNMATCHED, theirs).distinct()
        waiting.found.update(rows.execute(found).scalars())
    waiting.asked.update(new)


def waiting_for(
    rows: Rows, reporters: Collection[str], delivery: str, document_id: str, code: str
) -> list[StoredStatus]:
    """Finds kept statuses that name a delivery, its DocumentId or its number and notation, oldest first."""
    ask_waiting(rows, reporters)
    theirs = rows.memo(Waiting).found.intersection(reporters)
    if not theirs:
        return []
    names: list[ColumnElement[bool]] = [statuses.c.named_delivery == delivery]
    if document_id:
        names.append(holds(statuses.c.named_document_id, document_id))
    if code:
        names.append(holds(statuses.c.named_code, code))
    found = STATUSES.select().where(UNMATCHED, statuses.c.reporter.in_(theirs), or_(*names))
    return rows.of(STATUSES).find(found.order_by(statuses.c.received_at, statuses.c.id).limit(WAITING_AT_ONCE))


def kept_since(rows: Rows, since: int) -> list[StoredStatus]:
    """Finds statuses that came after a time and match no delivery, oldest first."""
    found = STATUSES.select().where(UNMATCHED, statuses.c.received_at > since)
    return rows.of(STATUSES).find(found.order_by(statuses.c.received_at).limit(WAITING_AT_ONCE))


def unmatched(
    connection: Connection, reporters: Collection[str], before: int, after: tuple[int, str] | None, limit: int
) -> Sequence[StoredStatus]:
    """Lists statuses that match no delivery and came before a time, oldest first."""
    found = select(statuses).where(statuses.c.reporter.in_(reporters), UNMATCHED, statuses.c.received_at <= before)
    if after is not None:
        found = found.where(tuple_(statuses.c.received_at, statuses.c.id) > tuple_(*map(literal, after)))
    rows = connection.execute(found.order_by(statuses.c.received_at, statuses.c.id).limit(limit)).mappings()
    return [StoredStatus(**row) for row in rows]
