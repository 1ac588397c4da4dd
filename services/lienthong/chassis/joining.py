"""Work that goes on when its caller leaves, and that a repeat joins instead of doing it again."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")


class InFlight:
    """Remembers what is being done in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[Any]] = {}

    def join(self, key: Hashable, action: Callable[[], Result]) -> Result:
        """Runs `action`, or waits for the one that runs under the same key and shares its outcome."""
        with self._lock:
            running = self._running.get(key)
            mine: Future[Any] = Future()
            if running is None:
                self._running[key] = mine
        if running is not None:
            return running.result()  # type: ignore[no-any-return] # whoever runs under the key has the same type
        try:
            result = action()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(result)
            return result
        finally:
            with self._lock:
                del self._running[key]
