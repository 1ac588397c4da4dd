"""How far a group is behind: asked of the cluster, without being a member."""

import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from lienthong.chassis.engines.eventlog import Lag, Topic
from lienthong.chassis.engines.kafka.ahead import place
from lienthong.chassis.engines.kafka.connection import Place, Trouble, end, every, options, partitions, places
from lienthong.chassis.engines.kafka.owner import Owner
from lienthong.chassis.engines.kafka.settings import KafkaSection

_STEP_SECONDS: Final = 0.2


class Backlog:
    """Answers for one group. Safe for threads."""

    def __init__(self, section: KafkaSection, trouble: Trouble, owner: Owner, group: str) -> None:
        self._section = section
        self._trouble = trouble
        self._owner = owner
        self._group = section.group_prefix + group
        self._turn = threading.Lock()
        self._reader: Consumer | None = None

    def lag(self, topics: Sequence[Topic]) -> Sequence[Lag]:
        """Tells how far the group is behind. See `EventLog.lag`.

        Raises:
            AxisError: UNAVAILABLE when the brokers do not answer in time, FAILED_PRECONDITION when a topic is missing,
                PERMISSION_DENIED.
        """
        names = {self._section.topic_prefix + topic.name: topic.name for topic in topics}
        with self._reading() as reader:
            return self._measured(reader, names)

    def insist_on_ours(self, topics: Collection[str]) -> None:
        """Makes sure that the group is not another installation's.

        Raises:
            AxisError: FAILED_PRECONDITION when it is, and as `lag` does.
        """
        with self._reading() as reader:
            counted = partitions(reader, [self._section.topic_prefix + name for name in topics], self._section)
            self._owner.committed(reader, every(counted), self._section.answer_seconds)

    def close(self) -> None:
        """Gives the connection back."""
        with self._turn:
            self._drop()

    @contextmanager
    def _reading(self) -> Iterator[Consumer]:
        with self._turn:
            try:
                if self._reader is None:
                    self._reader = self._made()
                yield self._reader
            except (KafkaException, TimeoutError) as error:
                self._drop()
                raise self._trouble.told(error, self._group) from error

    def _made(self) -> Consumer:
        return Consumer(
            {
                **options(self._section),
                "error_cb": self._trouble.heard,
                "group.id": self._group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "allow.auto.create.topics": False,
                # One record of each partition is enough, of all in one answer as a rule; a batch comes whole at least.
                "max.partition.fetch.bytes": 16 * 1024,
                "fetch.wait.max.ms": 50,
                "isolation.level": "read_uncommitted",
                "enable.partition.eof": True,
            }
        )

    def _measured(self, reader: Consumer, names: Mapping[str, str]) -> Sequence[Lag]:
        seconds = self._section.answer_seconds
        deadline = time.monotonic() + seconds
        # Partitions that are there, be they other than declared.
        there = every(partitions(reader, list(names), self._section))
        ends = _offsets(reader, there, OFFSET_END, seconds)
        begins = _offsets(reader, there, OFFSET_BEGINNING, seconds)
        committed = self._owner.committed(reader, there, seconds)
        # What retention removed waits for nobody.
        starts = {one: max(committed[one], begins[one]) for one in there}
        waiting = {one: start for one, start in starts.items() if start < ends[one]}
        firsts = _firsts(reader, waiting, deadline) if waiting else {}
        return [_lag(names[topic], number, ends[topic, number], firsts.get((topic, number))) for topic, number in there]

    def _drop(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            end(reader)


def _offsets(reader: Consumer, asked: Sequence[Place], which: int, seconds: float) -> Mapping[Place, int]:
    """Asks for the ends or the beginnings of partitions, all at once."""
    return places(reader.offsets_for_times([TopicPartition(*one, which) for one in asked], timeout=seconds))


def _firsts(reader: Consumer, waiting: Mapping[Place, int], deadline: float) -> Mapping[Place, tuple[int, int]]:
    """Reads offset and time of the first record that waits in each partition, where there is one.

    Behind the last record may stand what is none: marks of transactions, or places that compaction left.
    """
    firsts: dict[Place, tuple[int, int]] = {}
    rest = set(waiting)
    reader.assign([TopicPartition(*one, start) for one, start in waiting.items()])
    try:
        while rest:
            if time.monotonic() > deadline:
                raise TimeoutError("the oldest waiting record could not be read in time")
            found = reader.poll(_STEP_SECONDS)
            if found is None or place(found) not in rest:
                continue
            error = found.error()
            if error is None:
                firsts[place(found)] = (int(found.offset() or 0), found.timestamp()[1] * 1000)
            elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 -- a public constant
                continue
            rest.discard(place(found))
            reader.incremental_unassign([TopicPartition(*place(found))])
    finally:
        reader.unassign()
    return firsts


def _lag(topic: str, partition: int, end: int, first: tuple[int, int] | None) -> Lag:
    if first is None:
        return Lag(topic, partition, 0, None)
    return Lag(topic, partition, max(end - first[0], 1), first[1])
