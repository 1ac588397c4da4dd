"""Streams that watch something: they hold no thread, and end when their caller may see no more."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from google.protobuf.message import Message

from lienthong.chassis.auth.policy import Row
from lienthong.chassis.errors import AxisError, unavailable
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc.admission import (
    Admission,
    Context,
    Metadata,
    abort,
    facts_of,
    guarded,
    system_of,
)
from lienthong.chassis.rpc.call import Call, Watch
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.rpc.shares import Shares

RECHECK_SECONDS = 5.0
"""How often it is looked at whether the caller of a stream may still see what it sees."""

Begin = Callable[[Any, Call], Watch]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A stream that was let in: as whom, and what feeds it."""

    call: Call
    watch: Watch


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
        self._metrics = metrics
        self._executor = executor
        self._shares = shares

    def handler(self, row: Row, begin: Begin, admission: Admission) -> Callable[[Any, Any], AsyncIterator[Message]]:
        """Makes the handler of an rpc."""

        async def handle(request: bytes, context: Context) -> AsyncIterator[Message]:
            facts = facts_of(context)
            try:
                with self._shares.held(system_of(facts[0])):
                    admit = partial(_admit, row, begin, admission, request, facts)
                    async for message in self._feed(row.method, admit):
                        yield message
            except AxisError as error:
                self._metrics.called(row.method, error.code.name, 0.0)
                admission.tell_refusal(row.method, error, *facts)
                await abort(context, error)

        return handle

    async def _feed(self, method: str, admit: Callable[[Admitted | None], Admitted]) -> AsyncIterator[Message]:
        run = partial(asyncio.get_running_loop().run_in_executor, self._executor)
        admitted: Admitted = await run(guarded, method, partial(admit, None))
        key, cursor = admitted.watch.key, admitted.watch.cursor
        hint = self._hub.watch(key)
        hint.set()
        checked = looked = time.monotonic()
        try:
            while not self._hub.closing:
                hinted, now = hint.is_set(), time.monotonic()
                hint.clear()
                if now - checked > RECHECK_SECONDS:
                    before, checked = admitted, now
                    admitted = await run(guarded, method, partial(admit, before))
                    hinted = hinted or admitted is not before
                if hinted or now - looked > admitted.watch.look_seconds:
                    looked = now
                    messages, cursor = await run(guarded, method, partial(admitted.watch.produce, cursor))
                    for message in messages:
                        yield message
                    if messages:
                        hint.set()  # there may be more
                        continue
                await _either(hint, RECHECK_SECONDS)
        finally:
            self._hub.leave(key, hint)
        raise unavailable("SERVER_DRAINING", "The server goes down; go on from the cursor.", timedelta(seconds=1))


def _admit(
    row: Row,
    begin: Begin,
    admission: Admission,
    request: bytes,
    facts: tuple[bytes | None, Metadata],
    before: Admitted | None,
) -> Admitted:
    call = admission.admit(row, *facts)
    # Looking at the resource again is dear; whoever may see what it saw before goes on.
    if before is not None and before.call.caller == call.caller:
        return before
    return Admitted(call, begin(request, call))


async def _either(hint: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(hint.wait(), seconds)
    except TimeoutError:
        return
