"""How far a group is behind: asked of the cluster, without being a member."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from kafka import KafkaConsumer, TopicPartition, errors

from lienthong.chassis.engines.eventlog import Lag, Topic
from lienthong.chassis.engines.kafka.connection import Trouble, connected, insist_on, options
from lienthong.chassis.engines.kafka.settings import KafkaSection

_STEP_MS: Final = 200


class Backlog:
    """Answers for one group. Safe for threads."""

    def __init__(self, section: KafkaSection, trouble: Trouble, group: str) -> None:
        self._section = section
        self._trouble = trouble
        self._group = section.group_prefix + group
        self._turn = threading.Lock()
        self._reader: KafkaConsumer | None = None

    def lag(self, topics: Sequence[Topic]) -> Sequence[Lag]:
        """Tells how far the group is behind. See `EventLog.lag`.

        Raises:
            AxisError: UNAVAILABLE when the brokers do not answer in time, FAILED_PRECONDITION when a topic is missing,
                PERMISSION_DENIED.
        """
        names = {self._section.topic_prefix + topic.name: topic.name for topic in topics}
        with self._turn:
            try:
                if self._reader is None:
                    self._reader = self._made()
                return self._measured(self._reader, names)
            except (errors.KafkaError, OSError) as error:
                self._drop()
                raise self._trouble.told(error) from error

    def close(self) -> None:
        """Gives the connection back."""
        with self._turn:
            self._drop()

    def _made(self) -> KafkaConsumer:
        made: KafkaConsumer = connected(
            KafkaConsumer,
            **options(self._section),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            # One record of each partition is enough; a batch comes whole at least.
            max_partition_fetch_bytes=1,
            metrics_enabled=False,
        )
        return made

    def _measured(self, reader: KafkaConsumer, names: Mapping[str, str]) -> Sequence[Lag]:
        answer_ms = round(self._section.answer_seconds * 1000)
        deadline = time.monotonic() + self._section.answer_seconds
        # Partitions that are there, be they other than declared.
        known = reader._cluster  # noqa: SLF001 -- no public way that does not ask for all topics of the cluster
        if not all(map(known.partitions_for_topic, names)):
            insist_on(reader, list(names), self._section)
        places = [TopicPartition(name, number) for name in names for number in sorted(known.partitions_for_topic(name))]
        reader.assign(places)
        ends = reader.end_offsets(places, timeout_ms=answer_ms)
        begins = reader.beginning_offsets(places, timeout_ms=answer_ms)
        # What retention removed waits for nobody.
        starts = {one: max(reader.committed(one, timeout_ms=answer_ms) or 0, begins[one]) for one in places}
        waiting = {one: start for one, start in starts.items() if start < ends[one]}
        firsts = self._firsts(reader, waiting, deadline)
        return [_lag(names[place.topic], place.partition, ends[place], firsts.get(place)) for place in places]

    def _firsts(
        self, reader: KafkaConsumer, waiting: dict[TopicPartition, int], deadline: float
    ) -> dict[TopicPartition, tuple[int, int]]:
        """Reads offset and time of the first record that waits in each partition."""
        firsts: dict[TopicPartition, tuple[int, int]] = {}
        reader.assign(list(waiting))
        reader.resume(*waiting)
        for one, start in waiting.items():
            reader.seek(one, start)
        while len(firsts) < len(waiting):
            if time.monotonic() > deadline:
                raise errors.KafkaTimeoutError("the oldest waiting record could not be read in time")
            for one, records in reader.poll(timeout_ms=_STEP_MS).items():
                firsts.setdefault(one, (records[0].offset, records[0].timestamp * 1000))
                reader.pause(one)
        return firsts

    def _drop(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(errors.KafkaError, OSError):
                reader.close(autocommit=False, timeout_ms=_STEP_MS)


def _lag(topic: str, partition: int, end: int, first: tuple[int, int] | None) -> Lag:
    if first is None:
        return Lag(topic, partition, 0, None)
    return Lag(topic, partition, max(end - first[0], 1), first[1])
