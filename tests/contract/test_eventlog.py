"""The event log contract: order, groups, offsets, lag, retention."""

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.chassis.engines.eventlog import EventLog, LogConsumer, NewRecord, Record

from .conftest import OpenLog
from .logs import LogUnderTest

_examples = itertools.count()


def record(key: str, value: str = "x", topic: str = "documents", **headers: str) -> NewRecord:
    """A record."""
    return NewRecord(topic, key.encode(), value.encode(), headers)


def drain(consumer: LogConsumer, count: int) -> list[Record]:
    """Polls until so many records came."""
    found: list[Record] = []
    while len(found) < count:
        records = consumer.poll(100, 5.0)
        assert records, f"{len(found)} of {count} records came"
        found += records
    return found


def drain_all(consumers: Sequence[LogConsumer], count: int) -> list[list[Record]]:
    """Polls all in turn until so many records came; gives those of each."""
    found: list[list[Record]] = [[] for _ in consumers]
    deadline = time.monotonic() + 30
    while sum(map(len, found)) < count:
        assert time.monotonic() < deadline, f"{sum(map(len, found))} of {count} records came"
        for records, consumer in zip(found, consumers, strict=True):
            records.extend(consumer.poll(100, 0.2))
    return found


def by_key(records: Sequence[Record]) -> dict[bytes, list[bytes]]:
    """Groups values by key, in the order read."""
    found: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for one in records:
        found[one.key].append(one.value)
    return dict(found)


def test_a_record_arrives_as_it_was_published(log: EventLog, engine: LogUnderTest) -> None:
    """Key, value, headers and the time of publishing come back."""
    begun = engine.micros()
    log.publish([record("một", "nội dung", ce_id="1", tiêu="đề")])
    (found,) = drain(log.join("routing", ["documents"]), 1)
    assert (found.key, found.value) == ("một".encode(), "nội dung".encode())
    assert found.headers == {"ce_id": "1", "tiêu": "đề"}
    assert (found.topic, found.offset) == ("documents", 0)
    assert begun - engine.precision <= found.timestamp <= engine.micros()


def test_order_within_a_key(open_log: OpenLog, engine: LogUnderTest) -> None:
    """Records of one key come in the order in which they were published, from one partition, however batched."""

    @settings(max_examples=engine.examples)
    @given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9)), min_size=1, max_size=60), st.data())
    def rule(rows: list[tuple[str, int]], data: st.DataObject) -> None:
        log, group = open_log(), f"group-{next(_examples)}"
        reader = log.join(group, ["documents"])
        before = sum(lag.records for lag in log.lag(group, ["documents"]))
        if before:
            reader.commit(drain(reader, before))
        cut = data.draw(st.integers(0, len(rows)))
        for part in (rows[:cut], rows[cut:]):
            log.publish([record(key, str(value)) for key, value in part])
        found = drain(reader, len(rows))
        reader.close()
        log.close()
        expected: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for key, value in rows:
            expected[key.encode()].append(str(value).encode())
        assert by_key(found) == dict(expected)
        partitions = defaultdict(set)
        for one in found:
            partitions[one.key].add(one.partition)
        assert all(len(numbers) == 1 for numbers in partitions.values())

    rule()


def test_records_survive_a_reopen(open_log: OpenLog) -> None:
    """What was published is durable, and offsets go on after it."""
    first = open_log()
    first.publish([record("a", "1"), record("a", "2")])
    first.close()
    second = open_log()
    second.publish([record("a", "3")])
    found = drain(second.join("routing", ["documents"]), 3)
    assert [(one.offset, one.value) for one in found] == [(0, b"1"), (1, b"2"), (2, b"3")]


def test_only_the_reader_commits(open_log: OpenLog) -> None:
    """Offsets move only when the reader commits, and stay after a reopen."""
    first = open_log()
    first.publish([record("a", str(number)) for number in range(4)])
    reader = first.join("routing", ["documents"])
    records = drain(reader, 4)
    reader.commit(records[:2])
    first.close()
    again = drain(open_log().join("routing", ["documents"]), 2)
    assert [one.value for one in again] == [b"2", b"3"]


def test_what_is_done_is_committed_next_time_or_in_leaving(log: EventLog) -> None:
    """Noting that records are done moves nothing yet; the next commit does, and so does leaving."""
    log.publish([record("a", str(number)) for number in range(4)])
    reader = log.join("routing", ["documents"])
    records = drain(reader, 4)

    def left() -> int:
        return sum(lag.records for lag in log.lag("routing", ["documents"]))

    reader.done(records[:2])
    assert left() == 4
    reader.commit()
    assert left() == 2
    reader.done(records)
    reader.close()
    assert left() == 0


def test_offsets_never_go_back(log: EventLog) -> None:
    """Committing older records after newer ones changes nothing."""
    log.publish([record("a", str(number)) for number in range(4)])
    reader = log.join("routing", ["documents"])
    records = drain(reader, 4)
    reader.commit(records)
    reader.commit(records[:1])
    reader.commit([])
    assert sum(lag.records for lag in log.lag("routing", ["documents"])) == 0


def test_groups_do_not_disturb_each_other(log: EventLog) -> None:
    """Each group has all records for itself."""
    log.publish([record(str(number)) for number in range(10)])
    one, two = log.join("routing", ["documents"]), log.join("signing", ["documents"])
    one.commit(drain(one, 10))
    assert len(drain(two, 10)) == 10
    assert sum(lag.records for lag in log.lag("signing", ["documents"])) == 10


def test_members_share_the_partitions(log: EventLog, engine: LogUnderTest) -> None:
    """Two members of a group have all partitions, none of them both; whoever stays has all again."""
    one, two = log.join("routing", ["documents"]), log.join("routing", ["documents"])
    engine.settle(one, two)
    log.publish([record(str(number)) for number in range(40)])
    mine, yours = drain_all([one, two], 40)
    assert len(mine) + len(yours) == 40
    assert not {record.partition for record in mine} & {record.partition for record in yours}
    one.commit(mine)
    two.close()
    assert len(drain(one, len(yours))) == len(yours)


def test_what_was_not_committed_comes_again(log: EventLog, engine: LogUnderTest) -> None:
    """When a member joins, partitions move and what was read without a commit is read again by whoever gets them."""
    log.publish([record(str(number)) for number in range(20)])
    one = log.join("routing", ["documents"])
    read = drain(one, 20)
    two = log.join("routing", ["documents"])
    mine, yours = engine.settle(one, two)
    moved = {(one.partition, one.offset) for one in read if (one.topic, one.partition) in two.assigned}
    yours += drain(two, len(moved) - len(yours))
    assert {(one.partition, one.offset) for one in yours} == moved
    assert len(yours) == len(moved)
    if engine.at_once:
        # Here partitions that stay are given anew as well.
        mine += one.poll(100, 1.0)
        assert len(mine) + len(yours) == 20


def test_assigned(log: EventLog, engine: LogUnderTest) -> None:
    """A member tells which partitions are its own, and none after it left."""
    reader = log.join("routing", ["documents"])
    engine.settle(reader)
    assert set(reader.assigned) == {("documents", number) for number in range(4)}
    reader.close()
    assert not reader.assigned


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


def test_publishing_nothing(log: EventLog) -> None:
    """Publishing nothing is no error and leaves nothing."""
    log.publish([])
    assert log.join("routing", ["documents"]).poll(10, 0.0) == []


def test_unknown_topics(log: EventLog) -> None:
    """A topic that does not exist cannot be joined, and nothing can be published to it; the rest stays usable."""
    with pytest.raises(ValueError, match="nonsense"):
        log.join("routing", ["documents", "nonsense"])
    with pytest.raises((ValueError, KeyError), match="nonsense"):
        log.publish([record("a"), record("a", topic="nonsense")])
    log.publish([record("b")])
    assert [one.key for one in drain(log.join("routing", ["documents"]), 1)] == [b"b"]


def test_poll_is_bounded(log: EventLog, engine: LogUnderTest) -> None:
    """A poll brings at most what was asked, and the next ones the rest."""
    log.publish([record(str(number)) for number in range(10)])
    reader = log.join("routing", ["documents"])
    sizes: list[int] = []
    while sum(sizes) < 10:
        sizes.append(len(reader.poll(3, 5.0)))
        assert 0 < sizes[-1] <= 3
    assert sum(sizes) == 10
    assert not engine.at_once or sizes == [3, 3, 3, 1]


def test_poll_wakes_for_new_records(log: EventLog) -> None:
    """A poll that waits returns as soon as something is published, not at its timeout."""
    reader = log.join("routing", ["documents"])
    found: list[Record] = []
    thread = threading.Thread(target=lambda: found.extend(reader.poll(10, 30.0)))
    thread.start()
    log.publish([record("a")])
    thread.join(10.0)
    assert not thread.is_alive()
    assert len(found) == 1


def test_a_closed_member_reads_nothing(log: EventLog) -> None:
    """Leaving ends a poll that waits, and polls after it bring nothing."""
    reader = log.join("routing", ["documents"])
    thread = threading.Thread(target=lambda: reader.poll(10, 30.0))
    thread.start()
    reader.close()
    thread.join(10.0)
    assert not thread.is_alive()
    log.publish([record("a")])
    assert reader.poll(10, 0.0) == []


def test_concurrent_publishers_and_readers(log: EventLog, engine: LogUnderTest) -> None:
    """Four publishers and two readers at once: every record once, each key in order."""
    readers = [log.join("routing", ["documents"]) for _ in range(2)]
    engine.settle(*readers)
    found: list[Record] = []
    done, turn = threading.Event(), threading.Lock()

    def publish(number: int) -> None:
        for value in range(25):
            log.publish([record(f"key-{number}", str(value)), record(f"other-{number}", str(value))])

    def read(reader: LogConsumer) -> None:
        while not done.is_set():
            records = reader.poll(7, 0.05)
            if records:
                reader.commit(records)
                with turn:
                    found.extend(records)
                    if len(found) == 200:
                        done.set()

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    threads += [threading.Thread(target=read, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    values = [str(value).encode() for value in range(25)]
    assert by_key(found) == {f"{kind}-{n}".encode(): values for kind in ("key", "other") for n in range(4)}
    assert sum(lag.records for lag in log.lag("routing", ["documents"])) == 0
