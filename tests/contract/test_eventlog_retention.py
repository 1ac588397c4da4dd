"""The event log contract: lag, and what retention and compaction leave."""

import time

from lienthong.chassis.engines.eventlog import EventLog

from .conftest import OpenLog
from .logs import LogUnderTest
from .records import drain, record


def test_lag_in_records_and_age(log: EventLog, engine: LogUnderTest) -> None:
    """Lag tells how many records wait in each partition and since when the oldest does."""
    begun = engine.micros()
    log.publish([record("a")])
    engine.wait()
    later = engine.micros()
    log.publish([record("a"), record("a")])
    waiting = [lag for lag in log.lag("routing", ["documents"]) if lag.records]
    assert [lag.records for lag in waiting] == [3]
    assert begun - engine.precision <= (waiting[0].oldest or 0) < later - engine.precision
    assert len(log.lag("routing", ["documents"])) == 4
    reader = log.join("routing", ["documents"])
    records = drain(reader, 3)
    reader.commit(records[:1])
    (lag,) = [lag for lag in log.lag("routing", ["documents"]) if lag.records]
    assert lag.records == 2
    assert later - engine.precision <= (lag.oldest or 0) <= engine.micros()


def test_retention(log: EventLog, engine: LogUnderTest) -> None:
    """Records older than the retention go; newer ones and offsets stay."""
    log.publish([record("a", "old")])
    engine.outlive()
    log.publish([record("a", "new")])
    assert engine.trim(log) == 1
    assert engine.trim(log) == 0
    (found,) = drain(log.join("routing", ["documents"]), 1)
    assert (found.value, found.offset) == (b"new", 1)


def test_lag_after_retention(log: EventLog, engine: LogUnderTest) -> None:
    """What retention removed can be read by nobody and is no lag."""
    log.publish([record("a", "old")])
    engine.outlive()
    engine.trim(log)
    assert [lag.records for lag in log.lag("routing", ["documents"]) if lag.records] == []


def test_waiting_after_retention(log: EventLog, engine: LogUnderTest) -> None:
    """A reader that waits where retention removed everything really waits, and wakes for the next record."""
    reader = log.join("routing", ["documents"])
    log.publish([record("a", "old")])
    engine.outlive()
    engine.trim(log)
    reader.poll(10, 0.0)
    begun = time.monotonic()
    assert reader.poll(10, 0.2) == []
    assert time.monotonic() - begun >= 0.2
    log.publish([record("a", "new")])
    assert [one.value for one in drain(reader, 1)] == [b"new"]


def test_compaction(log: EventLog, engine: LogUnderTest) -> None:
    """A compacted topic keeps the last record of each key for ever, in order."""
    log.publish([record(key, value, "directory") for key, value in (("a", "1"), ("b", "1"), ("a", "2"), ("c", "1"))])
    assert engine.compact(log) == 1
    found = drain(log.join("routing", ["directory"]), 3)
    assert not engine.at_once or len(found) == 3
    assert [(one.key, one.value) for one in found[:3]] == [(b"b", b"1"), (b"a", b"2"), (b"c", b"1")]


def test_an_emptied_topic_keeps_counting(open_log: OpenLog, engine: LogUnderTest) -> None:
    """Offsets go on after everything was removed, also after a reopen: an old commit never hides a new record."""
    first = open_log()
    first.publish([record("a", "1")])
    reader = first.join("routing", ["documents"])
    reader.commit(drain(reader, 1))
    engine.outlive()
    engine.trim(first)
    first.close()
    second = open_log()
    second.publish([record("a", "2")])
    assert [one.value for one in drain(second.join("routing", ["documents"]), 1)] == [b"2"]
