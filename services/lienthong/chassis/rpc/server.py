"""The server: one port, calls of one answer in a bounded pool of threads (`unary.py`), streams that hold none.

The builder refuses bad wiring: no TLS beyond loopback, an rpc without a policy row, a service twice, an implementation
without a method.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from lienthong.chassis.errors import unavailable
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc import reflection, transport
from lienthong.chassis.rpc.admission import (
    Admission,
    Context,
    Handler,
    Result,
    abort,
    read_message,
    row_of,
)
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.rpc.deprecation import Note, noting
from lienthong.chassis.rpc.fairness import FairPool
from lienthong.chassis.rpc.health import SERVICE as HEALTH
from lienthong.chassis.rpc.health import Health
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.rpc.shares import Shares
from lienthong.chassis.rpc.streams import Streams
from lienthong.chassis.rpc.unary import Unaries


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds of a server.

    Attributes:
        threads: Unary calls handled at once.
        queue: Unary calls that wait for a thread; more are refused.
        queue_of_one: Of these, calls of one system.
        transfer_threads: Steps of transfers and streams handled at once.
        watches_of_one: Open watches of one system.
        transfers_of_one: Transfers of one system at once.
    """

    threads: int = 8
    queue: int = 512
    queue_of_one: int = 128
    transfer_threads: int = 8
    watches_of_one: int = 2000
    transfers_of_one: int = 128

    @property
    def threads_of_one(self) -> int:
        """Unary calls of one system that are handled at once: a quarter of the threads is for others."""
        return max(1, self.threads * 3 // 4)

    @property
    def of_connection(self) -> int:
        """What one connection may have begun: as much as one system may have in all."""
        return self.threads + self.queue_of_one + self.watches_of_one + self.transfers_of_one


class ServerBuilder:
    """Collects services and makes the server."""

    def __init__(self, hub: Hub, metrics: Metrics, limits: ServerLimits) -> None:
        self._metrics = metrics
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="call")
        self._transfers = ThreadPoolExecutor(limits.transfer_threads, thread_name_prefix="transfer")
        turns = FairPool(self._pool, limits.threads, limits.queue, limits.queue_of_one, of_one=limits.threads_of_one)
        self._unaries = Unaries(turns, metrics)
        watches = Shares("watches", limits.watches_of_one)
        self._streams = Streams(hub, metrics, self._transfers, watches)
        self._watches = watches
        self._handlers: dict[str, grpc.GenericRpcHandler] = {}
        self._names: list[str] = []

    @property
    def transfers(self) -> ThreadPoolExecutor:
        """The pool in which steps of transfers run."""
        return self._transfers

    def add(self, service: ServiceDescriptor, implementation: object, admission: Admission) -> None:
        """Adds a service.

        Raises:
            ValueError: The service was added before, an rpc has no policy row, or the implementation lacks a method.
        """
        methods = {method.name: self._method(method, implementation, admission) for method in service.methods}
        self.add_handlers(service.full_name, methods)

    def add_handlers(self, service: str, methods: Mapping[str, Handler]) -> None:
        """Adds a service of handlers made elsewhere.

        Raises:
            ValueError: The service was added before.
        """
        if service in self._handlers:
            raise ValueError(f"{service} is served twice")
        self._handlers[service] = grpc.method_handlers_generic_handler(service, dict(methods))
        self._names.append(service)

    def build(self) -> "Server":
        """Makes the server."""
        server = grpc.aio.server(options=transport.options(self._limits.of_connection))
        health = Health(self._watches)
        server.add_generic_rpc_handlers((health.handlers(),))
        reflection.serve([*self._names, HEALTH], server)
        door = _Door()
        server.add_generic_rpc_handlers((door, *self._handlers.values()))
        return Server(server, health, self._names, (self._pool, self._transfers), self._streams, door)

    def _method(self, method: MethodDescriptor, implementation: object, admission: Admission) -> Handler:
        name = f"{method.containing_service.full_name}/{method.name}"
        row = row_of(name)
        action = getattr(implementation, snake_case(method.name), None)
        if action is None:
            raise ValueError(f"{type(implementation).__name__} does not implement {name}")
        # Requests are read and answers written in the thread of the call: a large one must not hold the loop.
        reading = _reading(method, action, noting(method, self._metrics))
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._streams.handler(row, reading, admission),
                request_deserializer=None,
                response_serializer=_as_it_is,
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unaries.handler(row, reading, admission), request_deserializer=None, response_serializer=_as_it_is
        )


class _Door(grpc.GenericRpcHandler):
    """Stands before all services: while it is closed each call is told to come again."""

    def __init__(self) -> None:
        self.open = False

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "Handler | None":  # noqa: ARG002 -- the name is the library's
        """Takes a call while it is closed; None leaves it to the services."""
        return None if self.open else grpc.stream_stream_rpc_method_handler(self._refuse)

    async def _refuse(self, _requests: object, context: Context) -> None:
        await abort(context, unavailable("STARTING", "This copy of the axis is starting. Try again.", _STARTING))


_STARTING = timedelta(seconds=1)
_ITEMISED = frozenset({"results", "problems"})
"""Fields of answers that tell of each item, or of each problem, in its own place."""

LIVENESS = "liveness"
"""Health of the process itself: serving as long as it runs."""

READINESS = "readiness"
"""Health of the process as a target of calls."""


class Server:
    """A server that was built: starts, tells its health, drains.

    Attributes:
        ready: Whether new calls may come; may be read in any thread.
    """

    def __init__(
        self,
        server: grpc.aio.Server,
        health: Health,
        names: Sequence[str],
        pools: Sequence[ThreadPoolExecutor],
        streams: Streams,
        door: _Door,
    ) -> None:
        self.ready = False
        self._door = door
        self._started = False
        self._server = server
        self._health = health
        self._names = names
        self._pools = pools
        self._streams = streams

    def listen(self, address: str, credentials: grpc.ServerCredentials | None) -> int:
        """Binds a port; tells which.

        Raises:
            RuntimeError: The address cannot be bound.
        """
        if credentials is None:
            return self._server.add_insecure_port(address)
        return self._server.add_secure_port(address, credentials)

    async def start(self) -> None:
        """Begins to answer: it lives, and calls are told to come again until `open`. Once is enough."""
        if self._started:
            return
        self._started = True
        await self._server.start()
        self._health.tell((LIVENESS,), serving=True)
        await self.tell(ready=False)

    async def open(self) -> None:
        """Lets calls in; healthy from now on."""
        await self.start()
        self._door.open = True
        await self.tell(ready=True)

    async def tell(self, *, ready: bool) -> None:
        """Says whether new calls may come; `LIVENESS` stays as it is."""
        self.ready = ready
        self._health.tell(("", READINESS, *self._names), serving=ready)

    async def drain(self, grace: float) -> None:
        """Says that it is not serving any more, ends streams, lets calls end for `grace` seconds, and stops."""
        self.ready = False
        self._health.close()
        self._streams.close()
        await self._server.stop(grace)
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)


def snake_case(name: str) -> str:
    """Turns `SubmitDocument` into `submit_document`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _reading(
    method: MethodDescriptor, action: Callable[[Any, Call], Result], note: Note
) -> Callable[[bytes, Call], Result]:
    kind: type[Message] = GetMessageClass(method.input_type)
    itemised = not _ITEMISED.isdisjoint(method.output_type.fields_by_name)

    def read(data: bytes, call: Call) -> Result:
        request = read_message(kind, data, itemised=itemised)
        note(request, call)
        return action(request, call)

    return read


def _as_it_is(answer: bytes) -> bytes:
    return answer
