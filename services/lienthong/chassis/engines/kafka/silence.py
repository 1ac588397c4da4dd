"""Notices a member that is given nothing of a partition although there is something.

After brokers were killed the library may go on without ever fetching some partition again: it polls in vain, and says
nothing, while others go on. Whoever begins anew has everything again.
"""

import time
from collections.abc import Collection
from typing import Final

from kafka import KafkaConsumer, TopicPartition

SECONDS: Final = 15.0
"""Between two looks."""

_LOOK_MS: Final = 2000
"""Longest wait for an answer: while a broker is away, partitions of others wait with it."""


class Silence:
    """Looks at a member now and then, whenever it was given all that had been fetched."""

    def __init__(self) -> None:
        self._next = time.monotonic() + SECONDS
        self._behind: dict[TopicPartition, int] = {}
        self._drained = True

    def given(self, records: int, at_most: int) -> None:
        """Says how many records came of how many that were asked for: with fewer, nothing fetched is kept back."""
        self._drained = records < at_most

    def stuck(self, consumer: KafkaConsumer, ours: Collection[TopicPartition]) -> Collection[TopicPartition]:
        """Gives partitions that stand where they stood at the last look, with records before them.

        Args:
            consumer: The library's.
            ours: Partitions that are read.

        Raises:
            KafkaError: The brokers do not say.
        """
        if time.monotonic() < self._next or not self._drained or not ours:
            return ()
        self._next = time.monotonic() + SECONDS
        places = sorted(consumer.assignment() & set(ours))
        ends = consumer.end_offsets(places, timeout_ms=_LOOK_MS)
        at = {one: consumer.position(one, timeout_ms=_LOOK_MS) or 0 for one in places}
        before, self._behind = self._behind, {one: place for one, place in at.items() if place < ends[one]}
        return [one for one, place in self._behind.items() if before.get(one) == place]
