"""A store that hangs: one request at a time finds out whether it answers again, all others are told at once.

Each request that is not answered holds a thread until its deadline, half a minute with its repeats. Without this all
threads of a service would wait for contents, and calls that need none would wait for them.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from lienthong.chassis.errors import AxisError, Code

T = TypeVar("T")


class Silence:
    """Knows whether the last request that ended was not answered. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        """Takes a failure for silence that came after so many seconds; what is refused is refused sooner."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._silent = False
        self._tried = False

    def ask(self, request: Callable[[], T]) -> T:
        """Makes a request.

        Raises:
            TimeoutError: The store was silent, and another request finds out whether it is still.
            Exception: What the request raises.
        """
        with self._lock:
            if self._silent and self._tried:
                raise TimeoutError("it did not answer before, and one request at a time asks it again")
            tries = self._tried = self._silent
        began, silent = time.monotonic(), False
        try:
            return request()
        except AxisError as error:
            silent = error.code is Code.UNAVAILABLE and time.monotonic() - began >= self._seconds
            raise
        finally:
            with self._lock:
                self._silent = silent
                self._tried = self._tried and not tries
