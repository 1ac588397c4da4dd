"""Apache Kafka under the contract of the event log."""

import itertools
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from tests.kafka_strangers import settings_of_others

from lienthong.chassis.engines.eventlog import EventLog, LogConsumer, NewRecord, Record
from lienthong.chassis.engines.kafka import topics
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.dev.kafka import KafkaCluster

from .logs import TOPICS


class KafkaLog:
    """A real broker; topics and groups have names of their own."""

    at_once = False
    examples = 4
    precision = 1000

    def __init__(self, stack: ExitStack, cluster: KafkaCluster, group_protocol: str) -> None:
        prefix = f"{uuid.uuid4().hex[:8]}-"
        names: dict[str, Any] = {"topic_prefix": prefix, "group_prefix": prefix, "session_seconds": 6.0}
        names["group_protocol"] = group_protocol
        self.section = KafkaSection.model_validate({**cluster.settings(), **names})
        self._stack = stack
        self._outlived: dict[TopicPartition, int] = {}
        topics.apply(self.section, TOPICS)
        self._admin = KafkaAdminClient(**settings_of_others(self.section))
        stack.callback(self._admin.close)
        self._reader = KafkaConsumer(
            **settings_of_others(self.section), enable_auto_commit=False, auto_offset_reset="earliest"
        )
        stack.callback(self._reader.close)

    def open(self) -> EventLog:
        """Opens the log."""
        log = KafkaEventLog(self.section, TOPICS)
        self._stack.callback(log.close)
        return log

    def micros(self) -> int:
        """The broker is on this machine."""
        return time.time_ns() // 1000

    def wait(self) -> None:
        """Waits for two milliseconds to pass."""
        end = self.micros() + 2 * self.precision
        while self.micros() < end:
            time.sleep(0.001)

    def outlive(self) -> None:
        """Notes where the partitions end now."""
        self._outlived = self._reader.end_offsets(self._partitions("documents", 4), timeout_ms=5000)

    def trim(self, log: EventLog) -> int:
        """Removes as an operator would: retention takes the brokers minutes. The log itself removes nothing."""
        assert log.trim(self.micros()) == 0
        places = self._partitions("documents", 4)
        before = self._reader.beginning_offsets(places, timeout_ms=5000)
        self._admin.delete_records({place: max(self._outlived[place], before[place]) for place in places})
        after = self._reader.beginning_offsets(places, timeout_ms=5000)
        return sum(int(after[place]) - int(before[place]) for place in places)

    def compact(self, log: EventLog) -> int:
        """Lets the broker compact: it does so for segments that are closed, so records are added until they are."""
        (place,) = self._partitions("directory", 1)
        quick = {"segment.ms": "50", "min.cleanable.dirty.ratio": "0.001"}
        self._admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, place.topic, quick)])
        kept = int(self._reader.end_offsets([place], timeout_ms=5000)[place])
        deadline = time.monotonic() + 60
        for number in itertools.count():
            log.publish([NewRecord("directory", f"filler {number}".encode(), b"", {})])
            left = sum(offset < kept for offset in self._offsets(place))
            if left < kept:
                return kept - left
            assert time.monotonic() < deadline, "nothing was compacted"
        raise AssertionError

    def settle(self, *members: LogConsumer) -> Sequence[list[Record]]:
        """Polls all in turn until the group has formed."""
        found: list[list[Record]] = [[] for _ in members]
        deadline = time.monotonic() + 30
        while not (all(one.assigned for one in members) and sum(len(one.assigned) for one in members) == 4):
            assert time.monotonic() < deadline, [one.assigned for one in members]
            for records, member in zip(found, members, strict=True):
                records.extend(member.poll(100, 0.1))
        return found

    def _partitions(self, topic: str, count: int) -> list[TopicPartition]:
        return [TopicPartition(self.section.topic_prefix + topic, number) for number in range(count)]

    def _offsets(self, place: TopicPartition) -> list[int]:
        end = self._reader.end_offsets([place], timeout_ms=5000)[place]
        self._reader.assign([place])
        self._reader.seek_to_beginning(place)
        found: list[int] = []
        while not found or found[-1] < end - 1:
            found += [record.offset for records in self._reader.poll(timeout_ms=200).values() for record in records]
        return found
