"""Keeps a member's partitions even: of a backlog none is read long before the others."""

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from lienthong.chassis.engines.kafka.ahead import Ahead, place
from lienthong.chassis.engines.kafka.connection import Place

_WAIT_SECONDS: Final = 0.5
_STEP_SECONDS: Final = 0.02
_AT_ONCE: Final = 100


class Even:
    """Knows of which partitions more is to come, and holds those back of which enough is there.

    Attributes:
        held: Those that are held back.
    """

    def __init__(self, ahead: Ahead, most_bytes: int) -> None:
        """Takes what came, and the bytes that are enough of all partitions together."""
        self._ahead = ahead
        self._most_bytes = most_bytes
        self._reached: dict[Place, int] = {}
        self._ends: dict[Place, int] = {}
        self.held: set[Place] = set()
        self._excused: dict[Place, tuple[int, int]] = {}

    def begin(self, starts: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """Notes from where to where partitions go that are ours now."""
        self._reached |= starts
        self._ends |= ends

    def came(self, found: Message) -> None:
        """Notes how far a partition is read."""
        self._reached[place(found)] = int(found.offset() or 0) + 1

    def drop(self, consumer: Consumer, gone: Collection[Place]) -> None:
        """Forgets partitions that went. The library would hold them back still when they come again."""
        with suppress(KafkaException):
            consumer.resume([TopicPartition(*one) for one in self.held.intersection(gone)])
        for one in gone:
            for known in (self._reached, self._ends, self._excused):
                known.pop(one, None)
            self.held.discard(one)

    def catch_up(self, consumer: Consumer, take: Callable[[float], bool]) -> None:
        """Takes more until something of each partition that goes on is there, for a little while.

        Args:
            consumer: Whose partitions.
            take: Waits so many seconds for what comes next and keeps it; tells whether something came.
        """
        until = time.monotonic() + _WAIT_SECONDS
        while self._ahead.count and self._ahead.bytes < self._most_bytes and (behind := self._behind(consumer)):
            if (rest := until - time.monotonic()) <= 0:
                # What they hold may be nothing that is given to us: they are waited for again when something changed.
                self._excused |= {one: self._standing(consumer, one) for one in behind}
                return
            self._hold(consumer)
            came, left = take(min(rest, _STEP_SECONDS)), _AT_ONCE
            while came and left:
                came, left = take(0.0), left - 1

    def goes_on(self, consumer: Consumer, one: Place) -> bool:
        """Tells whether more of a partition is to come that is worth waiting for."""
        reached, end = self._standing(consumer, one)
        return reached < end and self._excused.get(one) != (reached, end)

    def _behind(self, consumer: Consumer) -> Collection[Place]:
        return [one for one in self._reached.keys() - self._ahead.partitions if self.goes_on(consumer, one)]

    def _standing(self, consumer: Consumer, one: Place) -> tuple[int, int]:
        """Tells how far a partition is read, and goes as far as we heard."""
        heard = _end(consumer, one)
        # Once something was fetched that is true, also of a partition that ends earlier than it did.
        return self._reached.get(one, 0), heard if heard >= 0 else self._ends.get(one, 0)

    def _hold(self, consumer: Consumer) -> None:
        """Lets nothing more come of partitions that are ahead of others."""
        share = self._share()
        full = [one for one in self._ahead.partitions - self.held if self._ahead.has_enough(one, share)]
        if full:
            consumer.pause([TopicPartition(*one) for one in full])
            self.held.update(full)

    def let_go(self, consumer: Consumer) -> None:
        """Lets more come of partitions that are no longer ahead."""
        share = self._share()
        due = [one for one in self.held if self._ahead.wants_more(one, share)]
        if due:
            consumer.resume([TopicPartition(*one) for one in due])
            self.held.difference_update(due)

    def _share(self) -> int:
        return self._most_bytes // max(len(self._reached), 1)


def _end(consumer: Consumer, one: Place) -> int:
    """Tells where a partition ended when the library last heard of it; below zero when it never did."""
    with suppress(KafkaException):
        return int(consumer.get_watermark_offsets(TopicPartition(*one), cached=True)[1])
    return -1
