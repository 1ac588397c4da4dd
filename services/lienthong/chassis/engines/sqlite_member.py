"""Consuming on the embedded event log: a member of a consumer group."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from lienthong.chassis.engines.eventlog import Record

if TYPE_CHECKING:
    from lienthong.chassis.engines.sqlite_log import SqliteEventLog

Partition = tuple[str, int]


class SqliteLogConsumer:
    """A member of a group. See `LogConsumer`."""

    def __init__(self, log: "SqliteEventLog", group: str, topics: Sequence[str]) -> None:
        self.group = group
        self.topics = topics
        self.assigned: list[Partition] = []
        self.positions: dict[Partition, int] = {}
        self._log = log
        self._closed = False
        self._done: dict[Partition, int] = {}

    def poll(self, max_records: int, timeout: float) -> Sequence[Record]:
        """Waits for records. See `LogConsumer.poll`."""
        log = self._log
        with log.grown:
            log.grown.wait_for(lambda: self._closed or bool(self._waiting()), timeout)
            waiting = {} if self._closed else {key: log.head(key) for key in self._waiting()}
            # When partitions move, these positions are left behind with what was read from them.
            positions = self.positions
        records: list[Record] = []
        for partition, head in waiting.items():
            room = max_records - len(records)
            if not room:
                break
            found = log.fetch(partition, positions[partition], room)
            records.extend(found)
            # Nothing below the head means that retention took it; staying there would look again without a pause.
            positions[partition] = found[-1].offset + 1 if found else head
        return records

    def done(self, records: Sequence[Record]) -> None:
        """Notes what may be committed. See `LogConsumer.done`."""
        for record in records:
            partition = (record.topic, record.partition)
            self._done[partition] = max(self._done.get(partition, 0), record.offset + 1)

    def commit(self, records: Sequence[Record] = ()) -> None:
        """Commits offsets. See `LogConsumer.commit`."""
        self.done(records)
        if self._done:
            self._log.commit(self.group, self._done)
            self._done = {}

    def close(self) -> None:
        """Leaves the group."""
        self._closed = True
        # What is not committed is read again, and dropped.
        with suppress(sqlite3.Error):
            self.commit()
        self._log.leave(self)

    def _waiting(self) -> list[Partition]:
        return [key for key in self.assigned if self._position(key) < self._log.head(key)]

    def _position(self, partition: Partition) -> int:
        if partition not in self.positions:
            self.positions[partition] = self._log.committed(self.group, *partition)
        return self.positions[partition]
