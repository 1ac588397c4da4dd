"""Notices that are to be sent: what is due, who claimed it, how each attempt ended."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import CTE, ColumnElement, Connection, Subquery, and_, exists, func, or_, select, update

from lienthong.chassis.engines.sql import first_of_each
from lienthong.notification.domain.notices import Channel, NoticeState
from lienthong.notification.storage.notices import StoredNotice, stored_notice
from lienthong.notification.storage.tables import WAITING, attempts, circuits, notices

ATTEMPTS_LISTED = 100
"""Attempts of one notice that are told, the latest."""
_LONGEST_DUE = 200
"""Notices that are looked at in the order in which they are due, before it is asked endpoint by endpoint."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. Times are microseconds since 1970.

    Attributes:
        number: From 1.
        started_at: When it began.
        ok: Whether the other side took it.
        detail: What it said.
        next_attempt_at: When the next one is due, None after the last.
    """

    number: int
    started_at: int
    ok: bool
    detail: str
    next_attempt_at: int | None


def _due(channel: Channel, times: tuple[int, int]) -> ColumnElement[bool]:
    now, database_now = times
    return and_(notices.c.channel == channel, notices.c.next_attempt_at <= now, notices.c.lease_until <= database_now)


def _blocked(now: int) -> ColumnElement[bool]:
    return exists().where(circuits.c.endpoint == notices.c.endpoint, circuits.c.blocked_until > now)


@dataclass(frozen=True, slots=True)
class Share:
    """What claims may be in force at once on a channel: of one agency, and of one endpoint."""

    agency: int
    endpoint: int


@dataclass(frozen=True, slots=True)
class Held:
    """The claims in force on a channel.

    Attributes:
        agencies: How many of each agency.
        endpoints: How many of each endpoint.
    """

    agencies: Counter[str]
    endpoints: Counter[str]

    def room(self, notice: StoredNotice, share: Share) -> bool:
        """Tells whether one more may be claimed."""
        new = notice.new
        return self.agencies[new.agency] < share.agency and self.endpoints[new.endpoint] < share.endpoint

    def add(self, notice: StoredNotice) -> None:
        """Counts one more."""
        self.agencies[notice.new.agency] += 1
        self.endpoints[notice.new.endpoint] += 1


def held_claims(connection: Connection, channel: Channel, database_now: int) -> Held:
    """Counts the claims in force on a channel; there are no more than workers of all copies."""
    found = select(notices.c.agency, notices.c.endpoint).where(
        notices.c.channel == channel, notices.c.lease_until > database_now
    )
    rows = connection.execute(found).all()
    return Held(Counter(row.agency for row in rows), Counter(row.endpoint for row in rows))


def due_notices(
    connection: Connection, channel: Channel, times: tuple[int, int], held: Held, share: Share, limit: int
) -> list[StoredNotice]:
    """Lists notices that may be sent now, longest due first.

    Where none of those that are longest due may be, it is of each endpoint the one that is: very much can wait behind
    endpoints that are left alone.

    Args:
        connection: For statements.
        channel: On which channel.
        times: Domain time, and time of the database.
        held: The claims in force.
        share: Agencies and endpoints that hold as much already are passed over.
        limit: Rows, at most.
    """
    may_be_sent = and_(
        notices.c.next_attempt_at <= times[0],
        ~_blocked(times[0]),
        notices.c.endpoint.not_in(_busy(held.endpoints, share.endpoint)),
        notices.c.agency.not_in(_busy(held.agencies, share.agency)),
    )
    for some in (_longest_due(channel, times), _first_of_each_endpoint(channel, times)):
        found = select(notices).join(some, notices.c.id == some.c.key).where(may_be_sent)
        rows = connection.execute(found.order_by(notices.c.next_attempt_at, notices.c.id).limit(limit)).all()
        if rows:
            break
    return [stored_notice(row) for row in rows]


def _longest_due(channel: Channel, times: tuple[int, int]) -> Subquery:
    found = select(notices.c.id.label("key")).where(_due(channel, times))
    return found.order_by(notices.c.next_attempt_at, notices.c.id).limit(_LONGEST_DUE).subquery()


def _first_of_each_endpoint(channel: Channel, times: tuple[int, int]) -> CTE:
    free = (notices.c.channel == channel, WAITING, notices.c.lease_until <= times[1])
    return first_of_each(notices.c.endpoint, (notices.c.next_attempt_at, notices.c.id), *free)


def _busy(held: Counter[str], share: int) -> list[str]:
    return sorted(name for name, count in held.items() if count >= share)


def given_up(
    connection: Connection, channel: Channel, times: tuple[int, int], born_before: int, limit: int
) -> list[StoredNotice]:
    """Lists notices whose lifetime ended while their endpoint was left alone. Arguments as for `due_notices`."""
    old = (WAITING, notices.c.created_at < born_before)
    found = select(notices).where(_due(channel, times), *old, _blocked(times[0]))
    rows = connection.execute(found.order_by(notices.c.created_at).limit(limit))
    return [stored_notice(row) for row in rows]


def claim(connection: Connection, notice: str, lease: str, until: int, database_now: int) -> bool:
    """Claims a notice until a time of the database; tells whether it could, which one process alone can."""
    free = (notices.c.id == notice) & (notices.c.lease_until <= database_now) & WAITING
    return connection.execute(update(notices).where(free).values(lease=lease, lease_until=until)).rowcount == 1


def settle(connection: Connection, notice: StoredNotice, lease: str, attempt: Attempt, sent_at: int | None) -> None:
    """Writes down how an attempt ended, and what follows.

    A process that lost its claim only adds what it did, and that the notice was taken when it was: when it is due again
    is the business of whoever claimed it since.
    """
    # Whoever lost its claim and whoever has it now may both have something to write down.
    found = select(notices.c.lease, notices.c.attempts).where(notices.c.id == notice.id).with_for_update()
    row = connection.execute(found).one_or_none()
    if row is None:
        return
    connection.execute(
        attempts.insert().values(
            notice=notice.id,
            number=row.attempts + 1,
            started_at=attempt.started_at,
            ok=attempt.ok,
            detail=attempt.detail,
            next_attempt_at=attempt.next_attempt_at,
        )
    )
    values: dict[str, object] = {"attempts": row.attempts + 1}
    if attempt.ok or row.lease == lease:
        values |= {"next_attempt_at": attempt.next_attempt_at, "lease": "", "lease_until": 0}
        if attempt.next_attempt_at is None:
            values["sent_at"] = sent_at
            _end(connection, notice.id, NoticeState.SENT if attempt.ok else NoticeState.DEAD)
    connection.execute(update(notices).where(notices.c.id == notice.id).values(values))


def _end(connection: Connection, notice: str, state: NoticeState) -> None:
    # What somebody has read already stays read.
    waiting = or_(notices.c.state == NoticeState.PENDING, notices.c.state == NoticeState.DEAD)
    connection.execute(update(notices).where(notices.c.id == notice, waiting).values(state=state))


def attempts_of(connection: Connection, notice: str) -> list[Attempt]:
    """Lists the latest attempts of a notice, oldest first."""
    found = select(attempts).where(attempts.c.notice == notice).order_by(attempts.c.number.desc())
    rows = connection.execute(found.limit(ATTEMPTS_LISTED)).all()
    return [Attempt(row.number, row.started_at, row.ok, row.detail, row.next_attempt_at) for row in reversed(rows)]


def hasten(connection: Connection, subscription: str, now: int) -> None:
    """Makes what waits for a subscription due now: there is nobody to spare any more."""
    waiting = (notices.c.subscription == subscription) & WAITING
    # Without a host no circuit and no claim of a call holds it back.
    connection.execute(update(notices).where(waiting).values(next_attempt_at=now, endpoint=notices.c.agency))


def waiting_by_channel(connection: Connection) -> dict[str, int]:
    """Counts the notices that wait to be sent, by channel."""
    found = select(notices.c.channel, func.count()).where(WAITING)
    return {row[0]: row[1] for row in connection.execute(found.group_by(notices.c.channel))}
