"""What a second copy of a service brings: how fast a backlog is worked off by one, and by two.

Each copy may take a share of a core, as a pod with a limit: without one, a single copy and its engines take all of two
cores, and the machine is measured. It gets that share when all copies are warm, since one that starts with a part of a
core is cold for half a minute. Everything else is stopped meanwhile.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.error import URLError

import psutil
from tests.bench.effort import counted
from tests.bench.load import CLIENTS, DEADLINE_SECONDS, LOOK_SECONDS, Journey, send_all, submit
from tests.bench.parts import Row
from tests.bench.world import World, papers
from tests.bench.yardstick import Yardstick

from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.events.event import DOCUMENTS, VERDICTS
from lienthong.chassis.topics import TOPICS
from lienthong.dev.platform import PROGRAM, STOP_SECONDS, Copy, ProcessPlatform

WAITING = int(os.environ.get("BENCH_COPIES_DOCUMENTS", "6000"))
SHARE = float(os.environ.get("BENCH_COPIES_SHARE", "0.25"))
"""Of a core, for each copy."""
WARM = 200
"""Documents of each copy before it counts: one that starts is slower, and who joins makes the others pause."""
MOST = 0.9
"""Part of the backlog at which measuring ends: all copies have enough to do until then."""
FIRST = 1_100_000
"""Number of the first document."""
CGROUPS = Path("/sys/fs/cgroup/cpu")
PERIOD_MICROS = 100_000


@dataclass(frozen=True, slots=True)
class Work:
    """What is measured of a service.

    Attributes:
        service: Its name.
        topic: What it waits for: a record for each document.
        counter: Counts documents that it did, with the labels.
        labels: Which of them.
    """

    service: str
    topic: str
    counter: str
    labels: dict[str, str]

    def done(self, copies: Sequence[Copy]) -> float:
        """Gives how many documents the copies have done since they began; nothing is known of one that starts."""
        with suppress(URLError):
            return counted([copy.metrics for copy in copies], self.counter, **self.labels)
        return 0.0


WORKS = (
    Work("routing", VERDICTS, "lienthong_delivery_steps_total", {"state": "available"}),
    Work("signing", DOCUMENTS, "lienthong_verdicts_total", {}),
)
"""The two whose events cost most, by the table "CPU a document". Routing comes first: it needs what signing says."""


def copies(world: World, platform: ProcessPlatform) -> list[Row]:
    """Measures a backlog with one copy and with two.

    Raises:
        TimeoutError: A backlog does not come to be, or is not worked off.
        ValueError: It was too small to be shared.
    """
    rows = list[Row]()
    log = KafkaEventLog(KafkaSection.model_validate(platform.engines["kafka"].settings()), TOPICS)
    pdfs = papers(world.who, WAITING)
    condition = f"at equal speed; {WAITING} documents wait, each copy has {SHARE:g} of a core, all else rests"
    with closing(log), _shares(platform) as shares:
        for number, work in enumerate(WORKS):
            bench = _Bench(world, platform, log, shares, pdfs, work)
            one = bench.rate(FIRST + number * 20_000)
            platform.add(work.service, 2)
            two = bench.rate(FIRST + number * 20_000 + 10_000)
            figure = f"{two.at_speed / one.at_speed:.2f} times"
            rows.append((f"second copy of {work.service}", figure, f"{one.said}; {two.said}; {condition}"))
    return rows


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast copies were.

    Attributes:
        at_speed: Documents in as much of a processor as the fixed piece of work took meanwhile: the machine may be
            another one a minute later.
        said: Documents a second, and how that was.
    """

    at_speed: float
    said: str


@dataclass(frozen=True, slots=True)
class _Bench:
    world: World
    platform: ProcessPlatform
    log: KafkaEventLog
    shares: "_Shares"
    pdfs: Sequence[bytes]
    work: Work

    def rate(self, first: int) -> Rate:
        """Builds a backlog, lets the copies work it off with all else stopped, and brings the rest back."""
        mine = self._copies()
        others = [copy for copy in self.platform.copies if copy not in mine]
        _stop(mine)
        self._hand_in(first)
        _await(f"a backlog of {self.work.service}", lambda: self._waiting() >= WAITING)
        _stop(others)
        with ThreadPoolExecutor(1) as threads:
            # They work before they say that they are ready.
            measuring = threads.submit(self._measured, mine)
            self.platform.replace(mine, self.shares.program)
            measured = measuring.result()
        for copy in others:
            self.platform.await_serving(copy)
        return measured

    def _copies(self) -> list[Copy]:
        return [copy for copy in self.platform.copies if copy.service == self.work.service]

    def _hand_in(self, first: int) -> None:
        with ThreadPoolExecutor(CLIENTS) as clients:
            send_all(clients, self.pdfs, 0.0, first, partial(submit, self.world, Journey(), 1))

    def _waiting(self) -> int:
        return sum(one.records for one in self.log.lag(self.work.service, [self.work.topic]))

    def _measured(self, mine: Sequence[Copy]) -> Rate:
        half = WAITING / 2
        _await("work", lambda: all(self.work.done([one]) >= WARM for one in mine) or self.work.done(mine) > half)
        self.shares.limit()
        begun, early, busy = time.monotonic(), self.work.done(mine), _busy_seconds()
        if early > half:
            raise ValueError(f"the last was warm after {early:.0f} of {WAITING}: set BENCH_COPIES_DOCUMENTS higher")
        with Yardstick() as yardstick:
            _await("most documents", lambda: self.work.done(mine) >= MOST * WAITING)
        seconds, late, busy = time.monotonic() - begun, self.work.done(mine), _busy_seconds() - busy
        _await("all documents", lambda: self.work.done(mine) >= WAITING)
        shares = " + ".join(f"{self.work.done([copy]):.0f}" for copy in mine)
        rate, cores = (late - early) / seconds, busy / seconds
        said = f"{rate:.1f} a second by {len(mine)} ({shares} documents, {cores:.1f} cores busy, {yardstick.median})"
        return Rate(rate * yardstick.seconds, said)


def _stop(leaving: Sequence[Copy]) -> None:
    with ThreadPoolExecutor(max(1, len(leaving))) as threads:
        list(threads.map(lambda copy: copy.process.stop(STOP_SECONDS), leaving))


def _await(what: str, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {DEADLINE_SECONDS:.0f} s")
        time.sleep(LOOK_SECONDS)


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


@dataclass(frozen=True, slots=True)
class _Shares:
    """Control groups, one of each copy.

    Attributes:
        group: Above all of them.
    """

    group: Path

    @property
    def program(self) -> Sequence[str]:
        """Gives the command line of the program in a group of its own, that may take all it gets."""
        enter = f"mkdir {self.group}/$$ && echo $$ > {self.group}/$$/cgroup.procs"
        return "sh", "-c", f'{enter} && exec "$@"', "sh", *PROGRAM

    def limit(self) -> None:
        """Gives each copy that runs its share of a core."""
        for place in self.group.glob("*/cpu.cfs_quota_us"):
            place.write_text(f"{round(PERIOD_MICROS * SHARE)}", "ascii")


@contextmanager
def _shares(platform: ProcessPlatform) -> Iterator[_Shares]:
    """Makes control groups for the copies, and removes them.

    Raises:
        OSError: This user may not make such groups, or the machine has none of version 1.
    """
    group = CGROUPS / f"lienthong-bench-{os.getpid()}"
    group.mkdir()
    try:
        yield _Shares(group)
    finally:
        _stop(platform.copies)
        _await("the end of all copies", lambda: not any(file.read_text() for file in group.glob("*/cgroup.procs")))
        for one in (*group.glob("*/"), group):
            one.rmdir()
