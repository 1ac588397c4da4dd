"""Brokers that are away, halted, killed."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import pytest
from confluent_kafka.admin import AdminClient
from tests.waiting import eventually

from lienthong.chassis.engines.eventlog import LogConsumer, Record
from lienthong.chassis.engines.kafka import member, topics
from lienthong.chassis.engines.kafka.connection import options
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.errors import AxisError, Code
from lienthong.dev.kafka import KafkaCluster

from .support import TOPICS, Load, complete_and_in_order, drain, opened, published, read_all, record, section_of

SHORT = {"publish_seconds": 2.0, "answer_seconds": 1.0}


def test_no_broker_is_needed_to_be_alive(broker: KafkaCluster) -> None:
    """Making, joining and closing a log needs none; each call says in time that it is away, and works again later."""
    section = section_of(broker, **SHORT)
    broker.kill()
    log = KafkaEventLog(section, TOPICS)
    reader = log.join("routing", ["documents"])
    for ask in (
        lambda: log.publish([record("a")]),
        lambda: reader.poll(10, 1.0),
        lambda: log.lag("routing", ["documents"]),
    ):
        begun = time.monotonic()
        with pytest.raises(AxisError, match="Connection refused") as away:
            ask()
        assert (away.value.code, away.value.reason) == (Code.UNAVAILABLE, "EVENT_LOG_AWAY")
        assert away.value.retry_after is not None
        assert time.monotonic() - begun < 10
    broker.start()
    log.publish([record("a")])
    reader.commit(drain(reader, 1))
    assert sum(lag.records for lag in log.lag("routing", ["documents"])) == 0
    log.close()


def test_away_for_longer_than_every_timeout(broker: KafkaCluster) -> None:
    """Publishing fails in time, with records on their way too; afterwards it works by itself, nothing is doubled.

    The library's own time limit for a record would end all sending for ever, without an error.
    """
    section = section_of(broker, **SHORT)
    with opened(section) as log:
        log.publish([record("a", "0")])
        reader = log.join("routing", ["documents"])
        reader.commit(drain(reader, 1))
        broker.kill()
        batch = [record("a", "1"), record("a", "2")]
        for _ in range(3):
            begun = time.monotonic()
            with pytest.raises(AxisError) as away:
                log.publish(batch)
            assert away.value.code is Code.UNAVAILABLE
            assert time.monotonic() - begun < 5
            assert reader.poll(10, 0.2) == []
        broker.start()
        eventually(lambda: published(log, "1", "2", "3"))
        assert [one.value for one in drain(reader, 3)] == [b"1", b"2", b"3"]
        assert [one.value for one in read_all(section, 4)] == [b"0", b"1", b"2", b"3"]


def test_halted_with_records_on_their_way(broker: KafkaCluster) -> None:
    """A broker that hangs is told apart from nothing: calls end in time, and what it took after all is not doubled."""
    section = section_of(broker, **SHORT)
    with opened(section) as log:
        log.publish([record("a", "0")])
        reader = log.join("routing", ["documents"])
        records = drain(reader, 1)
        log.lag("routing", ["documents"])
        broker.pause()
        for ask in (
            lambda: log.publish([record("a", "1")]),
            lambda: reader.commit(records),
            lambda: log.lag("routing", ["documents"]),
        ):
            begun = time.monotonic()
            with pytest.raises(AxisError) as away:
                ask()
            assert away.value.code is Code.UNAVAILABLE
            assert time.monotonic() - begun < 8
        broker.resume()
        eventually(lambda: published(log, "1", "2"))
        reader.commit(drain(reader, 1))
        assert [one.value for one in read_all(section, 3)] == [b"0", b"1", b"2"]


def test_what_is_on_its_way_is_bounded(broker: KafkaCluster) -> None:
    """With a broker that hangs, publishers wait and fail; memory does not grow with what they try."""
    section = section_of(broker, **SHORT, in_flight_bytes=1024 * 1024)
    with opened(section) as log:
        log.publish([record("a", "0")])
        broker.pause()
        for number in range(3):
            with pytest.raises(AxisError):
                log.publish([record(f"key-{number}", f"{one}" + "x" * 60_000) for one in range(50)])
            assert log._publisher._in_flight <= 1024 * 1024
        broker.resume()


def test_closing_while_the_broker_is_away(broker: KafkaCluster) -> None:
    """Closing ends in time, ends a poll that waits, and leaves no thread behind."""
    section = section_of(broker, **SHORT)
    before = threading.active_count()
    log = KafkaEventLog(section, TOPICS)
    log.publish([record("a")])
    reader = log.join("routing", ["documents"])
    drain(reader, 1)
    broker.kill()
    with pytest.raises(AxisError):
        log.publish([record("b")])
    waiting = threading.Thread(target=lambda: reader.poll(10, 60.0))
    waiting.start()
    begun = time.monotonic()
    log.close()
    waiting.join(10)
    assert not waiting.is_alive()
    assert time.monotonic() - begun < 15
    eventually(lambda: threading.active_count() <= before)


def test_closing_while_the_broker_hangs(broker: KafkaCluster) -> None:
    """Closing ends in time, though neither the last commit nor the last record is ever answered."""
    section = section_of(broker, **SHORT)
    log = KafkaEventLog(section, TOPICS)
    log.publish([record("a")])
    reader = log.join("routing", ["documents"])
    records = drain(reader, 1)
    log.lag("routing", ["documents"])
    broker.pause()
    with pytest.raises(AxisError):
        reader.commit(records)
    with pytest.raises(AxisError):
        log.publish([record("b")])
    begun = time.monotonic()
    log.close()
    assert time.monotonic() - begun < 15
    broker.resume()


def test_killed_twice_under_load(broker: KafkaCluster) -> None:
    """Nothing acknowledged is missing, nothing is doubled, each key is in order; readers go on too."""
    section = section_of(broker)
    with opened(section) as log, opened(section) as other:
        reader = other.join("routing", ["documents"])
        with Load(log) as load:
            read = drain(reader, 1)
            for _ in range(2):
                load.await_more(200)
                broker.kill()
                read += reader.poll(500, 0.5)
                broker.start()
                load.await_more(200)
        found = read_all(section, load.acknowledged)
        assert complete_and_in_order(found, load.acknowledged)
        assert len(found) == len({one.value for one in found})
        missing = {one.value for one in found} - {one.value for one in read}

        def nothing_missing() -> bool:
            # What was not committed may come twice.
            missing.difference_update(one.value for one in reader.poll(500, 0.5))
            return not missing

        eventually(nothing_missing)


def test_topics_that_are_made_again(broker: KafkaCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that is deleted and made again is read all the same, also once brokers were started again meanwhile.

    The library took what it heard of the new one for outdated, and was silent: events stood still, without an error.
    """
    monkeypatch.setattr(member, "_LOOK_SECONDS", 0.5)
    section = section_of(broker)
    with opened(section) as log:
        reader = log.join("routing", ["documents"])
        eventually(lambda: published(log, "1"))
        drain(reader, 1)
        broker.stop()
        broker.start()
        eventually(lambda: published(log, "2"))
        drain(reader, 1)
        administrator = AdminClient(options(section))
        name = f"{section.topic_prefix}documents"
        administrator.delete_topics([name])[name].result(10)
        eventually(lambda: topics.seen(section, TOPICS))
        topics.apply(section, TOPICS)
        eventually(lambda: published(log, "3"))
        assert [one.value for one in eventually(lambda: polled(reader))] == [b"3"]


def polled(reader: LogConsumer) -> Sequence[Record]:
    """Polls; an error is an absence of records."""
    with suppress(AxisError):
        return reader.poll(10, 0.5)
    return []
