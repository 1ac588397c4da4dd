"""Threads shared fairly: each system has a queue of its own, and the queues take turns.

A system that sends ten times its share waits for itself, and so does one whose calls take long: it never holds every
thread. The others' calls pass. In one event loop only.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import timedelta
from typing import TypeVar

from lienthong.chassis.errors import AxisError, exhausted
from lienthong.chassis.rpc.leaving import outlasting

Result = TypeVar("Result")

_RETRY = timedelta(seconds=1)


class FairPool:
    """A bounded pool of threads behind one queue for each key."""

    def __init__(self, executor: Executor, threads: int, queue: int, queue_of_one: int, *, of_one: int = 0) -> None:
        """Shares an executor.

        Args:
            executor: Where work runs.
            threads: How much may run at once.
            queue: How much may wait in all.
            queue_of_one: How much may wait of one key.
            of_one: How much of one key may run at once; 0 for all.
        """
        self._executor = executor
        self._free = threads
        self._of_one = of_one or threads
        self._running: Counter[str] = Counter()
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
            work = asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)
        except BaseException:
            self._release(key)
            raise
        # Nothing stops a thread: its place is free when its work has ended, and not when its caller has left.
        work.add_done_callback(lambda _: self._release(key))
        return await outlasting(work)

    async def _turn(self, key: str) -> None:
        if self._may_run(key):
            self._take(key)
            return
        # Who is refused leaves no line behind: nobody would stand in it when its turn comes.
        own = len(self._waiting.get(key, ()))
        if self.waiting >= self._queue or own >= self._queue_of_one:
            raise self._refused(own)
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(mine)
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

    def _may_run(self, key: str) -> bool:
        return self._free > 0 and self._running[key] < self._of_one

    def _take(self, key: str) -> None:
        self._free -= 1
        self._running[key] += 1

    def _release(self, key: str) -> None:
        self._free += 1
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]
        while (following := next(filter(self._may_run, self._waiting), None)) is not None:
            self._call_up(following)

    def _call_up(self, key: str) -> None:
        line = self._waiting.pop(key)
        mine = line.popleft()
        self.waiting -= 1
        if line:
            # To the end: every other key has its turn before this one again.
            self._waiting[key] = line
        if not mine.done():
            self._take(key)
            mine.set_result(None)

    def _abandon(self, key: str, mine: "asyncio.Future[None]") -> None:
        line = self._waiting.get(key)
        if line is not None and mine in line:
            line.remove(mine)
            self.waiting -= 1
            if not line:
                del self._waiting[key]
        elif mine.done() and not mine.cancelled():
            # The turn was given in the moment in which the caller left.
            self._release(key)
