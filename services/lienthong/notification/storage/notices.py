"""Rows of notices as people see them: made once, listed, watched, read."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, literal, select, tuple_, update

from lienthong.chassis.counters import next_value
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.filtering import Condition
from lienthong.chassis.retention import Expiry
from lienthong.notification.domain import Kind
from lienthong.notification.domain.notices import Channel, NoticeState
from lienthong.notification.storage.tables import attempts, notices


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice that is made.

    Attributes:
        id: Its identifier; also webhook id and Message-ID.
        event: What happened; with the subscription it is unique.
        subscription: Who wanted to know.
        agency: Agency of the subscription.
        channel: How it is told.
        endpoint: Whom a failure speaks of; empty in-app.
        kind: Kind of event.
        title: One line.
        text: Several lines.
        document: Identifier of the document, may be empty.
        document_id: DocumentId of the document, may be empty.
        created_at: When, microseconds since 1970.
    """

    id: str
    event: str
    subscription: str
    agency: str
    channel: Channel
    endpoint: str
    kind: Kind
    title: str
    text: str
    document: str
    document_id: str
    created_at: int


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice as it stands."""

    new: NewNotice
    position: int
    state: NoticeState
    sent_at: int | None
    attempts: int

    @property
    def id(self) -> str:
        """Its identifier."""
        return self.new.id

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands in a list."""
        return self.new.created_at, self.new.id


def told_of(connection: Connection, event: str) -> set[str]:
    """Gives the subscriptions that have a notice of an event already."""
    return set(connection.execute(select(notices.c.subscription).where(notices.c.event == event)).scalars())


def add_notice(rows: Rows, new: NewNotice) -> StoredNotice:
    """Stores a notice: in-app it is there at once, on other channels due at once.

    Its position is taken under the row lock of its agency's counter, so that positions follow commit order.
    """
    there = new.channel is Channel.IN_APP
    position = next_value(rows, counter_name(new.agency))
    state = NoticeState.SENT if there else NoticeState.PENDING
    stored = StoredNotice(new, position, state, new.created_at if there else None, attempts=0)
    row = asdict(new) | {
        "position": position,
        "state": state,
        "sent_at": stored.sent_at,
        "attempts": 0,
        "next_attempt_at": None if there else new.created_at,
        "lease": "",
        "lease_until": 0,
    }
    rows.insert(notices, [row])
    return stored


def counter_name(agency: str) -> str:
    """Names the counter of an agency's notices."""
    return f"notices:{agency}"


def notice_of(connection: Connection, identifier: str, agencies: Collection[str]) -> StoredNotice | None:
    """Finds a notice of some agencies."""
    found = select(notices).where(notices.c.id == identifier, notices.c.agency.in_(sorted(agencies)))
    row = connection.execute(found).one_or_none()
    return None if row is None else stored_notice(row)


_COLUMNS = {"state": notices.c.state, "kind": notices.c.kind, "channel": notices.c.channel}


def list_notices(
    connection: Connection,
    agencies: Collection[str],
    conditions: Sequence[Condition],
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[StoredNotice]:
    """Lists notices of some agencies, newest first, behind a position (time, identifier)."""
    found = select(notices).where(notices.c.agency.in_(sorted(agencies)))
    for condition in conditions:
        column = _COLUMNS[condition.field]
        found = found.where(column == condition.value if condition.operator == "=" else column != condition.value)
    if after is not None:
        found = found.where(tuple_(notices.c.created_at, notices.c.id) < tuple_(*map(literal, after)))
    rows = connection.execute(found.order_by(notices.c.created_at.desc(), notices.c.id.desc()).limit(limit))
    return [stored_notice(row) for row in rows]


def notices_after(connection: Connection, agency: str, position: int, limit: int) -> list[StoredNotice]:
    """Lists notices of an agency in commit order."""
    found = select(notices).where(notices.c.agency == agency, notices.c.position > position)
    return [stored_notice(row) for row in connection.execute(found.order_by(notices.c.position).limit(limit))]


def last_position(connection: Connection, agency: str) -> int:
    """Gives the position of the newest notice of an agency, 0 when it has none."""
    found = select(func.max(notices.c.position)).where(notices.c.agency == agency)
    return int(connection.execute(found).scalar_one() or 0)


def known_notices(connection: Connection, identifiers: Collection[str], agencies: Collection[str]) -> set[str]:
    """Gives those of some notices that are of some agencies."""
    found = select(notices.c.id).where(notices.c.id.in_(sorted(identifiers)), notices.c.agency.in_(sorted(agencies)))
    return set(connection.execute(found).scalars())


def mark_read(connection: Connection, identifiers: Collection[str]) -> int:
    """Marks notices as read; tells how many were not before. What waits to be sent is sent all the same."""
    unread = notices.c.id.in_(sorted(identifiers)) & (notices.c.state != NoticeState.ACKNOWLEDGED)
    return connection.execute(update(notices).where(unread).values(state=NoticeState.ACKNOWLEDGED)).rowcount


def old_notices(keep: timedelta) -> Expiry:
    """Says which notices go, with their attempts: those that wait for nothing."""
    ended = notices.c.next_attempt_at.is_(None)
    return Expiry(notices, keep, notices.c.created_at, ended=lambda _before: ended, parts=(attempts.c.notice,))


def stored_notice(row: Any) -> StoredNotice:
    """Reads a row."""
    return StoredNotice(
        NewNotice(
            row.id,
            row.event,
            row.subscription,
            row.agency,
            Channel(row.channel),
            row.endpoint,
            Kind(row.kind),
            row.title,
            row.text,
            row.document,
            row.document_id,
            row.created_at,
        ),
        row.position,
        NoticeState(row.state),
        row.sent_at,
        row.attempts,
    )
