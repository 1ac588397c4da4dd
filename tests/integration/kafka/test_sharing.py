"""Who shares partitions among the members of a group: they among themselves, or the brokers."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from confluent_kafka import Consumer
from tests.waiting import eventually

from lienthong.chassis.engines.eventlog import LogConsumer
from lienthong.chassis.engines.kafka.connection import options
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code
from lienthong.dev.kafka import KafkaCluster

from .support import drain, opened, polled_until, record, section_of


@pytest.fixture
def classic(kafka: KafkaCluster) -> KafkaSection:
    """Members share among themselves."""
    return section_of(kafka, group_protocol="classic")


@pytest.fixture
def consumer(kafka: KafkaCluster) -> KafkaSection:
    """The brokers share."""
    return section_of(kafka, group_protocol="consumer")


def test_what_belongs_together_stays_with_one_member(consumer: KafkaSection) -> None:
    """Whoever has a partition of documents has that of their verdicts too, while members come and go."""
    topics = ["documents", "verdicts"]
    with opened(consumer) as log:
        members = [log.join("routing", topics)]
        for count in (2, 3, 4, 3, 2, 1):
            if count > len(members):
                members.append(log.join("routing", topics))
            else:
                members.pop(0).close()
            polled_until(members, lambda: sum(len(one.assigned) for one in members) == 8 and shared(members))
            for one in members:
                of = {name: {number for topic, number in one.assigned if topic == name} for name in topics}
                assert of["documents"] == of["verdicts"]


def shared(members: Sequence[LogConsumer]) -> bool:
    """Tells whether nobody has more than a member must have."""
    return max(len(one.assigned) for one in members) <= 2 * -(-4 // len(members))


def test_members_change_over_one_by_one(classic: KafkaSection) -> None:
    """A platform is restarted process by process with the other setting: all is read, and nobody is kept out."""
    with opened(classic) as old, opened(classic.model_copy(update={"group_protocol": "consumer"})) as new:
        one = old.join("routing", ["documents"])
        old.publish([record(f"key-{number}", str(number)) for number in range(40)])
        found = drain(one, 40)
        one.commit(found)
        two = new.join("routing", ["documents"])
        polled_until([one, two], lambda: len(one.assigned) == len(two.assigned) == 2)
        old.publish([record(f"key-{number}", str(number)) for number in range(40, 80)])
        found += polled_until([one, two], lambda: not sum(lag.records for lag in old.lag("routing", ["documents"])))
        one.close()
        old.publish([record(f"key-{number}", str(number)) for number in range(80, 120)])
        found += drain(two, 40)
        assert sorted(int(one.value) for one in found) == list(range(120))


def test_a_program_that_uses_our_group(classic: KafkaSection) -> None:
    """It is told with its remedy, and once it is gone the service goes on."""
    group = {"group.id": f"{classic.group_prefix}routing", "partition.assignment.strategy": "range"}
    other = Consumer(options(classic) | group)
    other.subscribe([f"{classic.topic_prefix}documents"])
    eventually(lambda: not other.poll(0.1) and other.assignment())
    with opened(classic) as log:
        log.publish([record("key", "0")])
        reader = log.join("routing", ["documents"])
        with pytest.raises(AxisError, match=r"Another program.*group_prefix"):
            reader.poll(1, 5.0)
        other.close()
        drain(reader, 1)


def test_two_processes_with_one_name(classic: KafkaSection) -> None:
    """The older one is told, reads nothing more and commits nothing: each name is for one process."""
    named = classic.model_copy(update={"member": "pod-0"})
    with opened(named) as first, opened(named) as second:
        first.publish([record("a")])
        one = first.join("routing", ["documents"])
        records = drain(one, 1)
        two = second.join("routing", ["documents"])
        drain(two, 1)
        for ask in (lambda: one.commit(records), lambda: one.poll(10, 5.0)):
            with pytest.raises(AxisError, match=r"pod-0.*engines\.kafka\.member") as fenced:
                ask()
            assert (fenced.value.code, fenced.value.reason) == (Code.ABORTED, "EVENT_LOG_FENCED")


def test_a_name_that_is_in_use(consumer: KafkaSection) -> None:
    """The newer one is told, and waits: it has the name's partitions as soon as the older one is gone."""
    named = consumer.model_copy(update={"member": "pod-0"})
    with opened(named) as first, opened(named) as second:
        first.publish([record("a")])
        one = first.join("routing", ["documents"])
        records = drain(one, 1)
        two = second.join("routing", ["documents"])
        with pytest.raises(AxisError, match=r"pod-0.*engines\.kafka\.member") as told:
            two.poll(1, 5.0)
        assert (told.value.code, told.value.reason) == (Code.UNAVAILABLE, "EVENT_LOG_NAME_IN_USE")
        assert told.value.retry_after is not None
        one.commit(records)
        one.close()
        second.publish([record("a", "more")])
        assert [found.value for found in drain(two, 1)] == [b"more"]


def test_brokers_that_do_not_share(tmp_path: Path) -> None:
    """The setting that does without is named; with it the same brokers serve."""
    brokers = KafkaCluster(tmp_path)
    with brokers.nodes[0].properties.open("a") as settings:
        settings.write("group.coordinator.rebalance.protocols=classic\n")
    try:
        brokers.start()
        section = section_of(brokers)
        with opened(section) as log, opened(section.model_copy(update={"group_protocol": "classic"})) as other:
            log.publish([record("a")])
            with pytest.raises(AxisError, match=r"engines\.kafka\.group_protocol to classic") as told:
                log.join("routing", ["documents"]).poll(1, 5.0)
            assert (told.value.code, told.value.reason) == (Code.FAILED_PRECONDITION, "EVENT_LOG_PROTOCOL_UNKNOWN")
            drain(other.join("routing", ["documents"]), 1)
    finally:
        brokers.kill()
