"""A clock that a test moves."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Domain time that stands still until it is moved."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Tells the time."""
        return self._now

    def advance(self, **parts: float) -> datetime:
        """Moves on by a `timedelta(**parts)`; tells the new time."""
        self._now += timedelta(**parts)
        return self._now
