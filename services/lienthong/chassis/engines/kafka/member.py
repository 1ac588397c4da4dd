"""Consuming on Kafka: a member of a consumer group that joins, waits, and recovers by itself.

Members take partitions over one by one (cooperative-sticky): while a process is replaced the others go on with what
they have. Offsets are committed only for partitions that are ours still, and never below what was committed.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from kafka import AsyncConsumerRebalanceListener, KafkaConsumer, TopicPartition, errors
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.structs import OffsetAndMetadata

from lienthong.chassis.engines.eventlog import Record
from lienthong.chassis.engines.kafka.connection import Trouble, connected, insist_on, options
from lienthong.chassis.engines.kafka.coordinator import keep_finished_joins
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.engines.kafka.silence import Silence
from lienthong.chassis.errors import AxisError, Code

_log = structlog.get_logger(__name__)

_STEP_SECONDS: Final = 0.2
"""The library's poll cannot be woken: it waits in steps of this length, so that closing need not wait longer."""

_HEARTBEAT_MS: Final = 500
"""Members learn by their heartbeats that one comes or goes, and until the last of them knows nobody is given anything.
A copy that starts costs two such rounds: four together stood still for nine seconds while a heartbeat took two."""

# A connection that is reset while something is written comes through as it is.
_AWAY: Final = (errors.KafkaConnectionError, errors.KafkaTimeoutError, errors.NodeNotReadyError, ConnectionError)
_LEFT_GROUP: Final = (errors.CommitFailedError, errors.UnknownMemberIdError, errors.IllegalGenerationError)


class KafkaLogConsumer:
    """A member of a group. See `LogConsumer`."""

    def __init__(
        self,
        section: KafkaSection,
        trouble: Trouble,
        group: str,
        topics: Sequence[str],
        left: Callable[["KafkaLogConsumer"], None],
    ) -> None:
        """Joins at the first poll: no broker is needed before.

        Args:
            section: How the brokers are reached.
            trouble: Says what failures mean.
            group: Name of the group, without prefix.
            topics: Names of the topics, without prefix.
            left: Called when it was closed.
        """
        self.group = group
        self._section = section
        self._trouble = trouble
        self._topics = [section.topic_prefix + name for name in topics]
        self._left = left
        self._turn = threading.Lock()
        self._closed = threading.Event()
        self._consumer: KafkaConsumer | None = None
        self._ours = _Ours()
        self._silence = Silence()
        self._fenced: AxisError | None = None

    @property
    def assigned(self) -> Collection[tuple[str, int]]:
        """Partitions that are ours now."""
        prefix = len(self._section.topic_prefix)
        return {(one.topic[prefix:], one.partition) for one in self._ours.partitions}

    def poll(self, max_records: int, timeout: float) -> Sequence[Record]:
        """Waits for records. See `LogConsumer.poll`.

        Raises:
            AxisError: UNAVAILABLE when no broker can be reached; once one was, an absence only looks like silence.
        """
        deadline = time.monotonic() + timeout
        while not self._closed.is_set():
            with self._turn:
                records = self._step(max_records, min(deadline - time.monotonic(), _STEP_SECONDS))
            if records or time.monotonic() >= deadline:
                return records
        return []

    def commit(self, records: Sequence[Record]) -> None:
        """Commits offsets. See `LogConsumer.commit`.

        Raises:
            AxisError: UNAVAILABLE when the brokers do not answer, ABORTED when another process has our name.
        """
        with self._turn:
            self._ours.done(records, self._section.topic_prefix)
            try:
                self._commit(self._section.answer_seconds)
            except _AWAY as error:
                # Kept: it is tried again with the next poll.
                raise self._trouble.told(error) from error
            except errors.KafkaError as error:
                raise self._failed(error) from error

    def close(self) -> None:
        """Leaves the group."""
        self._closed.set()
        with self._turn:
            with suppress(errors.KafkaError, OSError):
                self._commit(self._section.answer_seconds)
            self._drop()
        self._left(self)

    def _step(self, max_records: int, seconds: float) -> Sequence[Record]:
        if self._fenced:
            raise self._fenced
        if self._closed.is_set():
            return []
        try:
            if self._consumer is None:
                self._consumer = self._made()
            # A commit that is not answered must not keep from polling: polling is what finds the coordinator again.
            with suppress(*_AWAY):
                self._commit(_STEP_SECONDS)
            # Before polling: records that came would be lost with the member.
            self._look(self._consumer)
            found = self._consumer.poll(timeout_ms=max(round(seconds * 1000), 0), max_records=max_records)
            self._ours.read(found)
            self._silence.given(sum(map(len, found.values())), max_records)
        except _AWAY as error:
            if self._consumer is None:
                raise self._trouble.told(error) from error
            # Polling raises this at times while a broker is away; it connects again by itself.
            self._closed.wait(min(max(seconds, 0.0), _STEP_SECONDS))
            return []
        except (errors.KafkaError, OSError) as error:
            raise self._failed(error) from error
        return [self._record(one) for batch in found.values() for one in batch]

    def _look(self, consumer: KafkaConsumer) -> None:
        if stuck := self._silence.stuck(consumer, self._ours.partitions):
            _log.warning("partitions are no longer read; joining again", group=self.group, partitions=len(stuck))
            raise errors.IllegalStateError(f"{len(stuck)} partitions of group {self.group} were no longer read")

    def _commit(self, seconds: float) -> None:
        offsets = dict(self._ours.uncommitted)
        if not offsets or self._consumer is None:
            return
        try:
            self._consumer.commit(_wanted(offsets), timeout_ms=round(seconds * 1000))
        except errors.RebalanceInProgressError:
            # Partitions move just now: what stays is committed after the next poll, what goes before it goes.
            return
        except _LEFT_GROUP as error:
            # Whoever has the partitions now reads these records again.
            _log.warning("partitions were lost before the commit", group=self.group, reason=str(error))
        self._ours.settled(offsets)

    def _made(self) -> KafkaConsumer:
        section = self._section
        consumer = connected(
            KafkaConsumer,
            **options(section),
            group_id=section.group_prefix + self.group,
            group_instance_id=f"{section.member}-{self.group}" if section.member else None,
            partition_assignment_strategy=[CooperativeStickyAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            session_timeout_ms=round(section.session_seconds * 1000),
            heartbeat_interval_ms=_HEARTBEAT_MS,
            max_poll_interval_ms=round(section.handling_seconds * 1000),
            fetch_max_bytes=section.fetch_bytes,
            max_partition_fetch_bytes=min(section.fetch_bytes, section.largest_record_bytes * 2),
            metrics_enabled=False,
        )
        try:
            insist_on(consumer, self._topics, section)
            keep_finished_joins(consumer._coordinator)  # noqa: SLF001 -- no public way
            self._ours, self._silence = _Ours(consumer), Silence()
            consumer.subscribe(self._topics, listener=self._ours)
        except BaseException:
            _end(consumer)
            raise
        return consumer

    def _record(self, found: Any) -> Record:
        # A header of another program may have no value.
        headers = {key: value.decode("utf-8", "replace") for key, value in found.headers if value is not None}
        topic = found.topic[len(self._section.topic_prefix) :]
        key, value = found.key or b"", found.value or b""
        return Record(topic, found.partition, found.offset, key, value, headers, found.timestamp * 1000)

    def _failed(self, error: Exception) -> AxisError:
        """Begins again after whatever the library cannot get over, except when another process has our name."""
        self._drop()
        if isinstance(error, errors.FencedInstanceIdError):
            self._fenced = AxisError(
                Code.ABORTED,
                "EVENT_LOG_FENCED",
                f"Another process joined group {self.group} as {self._section.member}. Give each process a name of its "
                "own in engines.kafka.member.",
            )
            return self._fenced
        return self._trouble.told(error)

    def _drop(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._ours = _Ours()
        if consumer is not None:
            _end(consumer)


class _Ours(AsyncConsumerRebalanceListener):  # type: ignore[misc] # untyped in kafka-python
    """What is known of the partitions that are ours.

    Attributes:
        partitions: Which they are.
        committed: From where the group goes on, as far as we committed it or began there.
        uncommitted: From where it shall go on, as soon as that can be committed.
        polled: The offset after the last record that we gave out.
    """

    def __init__(self, consumer: KafkaConsumer | None = None) -> None:
        self.partitions: frozenset[TopicPartition] = frozenset()
        self.committed: dict[TopicPartition, int] = {}
        self.uncommitted: dict[TopicPartition, int] = {}
        self.polled: dict[TopicPartition, int] = {}
        self._consumer = consumer

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """More are ours."""
        self.partitions |= frozenset(assigned)

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Some go to others; what was made of their records is committed first. Waiting for it here would raise."""
        left = {one: self.uncommitted[one] for one in revoked if one in self.uncommitted}
        self._forget(revoked)
        if left and self._consumer is not None:
            with suppress(errors.KafkaError, OSError):
                await self._consumer.commit_async(_wanted(left))

    async def on_partitions_lost(self, lost: Collection[TopicPartition]) -> None:
        """Some are others' already; nothing can be committed for them."""
        self._forget(lost)

    def read(self, found: dict[TopicPartition, list[Any]]) -> None:
        """Notes what was given out."""
        for one, records in found.items():
            self.committed.setdefault(one, records[0].offset)
            self.polled[one] = records[-1].offset + 1

    def done(self, records: Sequence[Record], prefix: str) -> None:
        """Notes what may be committed: forward, and not beyond what was given out since the partition is ours."""
        for record in records:
            one, offset = TopicPartition(prefix + record.topic, record.partition), record.offset + 1
            floor = self.uncommitted.get(one, self.committed.get(one, offset))
            if floor < offset <= self.polled.get(one, -1):
                self.uncommitted[one] = offset

    def settled(self, offsets: dict[TopicPartition, int]) -> None:
        """Notes what was committed, or can no longer be."""
        for one, offset in offsets.items():
            self.committed[one] = offset
            self.uncommitted.pop(one, None)

    def _forget(self, gone: Collection[TopicPartition]) -> None:
        self.partitions -= frozenset(gone)
        for known in (self.committed, self.uncommitted, self.polled):
            for one in gone:
                known.pop(one, None)


def _wanted(offsets: dict[TopicPartition, int]) -> dict[TopicPartition, OffsetAndMetadata]:
    return {one: OffsetAndMetadata(offset, "", -1) for one, offset in offsets.items()}


def _end(consumer: KafkaConsumer) -> None:
    with suppress(errors.KafkaError, OSError):
        consumer.close(autocommit=False, timeout_ms=2000)
