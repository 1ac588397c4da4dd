"""What grows and is not kept for ever goes when its time is over, in batches that hold no lock for long.

What proves something is not among it: receipts, histories, reports, audit entries stay.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, bindparam, delete, func, select

from lienthong.chassis.config import RetentionSection
from lienthong.chassis.events.tables import outbox, requests
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.uow import UnitsOfWork

BATCH = 1000
"""Rows removed in one transaction, at most."""

_NAMES = ("first", "second", "third")
"""Parameters for the columns of a primary key."""
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Expiry:
    """Rows of one table that are removed when they are old.

    Attributes:
        table: The table.
        keep: How long rows stay.
        since: The column that tells their age, in microseconds since 1970; first in an index.
        ended: Which rows may go, given the time before which they are old; the age itself is looked at besides.
        parts: Columns of other tables that name rows of this one, whose rows go along.
    """

    table: Table
    keep: timedelta
    since: "Column[int]"
    ended: Callable[[int], ColumnElement[bool]] | None = None
    parts: Sequence["Column[str]"] = ()

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.table.name

    def remove(self, connection: Connection, now: int, limit: int = BATCH) -> int:
        """Removes the oldest rows whose time is over; tells how many, at most `limit`.

        Args:
            connection: The transaction.
            now: Microseconds since 1970.
            limit: Rows at most.
        """
        keys = tuple(self.table.primary_key.columns)
        # Another copy of the service may be at it: each takes what the other has not in hand.
        found = self._old(now, keys).order_by(self.since).limit(limit).with_for_update(skip_locked=True)
        rows = [dict(zip(_NAMES, row, strict=False)) for row in connection.execute(found)]
        if rows:
            # One by one and sent together: each finds its row by the primary key, whatever a planner thinks of a list.
            for part in self.parts:
                connection.execute(delete(part.table).where(part == bindparam(_NAMES[0])), rows)
            same = (key == bindparam(name) for key, name in zip(keys, _NAMES, strict=False))
            connection.execute(delete(self.table).where(*same), rows)
        return len(rows)

    def count(self, connection: Connection, now: int) -> int:
        """Counts the rows whose time is over."""
        old = self._old(now, tuple(self.table.primary_key.columns)).subquery()
        return connection.execute(select(func.count()).select_from(old)).scalar_one()

    def _old(self, now: int, columns: Sequence[Column[object]]) -> Select[tuple[object, ...]]:
        before = now - self.keep // _MICROSECOND
        found = select(*columns).where(self.since < before)
        return found if self.ended is None else found.where(self.ended(before))


def of_every_service(section: RetentionSection) -> list[Expiry]:
    """Gives what expires in the database of every service."""
    return [
        # A row that waited long to be published stays as long after that as any other.
        Expiry(
            outbox,
            timedelta(days=section.outbox_days),
            outbox.c.written_at,
            ended=lambda before: outbox.c.published_at < before,
        ),
        Expiry(requests, timedelta(days=section.answers_days), requests.c.answered_at),
    ]


def expire(service: str, units: UnitsOfWork, expiries: Sequence[Expiry], metrics: Metrics) -> bool:
    """Removes one batch of everything whose time is over, each in a transaction of its own; tells whether more is."""
    more = False
    for expiry in expiries:
        with units.begin() as work:
            removed = expiry.remove(work.connection, work.now_micros)
        metrics.expired(service, expiry.name, removed)
        more = more or removed == BATCH
    return more
