"""Work that goes on when its caller leaves, and that a repeat joins instead of doing it again."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from datetime import timedelta
from typing import Any, TypeVar

from lienthong.chassis.errors import unavailable

Result = TypeVar("Result")

PATIENCE_SECONDS = 2.0
"""How long a repeat waits for what runs. It holds a thread meanwhile, and clients repeat faster than large files are
read."""

_AGAIN = timedelta(seconds=2)


class InFlight:
    """Remembers what is being done in this process."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[Any]] = {}

    def join(self, key: Hashable, action: Callable[[], Result]) -> Result:
        """Runs `action`, or waits a while for the one that runs under the same key and shares its outcome.

        Raises:
            AxisError: UNAVAILABLE when the one that runs takes longer.
        """
        with self._lock:
            running = self._running.get(key)
            mine: Future[Any] = Future()
            if running is None:
                self._running[key] = mine
        if running is not None:
            return self._shared(running)  # type: ignore[no-any-return] # whoever runs under the key has the same type
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

    def _shared(self, running: "Future[Any]") -> Any:
        # Not by `result`: an action may end with a TimeoutError of its own.
        if not wait((running,), self._patience_seconds).done:
            text = (
                "This request came before and is still being worked on. Repeat it as it is: the answer is kept for you."
            )
            raise unavailable("REQUEST_RUNNING", text, _AGAIN)
        return running.result()
