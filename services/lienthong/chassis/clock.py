"""Time, passed in.

Domain time comes from a `Clock`; leases and fences compare with the database's time instead, and durations inside a
process use `time.monotonic`.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""The zone at the edges (QD28 Art. 12-14). Viet Nam has had no summer time since 1975, so a fixed offset is exact."""


class Clock(Protocol):
    """Where domain time comes from."""

    def now(self) -> datetime:
        """Tells the time, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Tells the time of the machine, aware, in UTC."""
        return datetime.now(UTC)
