"""Hints between threads that write and streams that watch, inside one process.

A hint is only a hint: streams also look by themselves every few seconds, so that a change made by another process is
seen, and a lost hint costs seconds at most.
"""

import asyncio
from collections import defaultdict


class Hub:
    """Wakes the streams that watch a key."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.closing = False
        """Whether streams are to end: the server drains."""

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Names the loop in which streams run."""
        self._loop = loop

    def publish(self, key: str) -> None:
        """Wakes the streams that watch `key`; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, key)

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
        for key in list(self._waiting):
            self._wake(key)

    def _wake(self, key: str) -> None:
        for event in self._waiting.get(key, ()):
            event.set()
