"""A run: the program, its traffic, its end, and everything that must hold then."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from tests.faults.support.harness import Program
from tests.faults.support.invariants import PublicChecks
from tests.faults.support.papers import Press
from tests.faults.support.plan import Plan
from tests.faults.support.processes import Processes
from tests.faults.support.served import Served
from tests.faults.support.stored import StoredChecks
from tests.faults.support.traffic import Traffic
from tests.faults.support.webhooks import Webhooks

from lienthong.testing.sinks import HttpSink

Platform = TypeVar("Platform", bound=Served)


@dataclass(slots=True)
class Run(Generic[Platform]):
    """A platform under traffic.

    Attributes:
        program: The process, or the processes.
        traffic: The agencies.
        begun: When it began, monotonic seconds.
    """

    program: Platform
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
        wrongs += StoredChecks(self.program, self.traffic.ledger).run()
        return wrongs + [f"the program logged: {line}" for line in self.program.alarms()]

    def figures(self, wrongs: list[str]) -> str:
        """Gives the figures of a run."""
        ledger, starts = self.traffic.ledger, self.program.starts
        kinds = Counter(told.paper.kind.name for told in ledger.submissions.values())
        webhooks = self.traffic.webhooks
        said = f"{len(wrongs)} wrongs" if wrongs else "0 lost, 0 doubled"
        return (
            f"{len(ledger.submissions)} submissions (updates {kinds['UPDATE']}, replacements {kinds['REPLACE']}), "
            f"{len(ledger.taken)} items, {sum(len(one.answer.results) for one in ledger.reported)} statuses, "
            f"{len(ledger.tasks)} task calls and {len(ledger.recalled)} recalls acknowledged; "
            f"{len(ledger.resumed)} of {len(ledger.uploads)} larger uploads resumed; "
            f"{webhooks.distinct if webhooks else 0} notices came by {len(webhooks.sink.items) if webhooks else 0} "
            f"webhook calls; {ledger.repeats} answers repeated after crashes; {said}; "
            f"{time.monotonic() - self.begun:.0f} s, {len(starts)} starts of {sum(starts) / len(starts):.1f} s"
        )


@contextmanager
def running(
    folder: Path, press: Press, seed: int, *, defect: str = "", count: int = 4, plan: Plan | None = None
) -> Iterator[Run[Program]]:
    """Starts the program, registers the agencies, begins the traffic; leaves nothing running."""
    press.write_trust(folder / "trust")
    with HttpSink() as sink:
        webhooks = Webhooks(sink)
        program = Program(folder, defect, settings={"notification": webhooks.settings()})
        yield from under_traffic(program, lambda: Traffic(program, press, seed, count, plan, webhooks))


@contextmanager
def running_processes(
    folder: Path,
    press: Press,
    seed: int,
    *,
    defect: str = "",
    brokers: int = 1,
    count: int = 4,
    plan: Plan | None = None,
) -> Iterator[Run[Processes]]:
    """Starts engines and two copies of each service, and traffic on them; leaves nothing running."""
    press.write_trust(folder / "trust")
    with HttpSink() as sink:
        webhooks = Webhooks(sink)
        processes = Processes(folder, {"notification": webhooks.settings()}, defect, brokers=brokers)
        traffic = partial(Traffic, processes, press, seed, count, plan=plan, webhooks=webhooks)
        yield from under_traffic(processes, traffic)


def under_traffic(program: Platform, begin: Callable[[], Traffic]) -> Iterator[Run[Platform]]:
    """Starts a platform and the traffic on it; leaves nothing running when it goes on."""
    try:
        assert program.start(), program.tail()
        traffic = begin()
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
