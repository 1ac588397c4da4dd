"""Consuming on Kafka: a member of a consumer group that joins, waits, and recovers by itself.

Members take partitions over one by one (`sharing.py`): while a process is replaced the others go on with what they
have. Offsets are committed only for partitions that are ours still, and never below what was committed.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException

from lienthong.chassis.engines.eventlog import Record
from lienthong.chassis.engines.kafka.connection import OUT_OF_REACH, Trouble, end, every, options, partitions
from lienthong.chassis.engines.kafka.made import Standing, Topics
from lienthong.chassis.engines.kafka.ours import Ours
from lienthong.chassis.engines.kafka.owner import Owner
from lienthong.chassis.engines.kafka.records import record_of
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.engines.kafka.sharing import MOVING, fenced, refused, sharing
from lienthong.chassis.errors import AxisError

_log = structlog.get_logger(__name__)

_STEP_SECONDS: Final = 0.2
"""The library's poll cannot be woken: it waits in steps of this length, so that closing need not wait longer."""

_ANSWER_SECONDS: Final = (0.001, 0.05)
"""The answer to a commit comes while polling, which does not end for it: steps from the first length to the second."""

_REPLACED: Final = (
    "topics were made again, or are another cluster's; joining again. What was not taken before, `lienthong ops outbox "
    "republish` tells again"
)
_MOST_AHEAD: Final = 3
"""Times of what a member reads ahead may come before the answer to a commit: ours, the library's, and on its way."""

_LAST_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 5.0
_LARGEST_ANSWER: Final = 2**31 - 1


class KafkaLogConsumer:
    """A member of a group. See `LogConsumer`."""

    def __init__(
        self,
        section: KafkaSection,
        trouble: Trouble,
        owner: Owner,
        made: Topics,
        group: str,
        topics: Sequence[str],
        left: Callable[["KafkaLogConsumer"], None],
    ) -> None:
        """Joins at the first poll: no broker is needed before.

        Args:
            section: How the brokers are reached.
            trouble: Says what failures mean.
            owner: Whose group it must be.
            made: Tells which topics these are.
            group: Name of the group, without prefix.
            topics: Names of the topics, without prefix.
            left: Called when it was closed.
        """
        self.group = group
        self._section = section
        self._trouble = trouble
        self._owner = owner
        self._standing = Standing(made)
        self._topics = [section.topic_prefix + name for name in topics]
        self._left = left
        self._turn = threading.Lock()
        self._closed = threading.Event()
        self._consumer: Consumer | None = None
        self._settings: Mapping[str, Any] = {}
        self._look_at = 0.0
        self._ours = Ours(owner, section.fetch_bytes)
        self._fenced: AxisError | None = None

    @property
    def assigned(self) -> Collection[tuple[str, int]]:
        """Partitions that are ours now."""
        prefix = len(self._section.topic_prefix)
        return {(topic[prefix:], number) for topic, number in self._ours.partitions}

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

    def done(self, records: Sequence[Record]) -> None:
        """Notes what may be committed; it is when partitions go to others, too. See `LogConsumer.done`."""
        with self._turn:
            self._ours.done(records, self._section.topic_prefix)

    def commit(self, records: Sequence[Record] = ()) -> None:
        """Commits offsets. See `LogConsumer.commit`.

        Raises:
            AxisError: UNAVAILABLE when the brokers do not answer, ABORTED when another process has our name.
        """
        with self._turn:
            self._ours.done(records, self._section.topic_prefix)
            try:
                self._commit(self._section.answer_seconds)
            except KafkaException as error:
                raise self._failed(error) from error

    def close(self) -> None:
        """Leaves the group."""
        self._closed.set()
        with self._turn:
            # What is not committed is read again, and dropped: it is not worth a long wait.
            with suppress(KafkaException, AxisError):
                self._commit(_LAST_SECONDS)
            self._drop()
        self._left(self)

    def _step(self, max_records: int, seconds: float) -> Sequence[Record]:
        if self._fenced:
            raise self._fenced
        if self._closed.is_set():
            return []
        try:
            self._look()
            if self._consumer is None:
                self._consumer = self._made()
            self._ask(self._consumer)
            self._fill(self._consumer, max_records, seconds)
        except (KafkaException, TimeoutError) as error:
            raise self._failed(error) from error
        prefix = len(self._section.topic_prefix)
        return [record_of(one, prefix, self._owner) for one in self._ours.given(self._consumer, max_records)]

    def _fill(self, consumer: Consumer, max_records: int, seconds: float) -> None:
        """Takes what comes, and waits a little for partitions that are behind: the oldest is given out first."""
        ahead, even = self._ours.ahead, self._ours.even
        even.let_go(consumer)
        deadline = time.monotonic() + seconds
        while ahead.count < max_records:
            rest = 0.0 if ahead.count else max(deadline - time.monotonic(), 0.0)
            if not self._take(consumer, rest):
                break
        even.catch_up(consumer, partial(self._take, consumer))

    def _take(self, consumer: Consumer, seconds: float) -> bool:
        """Takes what comes next; tells whether something did."""
        found = consumer.poll(seconds)
        if found is None:
            return False
        error = found.error()
        if error is None:
            self._ours.came(found)
        elif error.code() not in OUT_OF_REACH:
            raise KafkaException(error, found.topic())
        return True

    def _ask(self, consumer: Consumer) -> None:
        """Asks to commit what could not be committed yet."""
        offsets = [self._owner.commit(one, offset) for one, offset in self._ours.unasked.items()]
        if offsets:
            self._ours.unasked.clear()
            consumer.commit(offsets=offsets, asynchronous=True)

    def _commit(self, seconds: float) -> None:
        consumer, wanted = self._consumer, dict(self._ours.uncommitted)
        if not wanted or consumer is None:
            return
        self._ours.refusal()
        self._ours.unasked |= wanted
        self._ask(consumer)
        deadline, (step, longest) = time.monotonic() + seconds, _ANSWER_SECONDS
        while any(self._ours.uncommitted.get(one) == offset for one, offset in wanted.items()):
            if (refusal := self._ours.refusal()) is not None:
                self._refused(refusal)
                return
            if time.monotonic() > deadline or self._ours.ahead.bytes > _MOST_AHEAD * self._section.fetch_bytes:
                raise self._trouble.away(TimeoutError("offsets were not committed in time"))
            if not self._take(consumer, step):
                step = min(2 * step, longest)

    def _refused(self, error: KafkaError) -> None:
        """Deals with the refusal of a commit."""
        if error.code() in MOVING:
            # Partitions move just now: what stays is committed after the next poll, what goes before it goes.
            return
        if error.code() == KafkaError.UNKNOWN_MEMBER_ID:
            # Whoever has the partitions now reads these records again.
            _log.warning("partitions were lost before the commit", group=self.group, reason=error.str())
            self._ours.give_up()
            return
        if error.code() == KafkaError.FENCED_INSTANCE_ID:
            raise KafkaException(error)
        # Kept: it is tried again with the next poll.
        missing = error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
        raise self._trouble.told(KafkaException(error), ", ".join(self._topics) if missing else self.group)

    def _look(self) -> None:
        """Joins anew when a certificate or a password was changed, as soon as one can begin with what is there now.

        And when topics are other ones now: nothing would come of them.
        """
        now = time.monotonic()
        if self._consumer is None or now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        with suppress(AxisError, KafkaException):
            settings = options(self._section)
            if settings != self._settings:
                end(Consumer({**settings, "group.id": self._section.group_prefix + self.group}))
                _log.info("a certificate or a password was changed; joining again", group=self.group)
                self._drop()
                return
        if absent := self._standing.absent():
            # Brokers that share partitions leave out topics that are not there, and the library says nothing then.
            raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), absent[0])
        if gone := self._standing.replaced():
            _log.warning(_REPLACED, group=self.group, topics=gone)
            self._drop()

    def _made(self) -> Consumer:
        section, self._settings = self._section, options(self._section)
        self._ours = Ours(self._owner, section.fetch_bytes)
        self._look_at = time.monotonic() + _LOOK_SECONDS
        consumer = Consumer(
            {
                **self._settings,
                **({"group.instance.id": f"{section.member}-{self.group}"} if section.member else {}),
                "error_cb": self._trouble.heard,
                "on_commit": self._ours.answered,
                "group.id": section.group_prefix + self.group,
                **sharing(section),
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "allow.auto.create.topics": False,
                "check.crcs": True,
                # By default a transaction that another program leaves open holds back all that comes after it.
                "isolation.level": "read_uncommitted",
                "max.poll.interval.ms": round(max(section.handling_seconds, section.session_seconds) * 1000),
                "fetch.max.bytes": max(section.fetch_bytes, section.largest_record_bytes * 2),
                # Records of other programs come whole, however large: one that cannot be received stops its partition.
                "receive.message.max.bytes": _LARGEST_ANSWER,
                "max.partition.fetch.bytes": min(section.fetch_bytes, section.largest_record_bytes * 2),
                # As much again is read ahead by us, oldest first.
                "queued.max.messages.kbytes": section.fetch_bytes // 2048,
                # By default a full queue is looked at again after a second only.
                "fetch.queue.backoff.ms": 20,
            }
        )
        try:
            self._owner.committed(consumer, every(partitions(consumer, self._topics, section)), section.answer_seconds)
            self._standing.begin(self._topics)
            consumer.subscribe(
                self._topics, on_assign=self._ours.gained, on_revoke=self._ours.revoked, on_lost=self._ours.lost
            )
        except BaseException:
            end(consumer)
            raise
        return consumer

    def _failed(self, error: Exception) -> AxisError:
        """Begins again after whatever the library cannot get over, except when another process has our name."""
        self._drop()
        self._fenced = fenced(error, self._section, self.group)
        if (told := self._fenced or refused(error, self._section, self.group)) is not None:
            return told
        topic = error.args[1] if isinstance(error, KafkaException) and len(error.args) > 1 else None
        return self._trouble.told(error, topic or self._section.group_prefix + self.group)

    def _drop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            end(consumer)
        self._ours = Ours(self._owner, self._section.fetch_bytes)
