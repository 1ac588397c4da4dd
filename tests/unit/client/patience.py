"""A clock that waiting moves, for what goes on over breaks."""

from dataclasses import dataclass, field


@dataclass
class Clock:
    """Stands in for the module `time`.

    Attributes:
        now: Seconds since it began.
        pauses: How long was waited, each time.
    """

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        """Tells the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Waits."""
        self.pauses.append(seconds)
        self.now += seconds
