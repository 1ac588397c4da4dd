"""What a server says of itself to whoever watches it, however they take it in."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from lienthong.chassis.errors import Code
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc import transport
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.rpc.server import READINESS, Server, ServerBuilder, ServerLimits
from lienthong.client.errors import call_error

pytestmark = pytest.mark.servers

SECONDS = 10.0
"""Within so long everything here must have happened."""
DATA, HEADERS, SETTINGS, PING, GOAWAY = 0, 1, 4, 6, 7
WINDOW = 4
"""In settings: what may be under way of a stream."""


def run(scene: Callable[[], Awaitable[None]]) -> None:
    """Plays a scene, and ends it when it hangs."""
    asyncio.run(asyncio.wait_for(scene(), SECONDS))


@asynccontextmanager
async def served(watches: int = 10) -> AsyncIterator[tuple[Server, int]]:
    """A server without services, and its port."""
    server = ServerBuilder(Hub(), Metrics(), ServerLimits(watches_of_one=watches)).build()
    port = server.listen("127.0.0.1:0", None)
    await server.open()
    try:
        yield server, port
    finally:
        await server.drain(0.1)


@asynccontextmanager
async def watching(port: int, name: str = "") -> AsyncIterator[Any]:
    """A watch of a name, as a client has it."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        watch = channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        yield watch(health_pb2.HealthCheckRequest(service=name))


async def watch_and_take_nothing(port: int) -> asyncio.StreamWriter:
    """A watch by a client that leaves no room for an answer: its window has no byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0)))
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Watch",
        ":authority": "axis",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    packed = b"".join(bytes([0, len(k)]) + k.encode() + bytes([len(v)]) + v.encode() for k, v in fields.items())
    writer.write(frame(HEADERS, 4, 1, packed) + frame(DATA, 1, 1, bytes(5)))
    await writer.drain()
    kind = None
    while kind != HEADERS:
        head = await reader.readexactly(9)
        kind = head[3]
        await reader.readexactly(int.from_bytes(head[:3], "big"))
    return writer


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def test_a_watch_follows() -> None:
    """It tells the state at once and each change, of a name that is not known too, and ends when the server goes."""

    async def scene() -> None:
        async with served() as (server, port), watching(port, READINESS) as watch, watching(port, "none") as other:
            states = [(await watch.read()).status, (await other.read()).status]
            await server.tell(ready=False)
            states.append((await watch.read()).status)
            await server.tell(ready=True)
            states.append((await watch.read()).status)
            begun = time.monotonic()
            await server.drain(SECONDS)
            assert time.monotonic() - begun < SECONDS / 2, "the last watch is let go, not waited for"
            states.append((await watch.read()).status)
            answer = health_pb2.HealthCheckResponse
            up, down = answer.SERVING, answer.NOT_SERVING
            assert states == [up, answer.SERVICE_UNKNOWN, down, up, down]
            for one in (watch, other):
                with pytest.raises(grpc.aio.AioRpcError) as ended:
                    await one.read()
                assert call_error(ended.value).reason == "SERVER_DRAINING"

    run(scene)


def test_a_watcher_that_takes_nothing_holds_up_nobody() -> None:
    """News reach the others, and the server ends, while one watcher leaves no room for what it is told."""

    async def scene() -> None:
        async with served() as (server, port), watching(port) as watch:
            writer = await watch_and_take_nothing(port)
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
            await server.tell(ready=False)
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
            await server.drain(0.1)
            writer.close()

    run(scene)


def test_watches_are_bounded() -> None:
    """A system has so many and no more, whatever it watches."""

    async def scene() -> None:
        async with served(watches=1) as (_server, port), watching(port) as first:
            await first.read()
            async with watching(port) as second:
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await second.read()
                assert call_error(refused.value).code is Code.RESOURCE_EXHAUSTED

    run(scene)


def test_a_client_that_pings_all_the_time_is_sent_away() -> None:
    """A few pings are borne; whoever goes on with them is told so and cut off, and the server serves the others."""

    async def scene() -> None:
        async with served() as (_server, port), watching(port) as watch:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            # In one piece: the server may cut the connection while there is more to write.
            pings = b"".join(frame(PING, 0, 0, struct.pack(">Q", number)) for number in range(10))
            writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b"") + pings)
            head = payload = b""
            while not head or head[3] != GOAWAY:
                head = await reader.readexactly(9)
                payload = await reader.readexactly(int.from_bytes(head[:3], "big"))
            assert b"too_many_pings" in payload
            writer.close()
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING

    run(scene)


def test_how_far_a_sender_may_be_ahead_is_bounded() -> None:
    """A server tells each client how much of a stream it takes ahead; the speed of the line does not raise it."""

    async def scene() -> None:
        async with served() as (_server, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b""))
            head = await reader.readexactly(9)
            told = await reader.readexactly(int.from_bytes(head[:3], "big"))
            assert dict(struct.iter_unpack(">HI", told))[WINDOW] == transport.AHEAD_BYTES
            writer.close()

    run(scene)


def test_a_client_that_vanished_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection stays open and answers nothing, no ping either: after a while its watch is another's."""
    monkeypatch.setattr(transport, "PING_AFTER_MS", 1000)
    monkeypatch.setattr(transport, "ANSWER_WITHIN_MS", 500)

    async def scene() -> None:
        async with served(watches=1) as (_server, port):
            vanished = await watch_and_take_nothing(port)
            await until_admitted(port)
            vanished.close()

    run(scene)


async def until_admitted(port: int) -> None:
    """Asks for another watch until it is taken."""
    while True:
        async with watching(port) as watch:
            with suppress(grpc.aio.AioRpcError):
                await watch.read()
                return
        await asyncio.sleep(0.1)
