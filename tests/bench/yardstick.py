"""How fast the machine is just now: what a fixed piece of work takes of a processor, beside each measurement.

Two processors of a machine may share one core, and a machine its cores with others: the same work then costs up to
twice as much CPU time. Figures of two runs are compared at equal speed, each divided by what the piece cost in its run.
"""

import statistics
import threading
import time
from types import TracebackType
from typing import Self

from tests.bench.parts import Row

EVERY_SECONDS = 1.0
_STEPS = 40_000


class Yardstick:
    """Does the piece of work once a second, in a thread of its own, as long as the block lasts."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="yardstick", daemon=True)
        self._taken: list[float] = []

    def _run(self) -> None:
        while True:
            self._taken.append(piece_of_work())
            if self._over.wait(EVERY_SECONDS):
                return

    @property
    def seconds(self) -> float:
        """Gives what the piece cost meanwhile, the median."""
        return statistics.median(self._taken)

    @property
    def median(self) -> str:
        """Says what the piece cost meanwhile, for the conditions of a figure."""
        return f"fixed piece of work meanwhile {self.seconds * 1000:.2f} ms"

    def row(self, name: str) -> Row:
        """Gives the row of a table: what the piece cost while a part was measured, median and 90th percentile."""
        ordered = sorted(self._taken)
        late = ordered[min(len(ordered) - 1, len(ordered) * 9 // 10)]
        figure = f"{statistics.median(ordered) * 1000:.2f} / {late * 1000:.2f} ms"
        return f"{name}: fixed piece of work", figure, f"CPU, p50 / p90 of {len(ordered)} taken meanwhile, one a second"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()


def piece_of_work() -> float:
    """Does the piece: numbers, texts, a dictionary, as programs in Python do; gives CPU seconds of this thread."""
    begun, found = time.thread_time(), dict[str, int]()
    for step in range(_STEPS):
        name = f"{step % 97}"
        found[name] = found.get(name, 0) + step
    return time.thread_time() - begun
