"""The embedded event log does not grow for ever, and nobody waits long while it shrinks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lienthong.chassis.engines.eventlog import NewRecord, Topic
from lienthong.chassis.engines.sqlite_log import SqliteEventLog
from lienthong.chassis.times import to_micros
from lienthong.testing.clock import FakeClock

TOPICS = (Topic("t", partitions=1, retention_seconds=60), Topic("d", partitions=1, retention_seconds=0, compacted=True))


@pytest.fixture
def clock() -> FakeClock:
    """A clock that a test moves."""
    return FakeClock()


@pytest.fixture
def log(tmp_path: Path, clock: FakeClock) -> Iterator[SqliteEventLog]:
    """An empty event log."""
    made = SqliteEventLog(tmp_path, TOPICS, clock)
    yield made
    made.close()


def test_many_old_records_go_in_batches(log: SqliteEventLog, clock: FakeClock) -> None:
    """A thousand at a time, the oldest first; what is young stays, also beside old ones."""
    log.publish([NewRecord("t", b"k", b"old", {}) for _ in range(2300)])
    clock.advance(seconds=61)
    log.publish([NewRecord("t", b"k", b"young", {}) for _ in range(5)])
    assert [log.trim(to_micros(clock.now())) for _ in range(4)] == [1000, 1000, 300, 0]
    assert [record.value for record in log.fetch(("t", 0), 0, 10)] == [b"young"] * 5


def test_the_last_state_of_each_key_stays(log: SqliteEventLog, clock: FakeClock) -> None:
    """However old: a compacted topic keeps one record of each key."""
    log.publish([NewRecord("d", f"k{number % 50}".encode(), b"%d" % number, {}) for number in range(5000)])
    clock.advance(days=400)
    assert log.trim(to_micros(clock.now())) == 4950
    assert len(log.fetch(("d", 0), 0, 100)) == 50
    assert log.trim(to_micros(clock.now())) == 0


def test_what_was_not_read_stays(log: SqliteEventLog, clock: FakeClock) -> None:
    """However long the program was stopped: what a group has not taken yet is kept for it, and goes once it has."""
    log.publish([NewRecord("t", b"k", b"taken", {}), NewRecord("t", b"k", b"waits", {})])
    log.join("g", ["t"]).commit([log.fetch(("t", 0), 0, 1)[0]])
    clock.advance(days=21)
    assert log.trim(to_micros(clock.now())) == 1
    reader = log.join("g", ["t"])
    records = log.fetch(("t", 0), log.committed("g", "t", 0), 10)
    assert [record.value for record in records] == [b"waits"]
    reader.commit(records)
    assert log.trim(to_micros(clock.now())) == 1


def test_who_has_read_nothing_yet_is_waited_for(log: SqliteEventLog, clock: FakeClock) -> None:
    """A group that has joined and committed nothing holds back what is old, too."""
    log.join("g", ["t"])
    log.publish([NewRecord("t", b"k", b"waits", {})])
    clock.advance(days=21)
    assert log.trim(to_micros(clock.now())) == 0
