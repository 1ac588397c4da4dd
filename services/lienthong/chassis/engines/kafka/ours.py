"""What a member of a group knows of the partitions that are its own."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import structlog
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from lienthong.chassis.engines.eventlog import Record
from lienthong.chassis.engines.kafka.ahead import Ahead, place
from lienthong.chassis.engines.kafka.connection import Place, places
from lienthong.chassis.engines.kafka.even import Even
from lienthong.chassis.engines.kafka.owner import Owner

_log = structlog.get_logger(__name__)

_ASK_SECONDS: Final = 2.0


class Ours:
    """Partitions, what came of them, and what was made of it. Its callbacks are called while the member polls.

    Attributes:
        partitions: Which are ours.
        ahead: What came and was not given out yet; nothing of partitions that went.
        even: Keeps them so.
        uncommitted: From where the group shall go on, as far as the brokers do not know it.
        unasked: The same, as far as they were not even asked.
    """

    def __init__(self, owner: Owner, most_bytes: int) -> None:
        """Takes whose log it is, and how many bytes are read ahead."""
        self._owner = owner
        self.partitions: frozenset[Place] = frozenset()
        self.ahead = Ahead()
        self.even = Even(self.ahead, most_bytes)
        self.uncommitted: dict[Place, int] = {}
        self.unasked: dict[Place, int] = {}
        self._refusal: KafkaError | None = None
        self._committed: dict[Place, int] = {}
        self._polled: dict[Place, int] = {}

    def gained(self, consumer: Consumer, gained: Sequence[TopicPartition]) -> None:
        """More are ours; where retention removed what the group had not taken, that is told."""
        self.partitions |= {(one.topic, one.partition) for one in gained}
        with suppress(KafkaException):
            self.even.begin(*_bounds(consumer, [(one.topic, one.partition) for one in gained]))

    def revoked(self, consumer: Consumer, gone: Sequence[TopicPartition]) -> None:
        """Some go to others; what was made of their records is committed first."""
        left = [
            self._owner.commit((one.topic, one.partition), self.uncommitted[one.topic, one.partition])
            for one in gone
            if (one.topic, one.partition) in self.uncommitted
        ]
        self.lost(consumer, gone)
        if left:
            with suppress(KafkaException):
                consumer.commit(offsets=left, asynchronous=True)

    def lost(self, consumer: Consumer, gone: Sequence[TopicPartition]) -> None:
        """Some are others' already; nothing can be committed for them."""
        theirs = {(one.topic, one.partition) for one in gone}
        self.partitions -= theirs
        self.ahead.drop(theirs)
        self.even.drop(consumer, theirs)
        self._forget(theirs)

    def came(self, found: Message) -> None:
        """Keeps a record until it is given out."""
        self.ahead.came(found)
        self.even.came(found)

    def given(self, consumer: Consumer, at_most: int) -> Sequence[Message]:
        """Takes what is given out next, and notes it."""
        found = self.ahead.take(at_most, partial(self.even.goes_on, consumer))
        for one in found:
            here, offset = place(one), int(one.offset() or 0)
            if offset < self._polled.get(here, 0):
                # The partition began anew, as that of a topic that was made again does.
                self._forget([here])
            self._committed.setdefault(here, offset)
            self._polled[here] = offset + 1
        return found

    def done(self, records: Sequence[Record], prefix: str) -> None:
        """Notes what may be committed: forward, and not beyond what was given out since the partition is ours."""
        for record in records:
            one, offset = (prefix + record.topic, record.partition), record.offset + 1
            floor = self.uncommitted.get(one, self._committed.get(one, offset))
            if floor < offset <= self._polled.get(one, -1):
                self.uncommitted[one] = offset

    def answered(self, error: KafkaError | None, partitions: Sequence[TopicPartition]) -> None:
        """Notes the answer to a commit: what is committed, or why it is not."""
        for one in partitions:
            known, failed = (one.topic, one.partition), error or one.error
            if failed is not None:
                self._refusal = failed
            elif one.offset <= self._polled.get(known, -1):
                self._committed[known] = one.offset
            if known in self.uncommitted and self.uncommitted[known] == one.offset:
                if failed is None:
                    del self.uncommitted[known]
                else:
                    self.unasked[known] = one.offset

    def refusal(self) -> KafkaError | None:
        """Tells once why a commit failed since it was last asked."""
        told, self._refusal = self._refusal, None
        return told

    def give_up(self) -> None:
        """Forgets what can no longer be committed."""
        self._committed |= self.uncommitted
        self._forget_uncommitted(list(self.uncommitted))

    def _forget(self, gone: Collection[Place]) -> None:
        self._forget_uncommitted(gone)
        for known in (self._committed, self._polled):
            for one in gone:
                known.pop(one, None)

    def _forget_uncommitted(self, gone: Collection[Place]) -> None:
        for one in gone:
            self.uncommitted.pop(one, None)
            self.unasked.pop(one, None)


def _bounds(consumer: Consumer, gained: Sequence[Place]) -> tuple[Mapping[Place, int], Mapping[Place, int]]:
    """Gives where partitions are read from, and where they end; tells what retention removed before it was taken.

    Raises:
        KafkaException: The brokers do not say.
    """
    taken = places(consumer.committed([TopicPartition(*one) for one in gained], timeout=_ASK_SECONDS))
    begins, ends = (
        places(consumer.offsets_for_times([TopicPartition(*one, which) for one in gained], timeout=_ASK_SECONDS))
        for which in (OFFSET_BEGINNING, OFFSET_END)
    )
    for (topic, partition), begin in begins.items():
        if 0 <= taken[topic, partition] < begin:
            _log.error(
                "events were removed from the log before they were taken; `lienthong ops outbox republish` tells again "
                "those that outboxes still hold",
                topic=topic,
                partition=partition,
                events=begin - taken[topic, partition],
            )
    return {one: max(begin, taken[one]) for one, begin in begins.items()}, ends
