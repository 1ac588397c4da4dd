"""Shards of work, each done by one copy of a service at a time, for as long as its lease lasts.

Leases compare with the clock of the database, whatever clocks the copies have. A copy that was paused longer than its
lease may wake up and go on for a moment beside its successor: what is done under a lease must bear that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from sqlalchemy import Connection, Row, delete, select

from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.sql import database_now, take_locks, upsert
from lienthong.chassis.events.tables import leases

LEASE = timedelta(seconds=10)
"""How long a copy holds its shards after it was last heard of."""

RENEWAL = timedelta(seconds=3)
"""Pause between two renewals."""

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Shards:
    """The shards of one kind of work of one service.

    Attributes:
        database: Where the leases stand.
        work: What is done, such as `intake-relay`.
        count: How many shards there are, numbered from 0.
        owner: Name of this copy.
    """

    database: Database
    work: str
    count: int
    owner: str

    def renew(self) -> tuple[int, ...]:
        """Says that this copy lives, takes its fair share of the shards, and gives what is beyond it back.

        Returns:
            The shards that this copy holds now.

        Raises:
            AxisError: The database is away.
        """
        with self.database.write() as connection:
            now = take_locks(connection, [self.work]) or database_now(connection)
            held = connection.execute(select(leases).where(leases.c.work == self.work)).all()
            mine = self._share(held, now)
            dead = [
                row.name for row in held if not lives(row, now) or (row.owner == self.owner and row.name not in mine)
            ]
            connection.execute(delete(leases).where(leases.c.work == self.work, leases.c.name.in_(dead)))
            self._write(connection, mine, now)
        return tuple(sorted(int(name) for name in mine))

    def give_back(self) -> None:
        """Lets others take this copy's shards at once.

        Raises:
            AxisError: The database is away.
        """
        with self.database.write() as connection:
            take_locks(connection, [self.work])
            connection.execute(delete(leases).where(leases.c.work == self.work, leases.c.owner == self.owner))

    def _share(self, held: Sequence[Row[tuple[str, str, str, int]]], now: int) -> set[str]:
        living = [row for row in held if lives(row, now)]
        fair = ceil(self.count / len({row.owner for row in living} | {self.owner}))
        others = {row.name for row in living if row.owner != self.owner}
        mine = sorted(row.name for row in held if row.owner == self.owner and row.name.isdecimal())
        free = (str(number) for number in range(self.count) if str(number) not in others and str(number) not in mine)
        kept = mine[:fair]
        return {*kept, *(name for name, _ in zip(free, range(fair - len(kept)), strict=False))}

    def _write(self, connection: Connection, mine: set[str], now: int) -> None:
        until = now + LEASE // _MICROSECOND
        # Beside its shards a copy holds its own name, so that one without shards is counted too.
        rows = [
            {"work": self.work, "name": name, "owner": self.owner, "until": until}
            for name in sorted({*mine, f"copy {self.owner}"})
        ]
        upsert(connection, leases, rows, ("work", "name"), ("owner", "until"))


def lives(row: Row[tuple[str, str, str, int]], now: int) -> bool:
    """Tells whether a lease is in force at a time of the database."""
    # One that lasts too long is from before the clock was set back: whoever lives renews it.
    return bool(now < row.until <= now + 2 * (LEASE // _MICROSECOND))
