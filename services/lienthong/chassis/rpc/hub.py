"""Hints between threads that write and whoever waits; a bus carries them to the other copies of a process.

A hint is only a hint: streams also look by themselves now and then, so a lost one costs time and nothing else.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

LOOK_SECONDS = 60.0
"""About how often a stream looks without a hint."""


class Bus(Protocol):
    """Carries hints to the other copies."""

    def send(self, key: str) -> None:
        """Sends a hint; waits for nothing."""
        ...


class Hub:
    """Wakes the streams that watch a key."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._listening: dict[str, Callable[[], None]] = {}
        self.bus: Bus | None = None
        """Where hints for other copies go, when there may be any."""
        self.wakes = 0
        """How often streams were woken so far: what was looked at before the last time may be out of date."""
        self.closing = False
        """Whether streams are to end: the server drains."""

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Names the loop in which streams run."""
        self._loop = loop

    def listen(self, key: str, wake: Callable[[], None]) -> None:
        """Wakes something that is no stream when another copy tells `key`."""
        self._listening[key] = wake

    def tell(self, key: str) -> None:
        """Wakes whoever waits for `key` at other copies; from any thread."""
        if self.bus is not None:
            self.bus.send(key)

    def publish(self, key: str) -> None:
        """Wakes the streams that watch `key`, here and at other copies; from any thread."""
        self.wake(key)
        self.tell(key)

    def wake(self, key: str) -> None:
        """Wakes whoever waits for `key` here; from any thread."""
        if listener := self._listening.get(key):
            listener()
        # A stream that registers after this look begins by looking itself.
        if key in self._waiting and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, key)

    def wake_all(self) -> None:
        """Wakes everybody here: hints may have been lost. From any thread."""
        for wake in self._listening.values():
            wake()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_all)

    def watch(self, key: str) -> asyncio.Event:
        """Registers a stream; give the event back with `leave`. In the loop only."""
        event = asyncio.Event()
        self._waiting[key].add(event)
        return event

    def leave(self, key: str, event: asyncio.Event) -> None:
        """Ends a registration. In the loop only."""
        self._waiting[key].discard(event)
        if not self._waiting[key]:
            del self._waiting[key]

    def close(self) -> None:
        """Tells every stream to end. In the loop only."""
        self.closing = True
        self._wake_all()

    def _wake_all(self) -> None:
        for key in list(self._waiting):
            self._wake(key)

    def _wake(self, key: str) -> None:
        self.wakes += 1
        for event in self._waiting.get(key, ()):
            event.set()
