"""Groups: members come and go, are lost, take each other's name; offsets expire."""

import itertools
import time
from collections import Counter
from contextlib import suppress
from typing import Any, cast

import kafka
import pytest
from confluent_kafka import KafkaError, TopicPartition
from kafka import KafkaAdminClient
from kafka.admin import MemberToRemove
from structlog.testing import capture_logs
from tests.kafka_strangers import settings_of_others
from tests.waiting import eventually

from lienthong.chassis.engines.eventlog import Record
from lienthong.chassis.engines.kafka import topics
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.member import KafkaLogConsumer
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code
from lienthong.dev.kafka import KafkaCluster

from .support import TOPICS, drain, opened, polled_until, published, record, section_of


@pytest.fixture(params=["classic", "consumer"])
def section(kafka: KafkaCluster, request: pytest.FixtureRequest) -> KafkaSection:
    """Settings of a log of one's own, whoever shares the partitions."""
    return section_of(kafka, group_protocol=request.param)


def test_a_rolling_restart_stops_nobody(log: KafkaEventLog, section: KafkaSection) -> None:
    """While one process is replaced by another, the one that stays reads on, and all is read once.

    Brokers that share may give it others' partitions then, and it has none until those are let go: for a moment only.
    """
    one, two = log.join("routing", ["documents"]), log.join("routing", ["documents"])
    found = polled_until([one, two], lambda: len(one.assigned) == len(two.assigned) == 2)
    looks = Counter[bool]()
    numbers = itertools.count()

    def published() -> None:
        log.publish([record(f"key-{number}", str(number)) for number in itertools.islice(numbers, 8)])

    with opened(section) as other:
        three = other.join("routing", ["documents"])

        def replaced() -> bool:
            published()
            looks[bool(one.assigned)] += 1
            return bool(three.assigned)

        found += polled_until([one, two, three], replaced)
        two.close()

        def complete() -> bool:
            published()
            looks[bool(one.assigned)] += 1
            return len(one.assigned) + len(three.assigned) == 4

        found += polled_until([one, three], complete)
        count = next(numbers)
        found += polled_until([one, three], lambda: len(found) >= count or not log_lag(log))
    assert looks[False] < looks[True] if section.group_protocol == "consumer" else not looks[False]
    assert sorted(int(one.value) for one in found) == list(range(count))


class Uncoordinated:
    """The library's side of a member whose commits find no coordinator."""

    def __init__(self, member: KafkaLogConsumer) -> None:
        self._real: Any = member._consumer
        self._ours = member._ours

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def commit(self, offsets: list[TopicPartition], **_: object) -> None:
        """Says so, as the library does."""
        self._ours.answered(KafkaError(KafkaError._WAIT_COORD), offsets)


def test_reading_goes_on_while_commits_are_not_answered(log: KafkaEventLog) -> None:
    """What could not be committed is tried again with each poll, and never instead of one."""
    reader = log.join("routing", ["documents"])
    log.publish([record("key", "0")])
    first = drain(reader, 1)
    real: Any = reader._consumer
    reader._consumer = cast("Any", Uncoordinated(reader))
    with pytest.raises(AxisError) as caught:
        reader.commit(first)
    assert caught.value.code is Code.UNAVAILABLE
    log.publish([record("key", "1")])
    assert [one.value for one in drain(reader, 1)] == [b"1"]
    reader._consumer = real
    eventually(lambda: not reader.poll(1, 0.0) and log_lag(log) == 1)


def test_partitions_that_were_added_are_counted(log: KafkaEventLog, section: KafkaSection) -> None:
    """Lag is told of the partitions that are there, be they more than declared."""
    log.publish([record(str(number)) for number in range(20)])
    assert log_lag(log) == 20
    admin = KafkaAdminClient(**settings_of_others(section))
    admin.create_partitions({f"{section.topic_prefix}documents": 6})
    admin.close()
    # Metadata of some seconds ago still name four.
    with opened(section) as other:

        def counted() -> bool:
            # Partitions that come to be have no leader for a moment.
            with suppress(AxisError):
                return len(other.lag("routing", ["documents"])) == 6
            return False

        eventually(counted)
        other.publish([record(f"more {number}") for number in range(40)])
        eventually(lambda: log_lag(log) == 60)


def log_lag(log: KafkaEventLog) -> int:
    """Tells how many records wait."""
    return sum(lag.records for lag in log.lag("routing", ["documents"]))


def test_partitions_that_were_added_are_read(log: KafkaEventLog, section: KafkaSection) -> None:
    """Whoever publishes anew writes to them at once: members that run must not find them minutes later."""
    reader = log.join("routing", ["documents"])
    polled_until([reader], lambda: len(reader.assigned) == 4)
    admin = KafkaAdminClient(**settings_of_others(section))
    admin.create_partitions({f"{section.topic_prefix}documents": 8})
    admin.close()
    with opened(section) as other:
        other.publish([record(f"key-{number}") for number in range(40)])
    assert len(drain(reader, 40)) == 40


@pytest.mark.parametrize("noticed", [False, True])
def test_a_topic_that_was_made_again(log: KafkaEventLog, section: KafkaSection, *, noticed: bool) -> None:
    """Members and publishers that run go on with the new one from its beginning, by themselves."""
    reader = log.join("routing", ["documents"])
    log.publish([record(f"key-{number}") for number in range(40)])
    reader.commit(drain(reader, 40))
    admin = KafkaAdminClient(**settings_of_others(section))
    admin.delete_topics([f"{section.topic_prefix}documents"])
    admin.close()
    eventually(lambda: bool(topics.diff(section, TOPICS)))
    found: list[Record] = []
    missed: list[str] = []

    def came() -> bool:
        try:
            found.extend(reader.poll(500, 0.5))
        except AxisError as error:
            missed.append(error.reason)
        return len(found) >= 2

    if noticed:
        eventually(lambda: came() or "TOPIC_MISSING" in missed)
    topics.apply(section, TOPICS)

    eventually(lambda: published(log, "1", "2"))
    eventually(came)
    assert [one.value for one in found] == [b"1", b"2"]
    reader.commit(found)
    assert not log_lag(log)


def test_a_process_with_a_name_gets_its_partitions_back(section: KafkaSection) -> None:
    """A process that starts again under its name within the session disturbs nobody: its peer keeps what it has."""
    named = [section.model_copy(update={"member": name}) for name in ("pod-0", "pod-1")]
    with opened(named[0]) as first, opened(named[1]) as second:
        one, two = first.join("routing", ["documents"]), second.join("routing", ["documents"])
        polled_until([one, two], lambda: len(one.assigned) == len(two.assigned) == 2)
        mine, yours = set(one.assigned), set(two.assigned)
        two.close()
        with opened(named[1]) as third:
            again = third.join("routing", ["documents"])
            polled_until([one, again], lambda: len(again.assigned) == 2)
            assert set(again.assigned) == yours
            assert set(one.assigned) == mine


def test_a_silent_member_loses_its_partitions(section: KafkaSection) -> None:
    """What a member that is gone had goes to others after the session; what it did not commit is read again."""
    with opened(section.model_copy(update={"member": "pod-0"})) as first, opened(section) as second:
        first.publish([record(str(number)) for number in range(20)])
        one = first.join("routing", ["documents"])
        drain(one, 20)
        # With a name it does not say that it leaves: as if it had been killed.
        one.close()
        two = second.join("routing", ["documents"])
        assert len(drain(two, 20)) == 20
        assert len(two.assigned) == 4


def test_a_member_that_was_put_out(log: KafkaEventLog, section: KafkaSection) -> None:
    """It commits nothing, joins again by itself, and reads again what it did not commit."""
    log.publish([record(f"key-{number}") for number in range(10)])
    reader = log.join("routing", ["documents"])
    records = drain(reader, 10)
    admin = KafkaAdminClient(**settings_of_others(section))
    assert reader._consumer is not None
    member = reader._consumer.memberid()
    admin.remove_group_members(f"{section.group_prefix}routing", [MemberToRemove(member_id=member)])
    admin.close()
    reader.commit(records)
    assert log_lag(log) == 10
    again = drain(reader, 10)
    assert len(again) == 10
    reader.commit(again)
    assert log_lag(log) == 0


def test_a_commit_for_lost_partitions_is_passed_over(log: KafkaEventLog) -> None:
    """Who lost a partition moves nothing there: neither back, nor past what the new owner has not read."""
    log.publish([record(f"key-{number}") for number in range(40)])
    one = log.join("routing", ["documents"])
    records = drain(one, 40)
    two = log.join("routing", ["documents"])
    deadline = time.monotonic() + 30
    while not len(one.assigned) == len(two.assigned) == 2:
        assert time.monotonic() < deadline
        one.poll(100, 0.05)
        two.poll(100, 0.05)
    one.commit(records)
    kept = sum((record.topic, record.partition) in one.assigned for record in records)
    # Partitions may be moving still: then what stays is committed with the next poll.
    eventually(lambda: not one.poll(100, 0.05) and not two.poll(100, 0.05) and log_lag(log) <= 40 - kept)
    assert log_lag(log) == 40 - kept


def test_offsets_that_expired(log: KafkaEventLog, section: KafkaSection) -> None:
    """A group whose offsets are gone reads everything that is kept again; it skips nothing."""
    log.publish([record(str(number)) for number in range(10)])
    reader = log.join("routing", ["documents"])
    reader.commit(drain(reader, 10))
    reader.close()
    admin = KafkaAdminClient(**settings_of_others(section))
    admin.delete_groups([f"{section.group_prefix}routing"])
    admin.close()
    assert log_lag(log) == 10
    assert len(drain(log.join("routing", ["documents"]), 10)) == 10


def test_a_position_that_retention_passed(log: KafkaEventLog, section: KafkaSection) -> None:
    """A member that was behind what is kept goes on with the oldest that is kept; what went is no lag, and is told."""
    log.publish([record("a", str(number)) for number in range(5)])
    reader = log.join("routing", ["documents"])
    (first, *_) = records = drain(reader, 5)
    reader.commit(records[:1])
    reader.close()
    admin = KafkaAdminClient(**settings_of_others(section))
    admin.delete_records({kafka.TopicPartition(f"{section.topic_prefix}documents", first.partition): 4})
    admin.close()
    assert log_lag(log) == 1
    with capture_logs() as lines:
        assert [one.value for one in drain(log.join("routing", ["documents"]), 1)] == [b"4"]
    assert [line["events"] for line in lines] == [3]
