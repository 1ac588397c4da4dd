"""The embedded event log: records in one SQLite file, offsets in another.

Records are durable before `publish` returns (`synchronous=FULL`), and stay until every group has taken them. Offsets
may be a little behind after a power cut (`synchronous=NORMAL`): then records come again, which readers must expect
anyway. One process owns the files.
"""

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Final

from lienthong.chassis import failpoints
from lienthong.chassis.clock import Clock
from lienthong.chassis.engines.eventlog import Lag, NewRecord, Record, Topic
from lienthong.chassis.engines.sql import together
from lienthong.chassis.engines.sqlite_member import Partition, SqliteLogConsumer
from lienthong.chassis.errors import AxisError, storage_full, unavailable
from lienthong.chassis.tally import Tally
from lienthong.chassis.times import to_micros

_RECORDS: Final = """
CREATE TABLE IF NOT EXISTS records (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
    headers TEXT NOT NULL, timestamp INTEGER NOT NULL, PRIMARY KEY (topic, partition, offset)) WITHOUT ROWID
"""
_OFFSETS: Final = """
CREATE TABLE IF NOT EXISTS offsets (
    consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)) WITHOUT ROWID
"""
_HEADS: Final = (
    "CREATE TABLE IF NOT EXISTS heads (topic TEXT, partition INTEGER, next INTEGER, PRIMARY KEY (topic, partition))"
)
_INSERT: Final = "INSERT INTO records VALUES "
_RECORD: Final = "(?, ?, ?, ?, ?, ?, ?)"
_ADVANCE: Final = "INSERT INTO heads VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next = excluded.next"
_FETCH: Final = """
SELECT offset, key, value, headers, timestamp FROM records
WHERE topic = ? AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?
"""
_COMMIT: Final = """
INSERT INTO offsets VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET next = max(next, excluded.next)
"""
_READERS: Final = "SELECT DISTINCT consumer_group FROM offsets WHERE topic = ?"
_TRIM: Final = """
DELETE FROM records WHERE (topic, partition, offset) IN
    (SELECT topic, partition, offset FROM records WHERE topic = ? AND partition = ? ORDER BY offset LIMIT 1000)
AND timestamp < ? AND offset < ?
"""
"""The oldest of a partition, some at a time: whoever publishes waits meanwhile."""
_COMPACT: Final = """
DELETE FROM records WHERE topic = :topic AND (partition, offset) NOT IN
    (SELECT partition, max(offset) FROM records WHERE topic = :topic GROUP BY partition, key)
"""


class SqliteEventLog:
    """A durable log for one process. See `EventLog`."""

    def __init__(self, folder: Path, topics: Sequence[Topic], clock: Clock) -> None:
        """Opens or makes the files.

        Args:
            folder: Where the files stand; it exists.
            topics: The topics that exist.
            clock: Stamps records.
        """
        self.topics: Mapping[str, Topic] = {topic.name: topic for topic in topics}
        self._clock = clock
        self.syncs = Tally()
        """Waits for the disk: one for each batch that was published."""
        with ExitStack() as opened:
            self._records = opened.enter_context(_open(folder / "records.db", "FULL", _RECORDS, _HEADS))
            self._offsets = opened.enter_context(_open(folder / "offsets.db", "NORMAL", _OFFSETS))
            self._reader = opened.enter_context(_open(folder / "records.db", "FULL"))
            self._opened = opened.pop_all()
        self._write_turn = threading.Lock()
        self._read_turn = threading.Lock()
        self._offset_turn = threading.Lock()
        self.grown = threading.Condition()
        self._heads = self._load_heads()
        self._groups: dict[str, list[SqliteLogConsumer]] = {}

    def publish(self, records: Sequence[NewRecord]) -> None:
        """Appends records. See `EventLog.publish`."""
        if not records:
            return
        with self._write_turn:
            heads = dict(self._heads)
            stamp = to_micros(self._clock.now())
            rows = [self._place(record, heads, stamp) for record in records]
            self._append(rows, heads)
            # Before the next writer looks: it would give the same offsets out again.
            with self.grown:
                self._heads = heads
                self.grown.notify_all()

    def join(self, group: str, topics: Sequence[str]) -> SqliteLogConsumer:
        """Becomes a member of a group. See `EventLog.join`."""
        missing = [name for name in topics if name not in self.topics]
        if missing:
            raise ValueError(f"topics do not exist: {', '.join(missing)}")
        consumer = SqliteLogConsumer(self, group, topics)
        with self.grown:
            self._groups.setdefault(group, []).append(consumer)
            self._assign(group)
        return consumer

    def leave(self, consumer: SqliteLogConsumer) -> None:
        """Ends a membership."""
        with self.grown:
            members = self._groups.get(consumer.group, [])
            if consumer in members:
                members.remove(consumer)
                consumer.assigned = []
                self._assign(consumer.group)
            self.grown.notify_all()

    def lag(self, group: str, topics: Sequence[str]) -> Sequence[Lag]:
        """Tells how far a group is behind. See `EventLog.lag`."""
        return [
            self._lag_of(name, partition, self.committed(group, name, partition))
            for name in topics
            for partition in range(self.topics[name].partitions)
        ]

    def trim(self, now_micros: int) -> int:
        """Removes what is no longer kept. See `EventLog.trim`."""
        removed = 0
        with self._write_turn, self._records:
            for topic in self.topics.values():
                removed += self._trim_topic(topic, now_micros)
        return removed

    def close(self) -> None:
        """Gives everything back."""
        with self.grown:
            self.grown.notify_all()
        self._opened.close()

    def head(self, partition: Partition) -> int:
        """Tells the offset that the next record of a partition will get."""
        return self._heads.get(partition, 0)

    def committed(self, group: str, topic: str, partition: int) -> int:
        """Tells the offset from which a group goes on."""
        with self._offset_turn:
            row = self._offsets.execute(
                "SELECT next FROM offsets WHERE consumer_group = ? AND topic = ? AND partition = ?",
                (group, topic, partition),
            ).fetchone()
        return row[0] if row else 0

    def commit(self, group: str, positions: Mapping[Partition, int]) -> None:
        """Stores from where a group goes on."""
        rows = [(group, topic, number, offset) for (topic, number), offset in positions.items()]
        with self._offset_turn, self._offsets:
            self._offsets.executemany(_COMMIT, rows)

    def fetch(self, partition: Partition, offset: int, limit: int) -> list[Record]:
        """Reads records of a partition in order."""
        topic, number = partition
        with self._read_turn:
            rows = self._reader.execute(_FETCH, (topic, number, offset, limit)).fetchall()
        return [Record(topic, number, at, key, value, json.loads(heads), ts) for at, key, value, heads, ts in rows]

    def _place(self, record: NewRecord, heads: dict[Partition, int], stamp: int) -> tuple[object, ...]:
        topic = self.topics[record.topic]
        partition = (topic.name, zlib.crc32(record.key) % topic.partitions)
        offset = heads.get(partition, 0)
        heads[partition] = offset + 1
        headers = json.dumps(dict(record.headers), ensure_ascii=False)
        return (*partition, offset, record.key, record.value, headers, stamp)

    def _append(self, rows: Sequence[tuple[object, ...]], heads: Mapping[Partition, int]) -> None:
        changed = {key: value for key, value in heads.items() if self._heads.get(key) != value}
        try:
            with self._records:
                for some in together(rows):
                    statement = _INSERT + ", ".join([_RECORD] * len(some))
                    self._records.execute(statement, tuple(chain.from_iterable(some)))
                self._records.executemany(_ADVANCE, [(*key, value) for key, value in changed.items()])
                failpoints.reach("log.before-commit")
        except sqlite3.OperationalError as error:
            raise _told(error) from error
        self.syncs.add()
        failpoints.reach("log.after-commit")

    def _load_heads(self) -> dict[Partition, int]:
        return {(topic, number): value for topic, number, value in self._records.execute("SELECT * FROM heads")}

    def _assign(self, group: str) -> None:
        members = self._groups[group]
        for index, member in enumerate(members):
            member.assigned = [
                (name, number)
                for name in member.topics
                for number in range(self.topics[name].partitions)
                if number % len(members) == index
            ]
            member.positions = {}

    def _lag_of(self, topic: str, partition: int, position: int) -> Lag:
        head = self.head((topic, partition))
        first = self.fetch((topic, partition), position, 1) if position < head else []
        # What retention removed waits for nobody.
        if not first:
            return Lag(topic, partition, 0, None)
        return Lag(topic, partition, head - first[0].offset, first[0].timestamp)

    def _taken_by_all(self, topic: str, partition: int) -> int:
        """Tells up to which offset every group has taken a partition; its head when no group reads it.

        A program that was stopped for longer than the retention still owes its services what they had not taken.
        """
        with self.grown:
            groups = {name for name, members in self._groups.items() if any(topic in one.topics for one in members)}
        with self._offset_turn:
            groups.update(name for (name,) in self._offsets.execute(_READERS, (topic,)))
        return min((self.committed(name, topic, partition) for name in groups), default=self.head((topic, partition)))

    def _trim_topic(self, topic: Topic, now_micros: int) -> int:
        removed = 0
        if topic.retention_seconds:
            before = now_micros - topic.retention_seconds * 1_000_000
            for number in range(topic.partitions):
                taken = self._taken_by_all(topic.name, number)
                removed += self._records.execute(_TRIM, (topic.name, number, before, taken)).rowcount
        if topic.compacted:
            removed += self._records.execute(_COMPACT, {"topic": topic.name}).rowcount
        return removed


@contextmanager
def _open(path: Path, synchronous: str, *tables: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, check_same_thread=False, timeout=30)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA journal_size_limit=67108864")
        for table in tables:
            connection.execute(table)
        connection.commit()
        yield connection


def _told(error: sqlite3.OperationalError) -> AxisError:
    if "full" in str(error):
        return storage_full("events")
    return unavailable("EVENT_LOG_AWAY", f"The event log does not answer: {error}", timedelta(seconds=1))
