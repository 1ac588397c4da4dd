"""The event log contract: order, groups, offsets, lag, retention."""

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.chassis.engines.eventlog import EventLog, LogConsumer, NewRecord, Record
from lienthong.chassis.times import to_micros
from lienthong.testing.clock import FakeClock

from .conftest import OpenLog

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


def by_key(records: Sequence[Record]) -> dict[bytes, list[bytes]]:
    """Groups values by key, in the order read."""
    found: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for one in records:
        found[one.key].append(one.value)
    return dict(found)


def test_a_record_arrives_as_it_was_published(log: EventLog, clock: FakeClock) -> None:
    """Key, value, headers and the time of publishing come back."""
    log.publish([record("một", "nội dung", ce_id="1", tiêu="đề")])
    (found,) = drain(log.join("routing", ["documents"]), 1)
    assert (found.key, found.value) == ("một".encode(), "nội dung".encode())
    assert found.headers == {"ce_id": "1", "tiêu": "đề"}
    assert (found.topic, found.offset, found.timestamp) == ("documents", 0, to_micros(clock.now()))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9)), min_size=1, max_size=60), st.data())
def test_order_within_a_key(open_log: OpenLog, rows: list[tuple[str, int]], data: st.DataObject) -> None:
    """Records of one key come in the order in which they were published, from one partition, however batched."""
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


def test_members_share_the_partitions(log: EventLog) -> None:
    """Two members of a group have all partitions, none of them both; whoever stays has all again."""
    one, two = log.join("routing", ["documents"]), log.join("routing", ["documents"])
    log.publish([record(str(number)) for number in range(40)])
    mine, yours = list(one.poll(100, 1.0)), list(two.poll(100, 1.0))
    assert len(mine) + len(yours) == 40
    assert not {record.partition for record in mine} & {record.partition for record in yours}
    one.commit(mine)
    two.close()
    assert len(drain(one, len(yours))) == len(yours)


def test_what_was_not_committed_comes_again(log: EventLog) -> None:
    """When a member joins, partitions move and what was read without a commit is read again by whoever has them."""
    log.publish([record(str(number)) for number in range(20)])
    one = log.join("routing", ["documents"])
    assert len(drain(one, 20)) == 20
    two = log.join("routing", ["documents"])
    assert len([*one.poll(100, 1.0), *two.poll(100, 1.0)]) == 20


def test_lag_in_records_and_age(log: EventLog, clock: FakeClock) -> None:
    """Lag tells how many records wait in each partition and since when the oldest does."""
    begun = to_micros(clock.now())
    log.publish([record("a")])
    clock.advance(seconds=60)
    log.publish([record("a"), record("a")])
    waiting = [lag for lag in log.lag("routing", ["documents"]) if lag.records]
    assert [(lag.records, lag.oldest) for lag in waiting] == [(3, begun)]
    assert len(log.lag("routing", ["documents"])) == 4
    reader = log.join("routing", ["documents"])
    records = drain(reader, 3)
    reader.commit(records[:1])
    (lag,) = [lag for lag in log.lag("routing", ["documents"]) if lag.records]
    assert (lag.records, lag.oldest) == (2, begun + 60_000_000)


def test_retention(log: EventLog, clock: FakeClock) -> None:
    """Records older than the retention go; newer ones and offsets stay."""
    log.publish([record("a", "old")])
    clock.advance(seconds=3601)
    log.publish([record("a", "new")])
    assert log.trim(to_micros(clock.now())) == 1
    assert log.trim(to_micros(clock.now())) == 0
    (found,) = drain(log.join("routing", ["documents"]), 1)
    assert (found.value, found.offset) == (b"new", 1)


def test_lag_after_retention(log: EventLog, clock: FakeClock) -> None:
    """What retention removed can be read by nobody and is no lag."""
    log.publish([record("a", "old")])
    clock.advance(seconds=3601)
    log.trim(to_micros(clock.now()))
    assert [lag.records for lag in log.lag("routing", ["documents"]) if lag.records] == []


def test_waiting_after_retention(log: EventLog, clock: FakeClock) -> None:
    """A reader that waits where retention removed everything really waits, and wakes for the next record."""
    reader = log.join("routing", ["documents"])
    log.publish([record("a", "old")])
    clock.advance(seconds=3601)
    log.trim(to_micros(clock.now()))
    reader.poll(10, 0.0)
    begun = time.monotonic()
    assert reader.poll(10, 0.2) == []
    assert time.monotonic() - begun >= 0.2
    log.publish([record("a", "new")])
    assert [one.value for one in drain(reader, 1)] == [b"new"]


def test_compaction(log: EventLog, clock: FakeClock) -> None:
    """A compacted topic keeps the last record of each key for ever, in order."""
    log.publish([record(key, value, "directory") for key, value in (("a", "1"), ("b", "1"), ("a", "2"), ("c", "1"))])
    clock.advance(days=3650)
    assert log.trim(to_micros(clock.now())) == 1
    found = drain(log.join("routing", ["directory"]), 3)
    assert [(one.key, one.value) for one in found] == [(b"b", b"1"), (b"a", b"2"), (b"c", b"1")]


def test_an_emptied_topic_keeps_counting(open_log: OpenLog, clock: FakeClock) -> None:
    """Offsets go on after everything was removed, also after a reopen: an old commit never hides a new record."""
    first = open_log()
    first.publish([record("a", "1")])
    reader = first.join("routing", ["documents"])
    reader.commit(drain(reader, 1))
    clock.advance(seconds=3601)
    first.trim(to_micros(clock.now()))
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


def test_poll_is_bounded(log: EventLog) -> None:
    """A poll brings at most what was asked, and the next ones the rest."""
    log.publish([record(str(number)) for number in range(10)])
    reader = log.join("routing", ["documents"])
    sizes = [len(reader.poll(3, 1.0)) for _ in range(4)]
    assert sizes == [3, 3, 3, 1]


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


def test_concurrent_publishers_and_readers(log: EventLog) -> None:
    """Four publishers and two readers at once: every record once, each key in order."""
    readers = [log.join("routing", ["documents"]) for _ in range(2)]
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
