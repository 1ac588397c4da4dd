"""What waits until a stored time: leases, pauses before another try.

Each such time lies ahead by a span that is bounded. One that lies further ahead was written before a clock was set
back; it counts as passed, or what waits would stand still for as long as the clock was wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import Column, ColumnElement, Connection, select, update

from lienthong.chassis.engines.sql import database_now
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import UnitsOfWork

LOOK_SECONDS = 10.0
"""Pause between two looks."""

BATCH = 1000
"""Rows changed in one transaction, at most."""

_STEP = timedelta(minutes=1)
"""By so much a clock is put right without having been wrong."""
_MICROSECOND = timedelta(microseconds=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wait:
    """Rows of one table that wait.

    Attributes:
        until: The column that says until when, in microseconds since 1970; its table has a key of one column.
        longest: How far ahead it is written, at most.
        rows: Which rows wait, None for all; with it the column is found along an index.
        domain: Whether it compares with domain time; otherwise with the clock of the database.
    """

    until: "Column[int]"
    longest: timedelta
    rows: ColumnElement[bool] | None = None
    domain: bool = False

    def any_stuck(self, connection: Connection, now: int) -> bool:
        """Tells whether a row waits longer than it can have been asked to."""
        return connection.execute(select(self._key).where(*self._stuck(now)).limit(1)).first() is not None

    def end_stuck(self, connection: Connection, now: int) -> int:
        """Lets the wait of such rows end now; tells how many, at most `BATCH`. What others have in hand is skipped."""
        found = select(self._key).where(*self._stuck(now)).limit(BATCH).with_for_update(skip_locked=True)
        keys = connection.execute(found).scalars().all()
        connection.execute(update(self.until.table).where(self._key.in_(keys)).values({self.until.name: now}))
        return len(keys)

    @property
    def _key(self) -> "Column[object]":
        (key,) = self.until.table.primary_key.columns
        return key

    def _stuck(self, now: int) -> tuple[ColumnElement[bool], ...]:
        beyond = self.until > now + (self.longest + _STEP) // _MICROSECOND
        return (beyond,) if self.rows is None else (self.rows, beyond)


def end_stuck(service: str, units: UnitsOfWork, waits: Sequence[Wait]) -> bool:
    """Looks once at everything that waits; tells whether more is to be done at once.

    Raises:
        AxisError: The database is away.
    """
    with units.database.read() as connection:
        domain, database = to_micros(units.clock.now()), database_now(connection)
        stuck = [wait for wait in waits if wait.any_stuck(connection, domain if wait.domain else database)]
    more = False
    for wait in stuck:
        with units.begin() as work:
            ended = wait.end_stuck(work.connection, work.now_micros if wait.domain else work.database_micros)
        more = more or ended == BATCH
        _log.warning(
            "rows waited for a time that only a clock which was ahead can have set; they wait no longer",
            service=service,
            table=wait.until.table.name,
            column=wait.until.name,
            rows=ended,
        )
    return more
