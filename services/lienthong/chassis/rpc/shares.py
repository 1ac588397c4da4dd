"""How much of something that lasts one caller may have at once: open watches, running transfers.

A watch holds no thread and a transfer only now and then, but each holds memory and a place; what one system takes
beyond its share is refused, and the others are served. In one event loop only.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from lienthong.chassis.errors import exhausted

_RETRY = timedelta(seconds=5)


class Shares:
    """Counts what each system has open."""

    def __init__(self, what: str, most: int) -> None:
        """Sets the share.

        Args:
            what: What is counted, in the plural, for the refusal.
            most: How much one system may have open.
        """
        self._what = what
        self._most = most
        self._held: Counter[str] = Counter()

    @contextmanager
    def held(self, key: str) -> Iterator[None]:
        """Holds one while the block lasts.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when the system has its share.
        """
        if self._held[key] >= self._most:
            raise exhausted(
                "TOO_MANY_STREAMS",
                f"Your system has {self._most} {self._what} open already, as many as one may have. End some first.",
                _RETRY,
            )
        self._held[key] += 1
        try:
            yield
        finally:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]
