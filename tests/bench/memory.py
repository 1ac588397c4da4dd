"""Memory of each process of the platform over a long time: what it is, how high it went, whether it grows."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import linear_regression, mean, median
from typing import Self

from rich.console import Console
from tests.bench.parts import Row
from tests.bench.world import World

LOOK_SECONDS = 4.0
"""Between two looks; a large attachment takes many times that."""
TELL_SECONDS = 60.0
PARTS = 6
"""Of the whole time; what is measured in the first one is taken for warming up."""


class Memory:
    """Looks at every process again and again, in a thread of its own, and says once a minute what it sees."""

    def __init__(self, world: World, note: Callable[[], str]) -> None:
        """Looks at nothing yet.

        Args:
            world: Whose processes.
            note: Gives what is said besides, once a minute.
        """
        self._world = world
        self._note = note
        self._console = Console(stderr=True)
        self._begun = time.monotonic()
        self._done = threading.Event()
        self._seen: list[tuple[float, dict[str, float]]] = []
        self._loads: list[float] = []
        self._threads = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self._looking = self._threads.submit(self._look)
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._threads.shutdown()

    def _look(self) -> None:
        told = 0.0
        while not self._done.wait(LOOK_SECONDS):
            seen = {machine.name: machine.pss_mib() for machine in self._world.machines}
            at = time.monotonic() - self._begun
            self._seen.append((at, seen))
            self._loads.append(os.getloadavg()[0])
            if at - told >= TELL_SECONDS:
                told = at
                self._tell()

    def _tell(self) -> None:
        at, seen = self._seen[-1]
        each = ", ".join(f"{name} {value:.0f}" for name, value in seen.items())
        self._console.print(f"{at / 60:.0f} min: {self._note()}; MiB: {each}", soft_wrap=True)

    def load(self) -> float:
        """Gives the mean load of the machine meanwhile."""
        return mean(self._loads)

    def rows(self) -> list[Row]:
        """Says for each process what it had after the first part and at the end, its highest, and its growth.

        Raises:
            psutil.NoSuchProcess: A process ended meanwhile.
        """
        self._looking.result()
        minutes = [at / 60 for at, _seen in self._seen]
        names = [machine.name for machine in self._world.machines]
        return [course(name, minutes, [seen[name] for _at, seen in self._seen]) for name in names]


def course(name: str, minutes: Sequence[float], values: Sequence[float]) -> Row:
    """Says how the memory of a process went.

    Args:
        name: Of the process.
        minutes: When it was looked at, since the beginning.
        values: What it had then, in MiB.
    """
    part = minutes[-1] / PARTS
    parts = [
        median(value for at, value in zip(minutes, values, strict=True) if number < at / part <= number + 1)
        for number in range(PARTS)
    ]
    warm = next(place for place, at in enumerate(minutes) if at > part)
    growth = linear_regression(minutes[warm:], values[warm:]).slope * 60
    figure = f"{parts[0]:.0f} / {parts[-1]:.0f} / {max(values):.0f} MiB, {growth:+.1f} an hour"
    each = ", ".join(f"{value:.0f}" for value in parts)
    condition = (
        f"PSS with its children: first {part:.0f} minutes / last / highest; growth by a line over all after the "
        f"first {part:.0f}; medians of each {part:.0f}: {each}"
    )
    return f"memory, {name}", figure, condition
