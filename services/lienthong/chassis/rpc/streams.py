"""Streams that watch something: they hold no thread, and end when their caller may see no more."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from lienthong.chassis.auth.policy import Row
from lienthong.chassis.errors import AxisError, unavailable
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.pace import Pace
from lienthong.chassis.rpc import beginning
from lienthong.chassis.rpc.admission import (
    Admission,
    Context,
    Metadata,
    Result,
    abort,
    facts_of,
    guarded,
    system_of,
)
from lienthong.chassis.rpc.call import Call, Watch
from lienthong.chassis.rpc.hub import LOOK_SECONDS, Hub
from lienthong.chassis.rpc.shares import Shares
from lienthong.chassis.rpc.singleflight import SingleFlight

ROUND_SECONDS = 2.0
"""How long one round over all open streams takes, in which it is looked at whether their callers may still."""
_GROUP = round(LOOK_SECONDS / ROUND_SECONDS)
"""Streams between two pauses of a round: the loop has calls to answer meanwhile. One of them looks, whatever woke them
all at once before; so each looks when `LOOK_SECONDS` have passed, give or take half, and never all together."""

_PACE = Pace(least=0.0, most=5.0)
"""A look at the progress of two thousand recipients takes long, and each of them that acts wakes who watches."""
_CHEAP_SECONDS = 0.05
"""Of the processor, what a look may take without a rest; what it waited delays nobody more."""

Begin = Callable[[Any, Call], Watch]


@dataclass(frozen=True, slots=True)
class _Door:
    """Lets one stream in, and tells whether it may stay."""

    row: Row
    begin: Begin
    admission: Admission
    request: bytes
    facts: tuple[bytes | None, Metadata]

    def admit(self) -> tuple[Call, Watch]:
        """Lets it in: as whom, and what feeds it. Waits for the database."""
        call = self.admission.admit(self.row, *self.facts)
        return call, self.begin(self.request, call)

    def lets_in(self, call: Call) -> bool:
        """Tells whether the caller is who it was. Waits for nothing."""
        try:
            return self.admission.still(self.row, *self.facts) == call.caller
        except AxisError:
            return False


@dataclass(eq=False, slots=True)
class _Stream:
    """An open stream.

    Attributes:
        door: Where it came in.
        call: As whom.
        hint: Wakes it.
        doubted: Whether it must come in anew, because its caller is not who it was.
        looked: When it looked last, by the monotonic clock.
    """

    door: _Door
    call: Call
    hint: asyncio.Event
    doubted: bool = False
    looked: float = field(default_factory=time.monotonic)


class Streams:
    """Feeds the streams of a server."""

    def __init__(self, hub: Hub, metrics: Metrics, executor: Executor, shares: Shares) -> None:
        """Prepares.

        Args:
            hub: Wakes them.
            metrics: Counts those that end with an error.
            executor: Where their steps run.
            shares: How many one system may have open.
        """
        self._hub = hub
        self._closed = asyncio.Event()
        self._metrics = metrics
        self._executor = executor
        self._shares = shares
        self._open: dict[_Stream, None] = {}
        self._looks: SingleFlight[tuple[Sequence[bytes], str, float]] = SingleFlight()
        self._rounds: asyncio.Task[None] | None = None

    def handler(self, row: Row, begin: Begin, admission: Admission) -> Callable[[Any, Any], AsyncIterator[bytes]]:
        """Makes the handler of an rpc."""

        async def handle(request: bytes, context: Context) -> AsyncIterator[bytes]:
            facts = facts_of(context)
            try:
                with self._shares.held(system_of(facts[0])):
                    async for message in self._feed(_Door(row, begin, admission, request, facts), context):
                        yield message
            except AxisError as error:
                self._metrics.called(row.method, error.code.name, 0.0)
                admission.tell_refusal(row.method, error, *facts)
                await abort(context, error)

        return handle

    def close(self) -> None:
        """Tells every stream to end. In the loop only."""
        self._hub.close()
        self._closed.set()
        if self._rounds is not None:
            self._rounds.cancel()

    async def _feed(self, door: _Door, context: Context) -> AsyncIterator[bytes]:
        run = partial(self._run, door.row.method)
        call, watch = await run(door.admit)
        # Whoever opens a watch and then lists must know that it has begun; without news nothing else would come.
        await context.send_initial_metadata(beginning.written(watch.cursor))
        key, cursor = watch.key, watch.cursor
        stream = _Stream(door, call, self._hub.watch(key))
        stream.hint.set()
        self._enter(stream)
        try:
            while not self._hub.closing:
                await stream.hint.wait()
                stream.hint.clear()
                if stream.doubted:
                    stream.call, watch = await run(door.admit)
                    stream.doubted = False
                stream.looked = time.monotonic()
                # Of a thousand who watch the same, one looks for all: that they saw the same so far is in the question.
                question = (door.row.method, door.request, stream.call.caller, cursor)
                look = partial(run, partial(_look, watch, cursor))
                messages, cursor, took = await self._looks.ask(question, self._hub.wakes, look)
                for message in messages:
                    yield message
                if messages and not watch.whole:
                    stream.hint.set()
                await self._rest(_PACE.rest(max(0.0, took - _CHEAP_SECONDS)))
        finally:
            del self._open[stream]
            self._hub.leave(key, stream.hint)
        raise unavailable("SERVER_DRAINING", "The server goes down; go on from the cursor.", timedelta(seconds=1))

    async def _rest(self, seconds: float) -> None:
        if seconds <= 0:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()

    async def _run(self, method: str, action: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, guarded, method, action)

    def _enter(self, stream: _Stream) -> None:
        self._open[stream] = None
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._go_round())

    async def _go_round(self) -> None:
        while self._open and not self._hub.closing:
            streams = list(self._open)
            groups = [streams[start : start + _GROUP] for start in range(0, len(streams), _GROUP)]
            for group in groups:
                await asyncio.sleep(ROUND_SECONDS / len(groups))
                await self._look_at(group)

    async def _look_at(self, group: Sequence[_Stream]) -> None:
        for stream in group:
            try:
                if not stream.door.admission.fresh:
                    await self._run(stream.door.row.method, stream.door.admission.refresh)
            except AxisError:
                continue  # the database is away: nobody can tell, and nothing new can be seen either
            if not stream.door.lets_in(stream.call):
                stream.doubted = True
                stream.hint.set()
        longest = min(group, key=lambda stream: stream.looked)
        if time.monotonic() - longest.looked > LOOK_SECONDS / 2:
            longest.hint.set()


def _look(watch: Watch, cursor: str) -> tuple[Sequence[bytes], str, float]:
    """Finds what is new, written as it travels, and tells what that took of the processor, in seconds."""
    begun = time.thread_time()
    messages, after = watch.produce(cursor)
    return [message.SerializeToString() for message in messages], after, time.thread_time() - begun
