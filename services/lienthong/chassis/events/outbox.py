"""The outbox: events are written with the state change and published afterwards, in order."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any
from zlib import crc32

import structlog
from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, select, update

from lienthong.chassis import failpoints
from lienthong.chassis.clock import Clock
from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.eventlog import EventLog
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.engines.sql import among, upsert
from lienthong.chassis.errors import AxisError, invalid
from lienthong.chassis.events.aggregates import by_topic, of_one_topic
from lienthong.chassis.events.event import DIRECTORY, VALUE_BYTES_AT_MOST, NewEvent, record_of
from lienthong.chassis.events.refused import REASONS, Refused
from lienthong.chassis.events.tables import outbox, versions
from lienthong.chassis.ids import IdSource
from lienthong.chassis.leases import RENEWAL, Shards
from lienthong.chassis.pace import Pace
from lienthong.chassis.seldom import Seldom
from lienthong.chassis.times import from_micros, to_micros

BATCH = 500
"""Events published at once."""

REPUBLISHED_AT_ONCE = 10_000
"""Rows that one statement marks to be published again, about: it ends within `engines.postgres.statement_seconds`."""

SHARDS = 8
"""Parts of an outbox, each published by one copy of the service at a time; a key is always in the same one."""

_IDLE_SECONDS = 1.0
_RETRY_SECONDS = 0.5
_PACE = Pace(least=0.01, most=0.1)
"""Of batches, so that events that come close together go together."""

_log = structlog.get_logger(__name__)


def write_events(rows: Rows, events: Sequence[tuple[NewEvent, str]], ids: IdSource, now: int) -> None:
    """Writes events into the outbox, each with the next version of its aggregate and in the trace that began it.

    Args:
        rows: Of the transaction of the state change; they are written with them.
        events: What happened, in order, each with the trace that it belongs to.
        ids: Gives the events' identifiers.
        now: Microseconds since 1970.

    Raises:
        AxisError: INVALID_ARGUMENT for an event that no log would take.
    """
    aggregates = _aggregates(rows, events)
    known = set(aggregates)
    told = []
    for event, traceparent in events:
        aggregate = aggregates.setdefault((event.topic, event.subject), _Aggregate(0, traceparent))
        aggregate.version += 1
        begun = traceparent if event.topic == DIRECTORY else aggregate.traceparent
        told.append(_row(event, aggregate.version, ids.new(), now, begun))
    # New ones are inserted and nothing else: of two that begin the same aggregate one must fail.
    rows.insert(versions, [_kept(key, one) for key, one in aggregates.items() if key not in known])
    rows.insert(outbox, told)
    if known:
        upsert(rows.connection, versions, [_kept(key, aggregates[key]) for key in sorted(known)], _KEY, ("version",))


@dataclass(slots=True)
class _Aggregate:
    version: int
    traceparent: str


_KEY = ("topic", "subject")
_VERSIONS = of_one_topic(versions).with_for_update()


def _aggregates(rows: Rows, events: Sequence[tuple[NewEvent, str]]) -> dict[tuple[str, str], _Aggregate]:
    keys = {(event.topic, event.subject) for event, _traceparent in events}
    found = chain.from_iterable(rows.execute(_VERSIONS, some) for some in by_topic(keys))
    return {(row.topic, row.subject): _Aggregate(row.version, row.traceparent) for row in found}


def _kept(key: tuple[str, str], one: _Aggregate) -> dict[str, Any]:
    return {"topic": key[0], "subject": key[1], "version": one.version, "traceparent": one.traceparent}


def _row(event: NewEvent, sequence: int, identifier: str, now: int, traceparent: str) -> dict[str, Any]:
    value = event.value.SerializeToString(deterministic=True)
    if len(value) > VALUE_BYTES_AT_MOST:
        what = event.value.DESCRIPTOR.name
        raise invalid(
            "EVENT_TOO_LARGE",
            f"{what} of {event.subject} has {len(value)} bytes; at most {VALUE_BYTES_AT_MOST} can be told to the other "
            "services. Shorten its texts, or send it in parts.",
            subject=event.subject,
        )
    return {
        "event_id": identifier,
        "shard": crc32(event.key.encode()) % SHARDS,
        "topic": event.topic,
        "key": event.key,
        "type": event.value.DESCRIPTOR.full_name,
        "subject": event.subject,
        "sequence": sequence,
        "value": value,
        "traceparent": traceparent,
        "written_at": now,
    }


class Relay:
    """Publishes the outbox of one service, in a thread of its own."""

    def __init__(self, service: str, database: Database, log: EventLog, clock: Clock, owner: str = "") -> None:
        """Prepares the thread.

        Args:
            service: Whose outbox.
            database: Where it stands.
            log: Where to publish.
            clock: Tells the time.
            owner: Name of this copy of the service; a copy that is alone needs none.
        """
        self._source = f"/lienthong/{service}"
        self._shards = Shards(database, f"{service}-relay", SHARDS, owner)
        self._held: tuple[int, ...] = ()
        self._renewed_at = float("-inf")
        self._database = database
        self._event_log = log
        self._clock = clock
        self._outages = Seldom()
        self.refused = Refused(service)
        """Keys of which nothing is published for now."""

        self._due = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{service}-relay", daemon=True)

    def start(self) -> None:
        """Begins to publish; rows that an earlier run left are first."""
        self._due.set()
        self._thread.start()

    @property
    def alone(self) -> bool:
        """Whether this copy publishes everything; otherwise other relays must be woken too."""
        return len(self._held) == SHARDS

    def wake(self) -> None:
        """Says that new rows are there."""
        self._due.set()

    def stop(self, timeout: float) -> None:
        """Publishes what is there and ends, within `timeout` seconds."""
        self._stopping.set()
        self._due.set()
        self._thread.join(timeout)
        if self._thread.is_alive():
            # An engine hangs; who takes the shards over need not wait longer than for those of a copy that died.
            return
        with suppress(AxisError):
            self._shards.give_back()

    def publish_once(self) -> int:
        """Publishes one batch; tells how many events that were.

        Raises:
            AxisError: The log or the database is away.
        """
        if time.monotonic() - self._renewed_at >= RENEWAL.total_seconds():
            # From before the answer: the lease may begin to run at any time until then.
            self._renewed_at, self._held = time.monotonic(), self._shards.renew()
        with self._database.look() as connection:
            rows = connection.execute(_WAITING, {"shards": self._held, "refused": self.refused.keys()}).all()
        if not rows:
            return 0
        failpoints.reach("relay.before-publish")
        try:
            self._publish(rows)
        except AxisError as error:
            if error.reason not in REASONS:
                raise
            return self._one_by_one(rows)
        failpoints.reach("relay.after-publish")
        self._mark(rows)
        failpoints.reach("relay.after-mark")
        return len(rows)

    def _one_by_one(self, rows: Sequence[Any]) -> int:
        """Publishes what the log refused together; what it refuses still holds back all that comes later of its key."""
        published = []
        try:
            for row in rows:
                if row.key not in self.refused.reasons:
                    with self.refused.noting(row.key):
                        self._publish([row])
                        published.append(row)
        finally:
            self._mark(published)
        return len(published)

    def _publish(self, rows: Sequence[Any]) -> None:
        self._event_log.publish([record_of(row, self._source, _rfc3339(row.written_at)) for row in rows])

    def _mark(self, rows: Sequence[Any]) -> None:
        with self._database.write() as connection:
            connection.execute(_MARK, {"rows": [row.id for row in rows], "at": to_micros(self._clock.now())})

    def _run(self) -> None:
        while not (self._stopping.is_set() and not self._due.is_set()):
            self._due.wait(_IDLE_SECONDS)
            self._due.clear()
            begun = time.monotonic()
            try:
                # Rows written since the last look have asked for another one.
                while self.publish_once() == BATCH:
                    pass
            except AxisError as error:
                if self._outages.is_news(error.reason):
                    _log.warning("events wait in the outbox", reason=error.reason, detail=error.message)
            except Exception:  # noqa: BLE001 -- a relay that ended would hold everything back until the next start
                _log.exception("the relay failed; it goes on")
            else:
                self._stopping.wait(_PACE.rest(time.monotonic() - begun))
                continue
            if self._stopping.wait(_RETRY_SECONDS):
                return
            self._due.set()


_WAITING = (
    select(*(column for column in outbox.c if column.name not in {"shard", "published_at"}))
    .where(outbox.c.published_at.is_(None), outbox.c.shard.in_(bindparam("shards", expanding=True)))
    .where(outbox.c.key.not_in(bindparam("refused", expanding=True)))
    .order_by(outbox.c.id)
    .limit(BATCH)
)
_MARK = update(outbox).where(among(outbox.c.id, "rows")).values(published_at=bindparam("at"))


def _rfc3339(micros: int) -> str:
    return from_micros(micros).isoformat().replace("+00:00", "Z")


def outbox_waiting(connection: Connection, now: int) -> tuple[int, int]:
    """Tells how many rows wait, and how old the oldest is in microseconds; reads those rows alone."""
    waiting = select(func.count(), func.min(outbox.c.written_at)).where(outbox.c.published_at.is_(None))
    count, oldest = connection.execute(waiting).one()
    return count, now - oldest if oldest else 0


def outbox_state(connection: Connection, now: int) -> tuple[int, int, int]:
    """Tells what `outbox_waiting` does, and how many published rows are kept, which reads all of them."""
    kept = connection.execute(select(func.count()).where(outbox.c.published_at.is_not(None))).scalar_one()
    return *outbox_waiting(connection, now), kept


def republish(connection: Connection, since: int, batch: int = REPUBLISHED_AT_ONCE) -> tuple[int, int | None]:
    """Marks kept rows to be published again, the oldest first.

    Args:
        connection: The transaction.
        since: Rows written at or after this time, in microseconds since 1970.
        batch: How many, about: rows that were written at one moment stay together.

    Returns:
        How many were marked, and since when there are more; None when there are not.
    """
    later = select(outbox.c.written_at).where(outbox.c.written_at >= since).order_by(outbox.c.written_at)
    first, end = (connection.execute(later.offset(skip).limit(1)).scalar_one_or_none() for skip in (0, batch))
    if end is not None and end == first:
        end = connection.execute(later.where(outbox.c.written_at > end).limit(1)).scalar_one_or_none()
    again = update(outbox).where(_since(since))
    if end is not None:
        again = again.where(outbox.c.written_at < end)
    return connection.execute(again.values(published_at=None)).rowcount, end


def count_kept(connection: Connection, since: int) -> int:
    """Counts what `republish` would mark, all batches together."""
    return connection.execute(select(func.count()).select_from(outbox).where(_since(since))).scalar_one()


def _since(since: int) -> ColumnElement[bool]:
    return and_(outbox.c.written_at >= since, outbox.c.published_at.is_not(None))
