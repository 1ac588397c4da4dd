"""What tests of the event log on Kafka share: topics, records, readers, a load."""

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from tests.waiting import eventually

from lienthong.chassis.engines.eventlog import EventLog, LogConsumer, NewRecord, Record, Topic
from lienthong.chassis.engines.kafka import topics
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.owner import NOBODY, Owner
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError
from lienthong.dev.kafka import KafkaCluster

TOPICS = (
    Topic("documents", partitions=4, retention_seconds=3600),
    Topic("verdicts", partitions=4, retention_seconds=3600),
)


def section_of(cluster: KafkaCluster, **more: Any) -> KafkaSection:
    """Makes settings under a fresh prefix, with deadlines for tests, and the topics."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    quick = {"publish_seconds": 5.0, "answer_seconds": 2.0, "session_seconds": 6.0}
    names = {"topic_prefix": prefix, "group_prefix": prefix}
    section = KafkaSection.model_validate({**cluster.settings(), **quick, **names, **more})
    topics.apply(section, TOPICS)
    return section


@contextmanager
def opened(section: KafkaSection, owner: Owner = NOBODY) -> Iterator[KafkaEventLog]:
    """Opens the log, as a process of its own would."""
    log = KafkaEventLog(section, TOPICS, owner)
    try:
        yield log
    finally:
        log.close()


def record(key: str, value: str = "x", topic: str = "documents") -> NewRecord:
    """A record; its value is in a header too, as the id of an event is."""
    return NewRecord(topic, key.encode(), value.encode(), {"ce_id": f"{key} {value[:20]}"})


def published(log: KafkaEventLog, *values: str) -> bool:
    """Tries to publish; tells whether it did."""
    try:
        log.publish([record("a", value) for value in values])
    except AxisError:
        return False
    return True


def drain(reader: LogConsumer, count: int, seconds: float = 30.0) -> list[Record]:
    """Polls until so many records came."""
    found: list[Record] = []
    deadline = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records came"
        found.extend(reader.poll(500, 0.5))
    return found


def read_all(section: KafkaSection, count: int) -> list[Record]:
    """Reads what stands in the documents, and that no more comes."""
    with opened(section) as log:
        reader = log.join(f"auditor-{uuid.uuid4().hex[:6]}", ["documents"])
        found = drain(reader, count)
        return [*found, *reader.poll(500, 0.5)]


def values_by_key(records: Sequence[Record]) -> dict[str, list[str]]:
    """Groups values by key, in the order read."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in records:
        found[one.key.decode()].append(one.value.decode())
    return dict(found)


def polled_until(readers: Sequence[LogConsumer], condition: Callable[[], bool], seconds: float = 30.0) -> list[Record]:
    """Polls all in turn, and commits, until something holds; gives what came."""
    found: list[Record] = []
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        for reader in readers:
            records = reader.poll(100, 0.05)
            reader.commit(records)
            found.extend(records)
    return found


class Load:
    """Publishes numbered records of a few keys as the relay of an outbox does: it repeats a batch until it is taken."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged = 0
        self.failures: list[AxisError] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopping.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def await_more(self, count: int) -> None:
        """Waits until so many more were acknowledged."""
        before = self.acknowledged
        eventually(lambda: self.acknowledged >= before + count, seconds=60)

    def _run(self) -> None:
        while not self._stopping.is_set():
            batch = [self._record(number) for number in range(self.acknowledged, self.acknowledged + 20)]
            try:
                self._log.publish(batch)
            except AxisError as error:
                self.failures.append(error)
                self._stopping.wait(0.1)
            else:
                self.acknowledged += len(batch)

    @staticmethod
    def _record(number: int) -> NewRecord:
        return record(f"key-{number % 7}", f"{number:08}")


def complete_and_in_order(records: Sequence[Record], count: int) -> bool:
    """Tells whether the first numbers of a load are there once, those of each key in order."""
    expected: defaultdict[str, list[str]] = defaultdict(list)
    for number in range(count):
        expected[f"key-{number % 7}"].append(f"{number:08}")
    found = values_by_key(records)
    return {key: found.get(key, [])[: len(values)] for key, values in expected.items()} == dict(expected)
