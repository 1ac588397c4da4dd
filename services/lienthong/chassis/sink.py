"""Where lines of the log go: a stream that nobody waits for, and that never fails."""

import os
import select
import stat
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TextIO

from lienthong.chassis.tally import Tally

LOST: Final = Tally()
"""Lines that nobody took, of all sinks of this process."""

PATIENCE_SECONDS: Final = 1.0
"""How long a line waits for a reader. Once one waited in vain, the others do not wait until lines are taken again."""

_PIECE: Final = select.PIPE_BUF
"""Bytes that a pipe takes without waiting once it takes any, as long as nobody else writes to it."""


class Sink:
    """Writes lines as long as they are taken. Safe for threads."""

    def __init__(self, stream: TextIO, told: Callable[[int], str]) -> None:
        """Takes over a stream.

        Args:
            stream: Where lines go.
            told: Makes the line that says how many were lost.
        """
        self._stream = stream
        self._own = _opened_again(stream)
        if self._own is not None:
            # At the end of the program it stays open: a late line must not meet the number of another file.
            weakref.finalize(self, os.close, self._own).atexit = False
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
            descriptor = self._stream.fileno() if self._own is None else self._own
        except OSError:
            # One that stands in memory.
            self._stream.write(text)
            return
        data = text.encode("utf-8", "backslashreplace")
        deadline = time.monotonic() + (0 if self._lost else PATIENCE_SECONDS)
        while data:
            _wait(descriptor, deadline)
            # Where another process writes beside, it may have been faster.
            with suppress(BlockingIOError):
                data = data[os.write(descriptor, data[:_PIECE]) :]


def _wait(descriptor: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    room = select.poll()
    room.register(descriptor, select.POLLOUT)
    if not room.poll(max(left, 0) * 1000):
        raise BlockingIOError


def _opened_again(stream: TextIO) -> int | None:
    """Opens a pipe or a terminal once more, for writing that never waits; None for anything else.

    A terminal that takes a few bytes lets whoever writes more wait for ever. That nobody waits cannot be said of the
    stream itself: it would hold for everybody who has it, such as the shell.
    """
    try:
        descriptor = stream.fileno()
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
            return None
        return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError):
        return None
