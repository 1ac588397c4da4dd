"""Events that the event log refuses, and would refuse again: each holds back what is told of its key, nothing else."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import structlog

from lienthong.chassis.errors import AxisError
from lienthong.chassis.seldom import Seldom

REASONS: Final = frozenset({"RECORD_TOO_LARGE", "RECORD_REFUSED"})
"""Of refusals that say something of a record, and not of the log."""

AGAIN_SECONDS: Final = 30.0
KEYS_AT_MOST: Final = 100
"""With more of them it is the log that refuses: everything waits."""

_log = structlog.get_logger(__name__)


class Refused:
    """Keys whose next event was refused, and why; each is tried again after a while."""

    def __init__(self, service: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begins with none.

        Args:
            service: Whose outbox.
            clock: Gives seconds that only grow.
        """
        self._service = service
        self._clock = clock
        self._news = Seldom(clock)
        self._until = 0.0
        self.reasons: Mapping[str, str] = {}
        """What was said of each, by key."""

    def keys(self) -> list[str]:
        """Gives the keys that are not tried now."""
        if self._clock() >= self._until:
            self.reasons = {}
        return list(self.reasons)

    @contextmanager
    def noting(self, key: str) -> Iterator[None]:
        """Notes that an event of a key is refused, where it is.

        Raises:
            AxisError: It failed in another way, or too many are refused.
        """
        try:
            yield
        except AxisError as error:
            if error.reason not in REASONS or len(self.reasons) >= KEYS_AT_MOST:
                raise
            if not self.reasons:
                self._until = self._clock() + AGAIN_SECONDS
            self.reasons = {**self.reasons, key: error.message}
            if self._news.is_news(error.message):
                _log.error(
                    "the event log refuses an event; what is told of its key waits behind it, all else goes on",
                    service=self._service,
                    key=key,
                    reason=error.reason,
                    detail=error.message,
                )
