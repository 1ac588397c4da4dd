"""Threads shared fairly: each system has a queue of its own, and the queues take turns.

A system that sends ten times its share waits for itself; the others' calls pass. In one event loop only.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import timedelta
from typing import TypeVar

from lienthong.chassis.errors import AxisError, exhausted

Result = TypeVar("Result")

_RETRY = timedelta(seconds=1)


class FairPool:
    """A bounded pool of threads behind one queue for each key."""

    def __init__(self, executor: Executor, threads: int, queue: int, queue_of_one: int) -> None:
        """Shares an executor.

        Args:
            executor: Where work runs.
            threads: How much may run at once.
            queue: How much may wait in all.
            queue_of_one: How much may wait of one key.
        """
        self._executor = executor
        self._free = threads
        self._queue = queue
        self._queue_of_one = queue_of_one
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self.waiting = 0
        """How much waits now."""

    async def run(self, key: str, function: Callable[..., Result], *arguments: object) -> Result:
        """Runs `function` in a thread when it is this key's turn.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when as much waits as may.
        """
        await self._turn(key)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)
        finally:
            self._release()

    async def _turn(self, key: str) -> None:
        if self._free:
            self._free -= 1
            return
        line = self._waiting.setdefault(key, deque())
        if self.waiting >= self._queue or len(line) >= self._queue_of_one:
            raise self._refused(len(line))
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(mine)
        self.waiting += 1
        try:
            await mine
        except asyncio.CancelledError:
            self._abandon(key, mine)
            raise

    def _refused(self, own: int) -> AxisError:
        if own >= self._queue_of_one:
            return exhausted("SYSTEM_BUSY", f"{own} calls of your system wait already; send fewer at once.", _RETRY)
        return exhausted("SERVER_BUSY", "The server has as many calls as it can hold.", _RETRY)

    def _release(self) -> None:
        while self._waiting:
            key, line = self._waiting.popitem(last=False)
            mine = line.popleft()
            self.waiting -= 1
            if line:
                # To the end: every other key has its turn before this one again.
                self._waiting[key] = line
            if not mine.done():
                mine.set_result(None)
                return
        self._free += 1

    def _abandon(self, key: str, mine: "asyncio.Future[None]") -> None:
        line = self._waiting.get(key)
        if line is not None and mine in line:
            line.remove(mine)
            self.waiting -= 1
            if not line:
                del self._waiting[key]
        elif mine.done() and not mine.cancelled():
            # The turn was given in the moment in which the caller left.
            self._release()
