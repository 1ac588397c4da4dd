"""The network between the processes: each way leads through a door on loopback, at which a test makes bad weather."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from lienthong.dev.servers import free_port

_PIECE: Final = 65_536
ABORT: Final = struct.pack("ii", 1, 0)
"""For SO_LINGER: a connection ends by a reset, as if its other end had never been there."""

Who = Callable[[int], bool]
"""Tells of the port that a client speaks from whether the client is meant."""


def everybody(_port: int) -> bool:
    """Means every client."""
    return True


@dataclass(frozen=True, slots=True)
class Weather:
    """What becomes of the bytes at a door.

    Attributes:
        shut: Whether connections are cut, and new ones cut at once.
        still: Whether nothing passes, and everything stays open.
        delay: How long each piece waits, in seconds.
        breaks_after: So many bytes a connection may carry, then it is cut; 0 for any number.
    """

    shut: bool = False
    still: bool = False
    delay: float = 0.0
    breaks_after: int = 0


FAIR: Final = Weather()


@dataclass(slots=True, eq=False)
class _Link:
    client: int
    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    passed: int = 0

    def cut(self) -> None:
        for end in self.ends:
            with suppress(OSError):
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            end.transport.abort()


@dataclass(slots=True, eq=False)
class Door:
    """A port that leads to another one.

    Attributes:
        target: The port behind it, on 127.0.0.1.
        port: The door's own.
        cuts: How many connections were cut.
    """

    target: int
    port: int
    cuts: int = 0
    _loop: asyncio.AbstractEventLoop | None = None
    _weather: Weather = FAIR
    _who: Who = everybody
    _links: set[_Link] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def weather(self, weather: Weather, who: Who = everybody) -> Iterator[None]:
        """Makes the weather for a while, for those who are meant; others pass as ever."""
        self._make(weather, who)
        try:
            yield
        finally:
            self._make(FAIR, everybody)

    def cut(self, who: Who = everybody) -> None:
        """Cuts the connections that are open."""
        with self.weather(Weather(shut=True), who):
            pass

    def _make(self, weather: Weather, who: Who) -> None:
        assert self._loop is not None, "the door is not open"
        done = threading.Event()

        def change() -> None:
            self._weather, self._who = weather, who
            before, self._changed = self._changed, asyncio.Event()
            before.set()
            for link in [*self._links] if weather.shut else ():
                if who(link.client):
                    self._end(link)
            for link in self._links:
                link.passed = 0
            done.set()

        self._loop.call_soon_threadsafe(change)
        done.wait()

    def _end(self, link: _Link) -> None:
        self.cuts += 1
        self._links.discard(link)
        link.cut()

    async def open(self) -> asyncio.Server:
        """Begins to pass connections on."""
        self._loop = asyncio.get_running_loop()
        return await asyncio.start_server(self._enter, "127.0.0.1", self.port)

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = writer.get_extra_info("peername")[1]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(client, (writer, far_writer))
        self._links.add(link)
        if self._at(link).shut:
            self._end(link)
            return
        try:
            await asyncio.gather(self._pass(link, reader, far_writer), self._pass(link, far_reader, writer))
        finally:
            self._links.discard(link)
            for end in link.ends:
                end.close()

    async def _pass(self, link: _Link, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(_PIECE):
                await self._wait(link)
                link.passed += len(data)
                breaks_after = self._at(link).breaks_after
                if breaks_after and link.passed > breaks_after:
                    self._end(link)
                    return
                target.write(data)
                await target.drain()
            target.write_eof()
        except OSError:
            # One end was reset: the other one learns of it, as it would without a door.
            link.cut()

    async def _wait(self, link: _Link) -> None:
        while (weather := self._at(link)).still:
            await self._changed.wait()
        if weather.delay:
            await asyncio.sleep(weather.delay)

    def _at(self, link: _Link) -> Weather:
        return self._weather if self._weather is not FAIR and self._who(link.client) else FAIR


class Doors:
    """Keeps doors open, in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="doors", daemon=True)
        self._thread.start()

    def to(self, target: int) -> Door:
        """Opens a door to a port."""
        door = Door(target, free_port())
        self._servers.append(asyncio.run_coroutine_threadsafe(door.open(), self._loop).result())
        return door

    def close(self) -> None:
        """Shuts all doors, and cuts what passes."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
