"""`grpc.health.v1.Health`: what a server says of itself, asked once or watched.

The library's own service writes to each watcher under a lock that setting a state needs too: one that takes nothing in
would hold up everybody's news and the end of the process. Here nobody waits for a watcher.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import timedelta

import grpc
from grpc_health.v1 import health, health_pb2

from lienthong.chassis.errors import AxisError, not_found, unavailable
from lienthong.chassis.rpc.admission import Context, abort, facts_of, read_message, system_of
from lienthong.chassis.rpc.shares import Shares

SERVICE = health.SERVICE_NAME

_Answer = health_pb2.HealthCheckResponse


class Health:
    """States of a server and of its services, by name. In the loop only."""

    def __init__(self, shares: Shares) -> None:
        """Knows no name yet; `shares` bounds the watches of a system."""
        self._shares = shares
        self._states: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._closing = False

    def handlers(self) -> grpc.GenericRpcHandler:
        """Makes the handlers of the service."""
        write = _Answer.SerializeToString
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Check": grpc.unary_unary_rpc_method_handler(self._check, None, write),
                "Watch": grpc.unary_stream_rpc_method_handler(self._watch, None, write),
            },
        )

    def tell(self, names: Collection[str], *, serving: bool) -> None:
        """Sets the state of some names; changes nothing any more once it is closed."""
        if self._closing:
            return
        state = _Answer.SERVING if serving else _Answer.NOT_SERVING
        self._states |= dict.fromkeys(names, state)
        self._wake()

    def close(self) -> None:
        """Serves nothing any more; whoever watches is told so, and then let go."""
        self.tell(tuple(self._states), serving=False)
        self._closing = True
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _check(self, data: bytes, context: Context) -> _Answer:
        try:
            name = read_message(health_pb2.HealthCheckRequest, data).service
            if name not in self._states:
                raise not_found(f"service {name!r}")
            return _Answer(status=self._states[name])
        except AxisError as error:
            await abort(context, error)
            raise

    async def _watch(self, data: bytes, context: Context) -> AsyncIterator[_Answer]:
        try:
            name = read_message(health_pb2.HealthCheckRequest, data).service
            with self._shares.held(system_of(facts_of(context)[0])):
                async for state in self._following(name):
                    yield _Answer(status=state)
        except AxisError as error:
            await abort(context, error)

    async def _following(self, name: str) -> AsyncIterator[int]:
        told = None
        while True:
            changed = self._changed
            state = self._states.get(name, _Answer.SERVICE_UNKNOWN)
            if state != told:
                told = state
                yield state
            elif self._closing:
                text = "The server goes down; watch another copy, or this one when it is back."
                raise unavailable("SERVER_DRAINING", text, timedelta(seconds=1))
            else:
                await changed.wait()
