"""Many who ask the same at once are answered by one look. In one event loop only."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from lienthong.chassis.rpc.leaving import outlasting

Answer = TypeVar("Answer")


class SingleFlight(Generic[Answer]):
    """Joins equal questions that are asked while the first of them is being answered."""

    def __init__(self) -> None:
        self._flying: dict[tuple[Hashable, int], asyncio.Future[Answer]] = {}

    async def ask(self, question: Hashable, age: int, look: Callable[[], Awaitable[Answer]]) -> Answer:
        """Answers a question.

        Args:
            question: What is asked; equal ones have equal answers.
            age: Grows with each change that the answer may tell of: a look that began before one is not joined after.
            look: Finds the answer.

        Raises:
            Exception: What `look` raises, to each who joined.
        """
        asked = (question, age)
        flight = self._flying.get(asked)
        if flight is None:
            flight = asyncio.ensure_future(look())
            self._flying[asked] = flight
            flight.add_done_callback(lambda _: self._flying.pop(asked))
        # One who leaves does not take the answer from those who joined.
        return await outlasting(flight)
