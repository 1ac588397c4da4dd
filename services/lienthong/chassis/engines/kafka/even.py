"""Keeps a member's partitions even: of a backlog none is read long before the others."""

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from lienthong.chassis.engines.kafka.ahead import Ahead, place
from lienthong.chassis.engines.kafka.connection import Place

_WAIT_SECONDS: Final = 0.2
_STEP_SECONDS: Final = 0.02
_AT_ONCE: Final = 100


class Even:
    """Knows of which partitions more is to come, and holds those back of which enough is there."""

    def __init__(self, ahead: Ahead) -> None:
        self._ahead = ahead
        self._reached: dict[Place, int] = {}
        self._ends: dict[Place, int] = {}
        self._held: set[Place] = set()
        self._excused: dict[Place, int] = {}

    def begin(self, starts: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """Notes from where to where partitions go that are ours now."""
        self._reached |= starts
        self._ends |= ends

    def came(self, found: Message) -> None:
        """Notes how far a partition is read."""
        self._reached[place(found)] = int(found.offset() or 0) + 1

    def drop(self, gone: Collection[Place]) -> None:
        """Forgets partitions that went."""
        for one in gone:
            for known in (self._reached, self._ends, self._excused):
                known.pop(one, None)
            self._held.discard(one)

    def catch_up(self, consumer: Consumer, take: Callable[[float], bool], most_bytes: int) -> None:
        """Takes more until something of each partition that goes on is there, for a little while.

        Args:
            consumer: Whose partitions.
            take: Waits so many seconds for what comes next and keeps it; tells whether something came.
            most_bytes: So much read ahead is enough, whatever it is of.
        """
        until = time.monotonic() + _WAIT_SECONDS
        while self._ahead.count and self._ahead.bytes < most_bytes and (behind := self._behind(consumer)):
            if (rest := until - time.monotonic()) <= 0:
                # What they hold may be nothing that is given to us: they are waited for again when they go on.
                self._excused |= behind
                return
            self._hold(consumer)
            came, left = take(min(rest, _STEP_SECONDS)), _AT_ONCE
            while came and left:
                came, left = take(0.0), left - 1

    def _behind(self, consumer: Consumer) -> Mapping[Place, int]:
        """Names partitions of which nothing is there although they go on, with where they ended when that was heard."""
        found = {}
        for one in self._reached.keys() - self._ahead.partitions:
            end = max(_end(consumer, one), self._ends.get(one, 0))
            if end > max(self._reached[one], self._excused.get(one, 0)):
                found[one] = end
        return found

    def _hold(self, consumer: Consumer) -> None:
        """Lets nothing more come of partitions that are ahead of others."""
        full = [one for one in self._ahead.partitions if one not in self._held and self._ahead.has_enough(one)]
        if full:
            consumer.pause([TopicPartition(*one) for one in full])
            self._held.update(full)

    def let_go(self, consumer: Consumer) -> None:
        """Lets more come of partitions that are no longer ahead."""
        due = [one for one in self._held if self._ahead.wants_more(one)]
        if due:
            consumer.resume([TopicPartition(*one) for one in due])
            self._held.difference_update(due)


def _end(consumer: Consumer, one: Place) -> int:
    """Tells where a partition ended when the library last heard of it; below zero when it never did."""
    with suppress(KafkaException):
        return int(consumer.get_watermark_offsets(TopicPartition(*one), cached=True)[1])
    return -1
