"""Records that came and were not given out yet; the oldest of all partitions goes first.

Services read what others say of their events. Of a backlog the library brings as many bytes of each partition, so the
topic with the smaller records would come long before those that they are about: and be parked, until too much is.
"""

import heapq
from collections import deque
from collections.abc import Collection, Sequence
from typing import Final

from confluent_kafka import Message

from lienthong.chassis.engines.kafka.connection import Place

_ENOUGH: Final = 500
"""Records of one partition that need not be more while others are behind."""


class Ahead:
    """What was read ahead, by partition.

    Attributes:
        count: How many records.
        bytes: How much they are.
    """

    def __init__(self) -> None:
        self._of: dict[Place, deque[Message]] = {}
        self.count = 0
        self.bytes = 0

    def came(self, found: Message) -> None:
        """Keeps a record."""
        self._of.setdefault(place(found), deque()).append(found)
        self.count += 1
        self.bytes += len(found)

    def take(self, at_most: int) -> Sequence[Message]:
        """Takes the oldest ones; those of one partition keep their order."""
        heads = [(_millis(queue[0]), one) for one, queue in self._of.items()]
        heapq.heapify(heads)
        found: list[Message] = []
        while heads and len(found) < at_most:
            _, one = heads[0]
            queue = self._of[one]
            found.append(queue.popleft())
            if queue:
                heapq.heapreplace(heads, (_millis(queue[0]), one))
            else:
                heapq.heappop(heads)
                del self._of[one]
        self.count -= len(found)
        self.bytes -= sum(map(len, found))
        return found

    def drop(self, gone: Collection[Place]) -> None:
        """Forgets what came of partitions that went."""
        for one in gone:
            queue = self._of.pop(one, deque())
            self.count -= len(queue)
            self.bytes -= sum(map(len, queue))

    @property
    def partitions(self) -> Collection[Place]:
        """Partitions of which something is there."""
        return self._of.keys()

    def has_enough(self, one: Place) -> bool:
        """Tells whether more of a partition is there than others need to wait for."""
        return len(self._of.get(one, ())) >= _ENOUGH

    def wants_more(self, one: Place) -> bool:
        """Tells whether more of a partition should come again."""
        return len(self._of.get(one, ())) <= _ENOUGH // 2


def place(found: Message) -> Place:
    """Tells in which partition a record stands."""
    return (str(found.topic()), int(found.partition() or 0))


def _millis(found: Message) -> int:
    return int(found.timestamp()[1])
