"""Work that is done again and again: a thread that wakes at an interval or when told, and stops within its bound."""

import threading
from collections.abc import Callable

import structlog

from lienthong.chassis.errors import AxisError
from lienthong.chassis.races import again
from lienthong.chassis.seldom import Seldom

_log = structlog.get_logger(__name__)


class Periodic:
    """Runs `action` every `seconds`, at once when woken, and again at once while it says that more is to do."""

    def __init__(self, name: str, action: Callable[[], bool], seconds: float) -> None:
        """Prepares the thread.

        Args:
            name: Of the thread, for logs.
            action: Does one step; True when more is to do now. May raise: it is logged and tried again later.
            seconds: Longest pause between two steps.
        """
        self._name = name
        self._action = action
        self._seconds = seconds
        self._outages = Seldom()
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins with a first step."""
        self._due.set()
        self._thread.start()

    def wake(self) -> None:
        """Asks for a step now."""
        self._due.set()

    def stop(self, timeout: float) -> None:
        """Ends after the step in hand, within `timeout` seconds."""
        self._stopping.set()
        self._due.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._due.wait(self._seconds)
            self._due.clear()
            try:
                while not self._stopping.is_set() and again(self._action):
                    pass
            except AxisError as error:
                if self._outages.is_news(error.reason):
                    _log.warning("a periodic step waits", worker=self._name, reason=error.reason)
                self._stopping.wait(min(self._seconds, 1.0))
            except Exception:  # noqa: BLE001 -- a worker outlives whatever its step raises; it is logged
                _log.exception("a periodic step failed; it is tried again", worker=self._name)
                self._stopping.wait(min(self._seconds, 1.0))
