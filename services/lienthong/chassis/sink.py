"""Where lines of the log go: a stream that nobody waits for, and that never fails."""

import os
import select
import threading
from collections.abc import Callable
from typing import Final, TextIO

from lienthong.chassis.tally import Tally

LOST: Final = Tally()
"""Lines that nobody took, of all sinks of this process."""

PATIENCE_SECONDS: Final = 1.0
"""How long a line waits for a reader. Once one waited in vain, the others do not wait until lines are taken again."""

_PIECE: Final = select.PIPE_BUF
"""Bytes that a pipe takes without waiting once it takes any."""


class Sink:
    """Writes lines as long as they are taken. Safe for threads."""

    def __init__(self, stream: TextIO, told: Callable[[int], str]) -> None:
        """Takes over a stream.

        Args:
            stream: Where lines go.
            told: Makes the line that says how many were lost.
        """
        self._stream = stream
        self._told = told
        self._turn = threading.Lock()
        self._lost = 0

    def write(self, line: str) -> int:
        """Writes a line, or counts it as lost."""
        with self._turn:
            try:
                if self._lost:
                    # Where the last line was cut a new one begins.
                    self._put(f"\n{self._told(self._lost)}")
                    self._lost = 0
                self._put(line)
            except (OSError, ValueError):  # of a file that was closed
                self._lost += 1
                LOST.add()
        return len(line)

    def flush(self) -> None:
        """Does nothing: a line is out when it is written."""

    def _put(self, text: str) -> None:
        try:
            descriptor = self._stream.fileno()
        except OSError:
            # One that stands in memory.
            self._stream.write(text)
            return
        data = text.encode("utf-8", "backslashreplace")
        while data:
            self._wait(descriptor)
            data = data[os.write(descriptor, data[:_PIECE]) :]

    def _wait(self, descriptor: int) -> None:
        room = select.poll()
        room.register(descriptor, select.POLLOUT)
        if not room.poll(0 if self._lost else PATIENCE_SECONDS * 1000):
            raise BlockingIOError
