"""Records that came and were not given out yet; the oldest of all partitions goes first.

Services read what others say of their events. Of a backlog the library brings as many bytes of each partition, so the
topic with the smaller records would come long before those that they are about: and be parked, until too much is.
"""

import heapq
from collections import deque
from collections.abc import Callable, Collection, KeysView, Sequence
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
        self._bytes: dict[Place, int] = {}
        self.count = 0
        self.bytes = 0

    def came(self, found: Message) -> None:
        """Keeps a record."""
        here, size = place(found), len(found)
        self._of.setdefault(here, deque()).append(found)
        self._bytes[here] = self._bytes.get(here, 0) + size
        self.count += 1
        self.bytes += size

    def take(self, at_most: int, goes_on: Callable[[Place], bool]) -> Sequence[Message]:
        """Takes the oldest ones; those of one partition keep their order.

        Args:
            at_most: How many.
            goes_on: Tells whether more of a partition is to come: when nothing of it is left, that may be the oldest.
        """
        heads = [(_millis(queue[0]), one) for one, queue in self._of.items()]
        heapq.heapify(heads)
        found: list[Message] = []
        while heads and len(found) < at_most:
            _, one = heads[0]
            queue = self._of[one]
            found.append(queue.popleft())
            self._bytes[one] -= len(found[-1])
            if queue:
                heapq.heapreplace(heads, (_millis(queue[0]), one))
            else:
                heapq.heappop(heads)
                del self._of[one], self._bytes[one]
                if goes_on(one):
                    break
        self.count -= len(found)
        self.bytes -= sum(map(len, found))
        return found

    def drop(self, gone: Collection[Place]) -> None:
        """Forgets what came of partitions that went."""
        for one in gone:
            self.count -= len(self._of.pop(one, ()))
            self.bytes -= self._bytes.pop(one, 0)

    @property
    def partitions(self) -> KeysView[Place]:
        """Partitions of which something is there."""
        return self._of.keys()

    def has_enough(self, one: Place, most_bytes: int) -> bool:
        """Tells whether more of a partition is there than others need to wait for."""
        return len(self._of.get(one, ())) >= _ENOUGH or self._bytes.get(one, 0) >= most_bytes

    def wants_more(self, one: Place, most_bytes: int) -> bool:
        """Tells whether more of a partition should come again."""
        return len(self._of.get(one, ())) <= _ENOUGH // 2 and self._bytes.get(one, 0) <= most_bytes // 2


def place(found: Message) -> Place:
    """Tells in which partition a record stands."""
    return (str(found.topic()), int(found.partition() or 0))


def _millis(found: Message) -> int:
    return int(found.timestamp()[1])
