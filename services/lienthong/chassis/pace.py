"""How long a worker rests between two batches: what comes close together is done together.

A batch costs a transaction and its statements, however little is in it. Resting for a multiple of what the last one
took lets batches grow exactly when the machine is busy; one that comes alone finds a worker that has rested.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Bounds of the time from the beginning of one batch to that of the next, in seconds.

    Attributes:
        least: At least this.
        most: At most this, or as long as the batch takes.
        times: Between them, this many times as long as the batch took.
    """

    least: float
    most: float
    times: float = 4.0

    def rest(self, took: float) -> float:
        """Gives the seconds to rest after a batch that took so many; 0 or less when there is no need."""
        return min(max(self.least, self.times * took), self.most) - took
