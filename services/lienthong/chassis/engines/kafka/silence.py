"""Notices a member that is given nothing although there is something.

After brokers were killed the library may go on without ever fetching some partition again: it polls in vain, and says
nothing. Whoever begins anew has everything again.
"""

import time
from collections.abc import Collection
from typing import Final

from kafka import KafkaConsumer, TopicPartition

SECONDS: Final = 15.0
"""Between two looks, while nothing comes."""


class Silence:
    """Looks at a member now and then while nothing comes."""

    def __init__(self) -> None:
        self._next = time.monotonic() + SECONDS
        self._behind: dict[TopicPartition, int] = {}

    def ended(self) -> None:
        """Says that something came."""
        self._next = time.monotonic() + SECONDS
        self._behind = {}

    def stuck(
        self, consumer: KafkaConsumer, ours: Collection[TopicPartition], answer_ms: int
    ) -> Collection[TopicPartition]:
        """Gives partitions that stand where they stood at the last look, with records before them.

        Args:
            consumer: The library's.
            ours: Partitions that are read.
            answer_ms: Longest wait for the brokers, in milliseconds.

        Raises:
            KafkaError: The brokers do not say.
        """
        if time.monotonic() < self._next or not ours:
            return ()
        self._next = time.monotonic() + SECONDS
        places = sorted(consumer.assignment() & set(ours))
        ends = consumer.end_offsets(places, timeout_ms=answer_ms)
        at = {one: consumer.position(one, timeout_ms=answer_ms) or 0 for one in places}
        before, self._behind = self._behind, {one: place for one, place in at.items() if place < ends[one]}
        return [one for one, place in self._behind.items() if before.get(one) == place]
