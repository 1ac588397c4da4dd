"""A run: the program, its traffic, its end, and everything that must hold then."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.support.harness import Program
from tests.faults.support.invariants import PublicChecks
from tests.faults.support.papers import Press
from tests.faults.support.party import Plan
from tests.faults.support.stored import StoredChecks
from tests.faults.support.traffic import Traffic


@dataclass(slots=True)
class Run:
    """A program under traffic.

    Attributes:
        program: The process.
        traffic: The agencies.
        begun: When it began, monotonic seconds.
    """

    program: Program
    traffic: Traffic
    begun: float = field(default_factory=time.monotonic)

    def conclude(self, settle_seconds: float) -> list[str]:
        """Lets everything come to its end, asks the APIs, stops the program, reads the files; tells what is wrong."""
        moving = [f"still moving: {one}" for one in self.traffic.settle(settle_seconds)]
        self.traffic.close()
        wrongs = moving + PublicChecks(self.program, self.traffic).run()
        code, _ = self.program.stop()
        if code:
            wrongs.append(f"the program ended with exit code {code} after SIGTERM")
        wrongs += StoredChecks(self.program.data, self.traffic.ledger).run()
        return wrongs + [f"the program logged: {line}" for line in self.program.alarms()]

    def figures(self, wrongs: list[str]) -> str:
        """Gives the figures of a run on one line."""
        ledger = self.traffic.ledger
        starts = self.program.starts
        mean = sum(starts) / len(starts)
        return (
            f"{len(ledger.submissions)} submissions, {len(ledger.taken)} items and "
            f"{sum(len(one.answer.results) for one in ledger.reported)} statuses acknowledged, "
            f"{len(ledger.recalled)} recalls; {len(wrongs)} wrongs; "
            f"{time.monotonic() - self.begun:.0f} s, {len(starts)} starts of {mean:.1f} s"
        )


@contextmanager
def running(
    folder: Path, press: Press, seed: int, *, defect: str = "", count: int = 4, plan: Plan | None = None
) -> Iterator[Run]:
    """Starts the program, registers the agencies, begins the traffic; leaves nothing running."""
    press.write_trust(folder / "trust")
    program = Program(folder, defect)
    try:
        assert program.start(), program.tail()
        traffic = Traffic(program, press, seed, count, plan)
        traffic.start()
        try:
            yield Run(program, traffic)
        finally:
            traffic.close()
    finally:
        program.close()


def listed(wrongs: list[str]) -> str:
    """Puts what is wrong into a message."""
    more = [f"… and {len(wrongs) - 30} more"] if len(wrongs) > 30 else []
    return "\n".join([*wrongs[:30], *more])
