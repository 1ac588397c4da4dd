"""Bounds on what the other side can make us wait for: names that do not resolve, peers that drip.

Time-outs of sockets bound each read and write. A peer that sends a byte now and then never breaks those, and would hold
a worker for ever.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

Resolver = Callable[[str, int], Sequence[str]]
"""Resolves a host name and port to addresses, in order of preference. Raises OSError when it cannot."""

LOOK_UPS = 64
"""Names that are being looked up at once, at most; those that hang count until the system gives them up."""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Resolve by the system; each address once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class BoundedResolver:
    """Gives up waiting for a name after some seconds.

    The system's resolver cannot be interrupted: what hangs goes on in a thread of its own, and their number is bounded.
    """

    def __init__(self, seconds: float, resolver: Resolver = system_resolver, at_most: int = LOOK_UPS) -> None:
        self._seconds = seconds
        self._resolver = resolver
        self._room = threading.BoundedSemaphore(at_most)

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """Resolve a name.

        Raises:
            OSError: it does not resolve, not in time, or too many others hang.
            UnicodeError: it cannot be a name.
        """
        if not self._room.acquire(blocking=False):
            raise OSError(f"{host}: too many names are being looked up; the name server does not answer")
        answers: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()
        threading.Thread(target=self._look_up, args=(host, port, answers), name="resolve", daemon=True).start()
        try:
            found = answers.get(timeout=self._seconds)
        except queue.Empty:
            raise TimeoutError(f"{host} did not resolve within {self._seconds:g} s") from None
        if isinstance(found, Exception):
            raise found
        return found

    def _look_up(
        self, host: str, port: int, answers: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError]
    ) -> None:
        try:
            answers.put(self._resolver(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)
        finally:
            self._room.release()


class Cutter:
    """Shuts a connection when its time is up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self.late = False

    def watch(self, connection: socket.socket) -> None:
        """Take a connection, as soon as it stands: before the handshake of TLS, which can drip too.

        A second handle of it is kept: TLS takes the first one over, and shutting either ends the connection.
        """
        with self._lock:
            self._forget()
            self._handle = connection.dup()
            if self.late:
                self._shut()

    def cut(self) -> None:
        """End the connection, now or as soon as there is one."""
        with self._lock:
            self.late = True
            self._shut()

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._forget()

    def _shut(self) -> None:
        if self._handle is not None:
            with suppress(OSError):  # the other side has ended it already
                self._handle.shutdown(socket.SHUT_RDWR)

    def _forget(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None


@contextmanager
def cut_after(seconds: float) -> Iterator[Cutter]:
    """Bound everything on one connection."""
    cutter = Cutter()
    timer = threading.Timer(seconds, cutter.cut)
    timer.daemon = True
    timer.start()
    try:
        yield cutter
    finally:
        timer.cancel()
        cutter.close()
