"""A count that several threads add to."""

import threading


class Tally:
    """Counts up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0
        """How much was counted so far."""

    def add(self, count: int = 1) -> None:
        """Counts on."""
        with self._lock:
            self.value += count
