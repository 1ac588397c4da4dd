"""What is told again and again, and would fill the log."""

import threading
import time
from collections.abc import Callable
from typing import Final

QUIET_SECONDS: Final = 60.0
"""How long the same is not told again."""
_KEPT: Final = 64
"""Texts; beyond them the oldest is forgotten, and told again."""


class Seldom:
    """Tells what is news. Safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begins with nothing told.

        Args:
            clock: Gives seconds that only grow.
        """
        self._clock = clock
        self._turn = threading.Lock()
        self._told: dict[str, float] = {}

    def is_news(self, text: str) -> bool:
        """Tells whether a text is to be told: it is another one, or was told a minute ago."""
        with self._turn:
            now = self._clock()
            if now - self._told.get(text, now - QUIET_SECONDS) < QUIET_SECONDS:
                return False
            self._told.pop(text, None)
            self._told[text] = now
            if len(self._told) > _KEPT:
                del self._told[next(iter(self._told))]
            return True

    def forget(self) -> None:
        """Says that what was told is over: when it comes back, it is news."""
        with self._turn:
            self._told.clear()
