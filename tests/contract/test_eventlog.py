"""The event log contract: order, groups, offsets."""

import itertools
import threading
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.chassis.engines.eventlog import EventLog, LogConsumer, Record

from .conftest import OpenLog
from .logs import LogUnderTest
from .records import by_key, drain, drain_all, record

_examples = itertools.count()


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
