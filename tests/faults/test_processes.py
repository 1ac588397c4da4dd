"""Services and engines are hit again and again under traffic, every service in two copies on real engines.

`LIENTHONG_FAULTS` says how many faults; `LIENTHONG_FAULT_SEED` repeats a run.
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.support.harness import PAUSE_SECONDS
from tests.faults.support.papers import Press
from tests.faults.support.processes import Processes
from tests.faults.support.run import Run, listed, running_processes
from tests.faults.support.traffic import until

from lienthong.dev.platform import Copy

FAULTS = int(os.environ.get("LIENTHONG_FAULTS") or 12)
SETTLE_SECONDS = 240.0
TIMEOUT = 600 + 30 * FAULTS
PAUSED_SECONDS = 13.0
"""Longer than the session of a consumer and the lease of a relay, both ten seconds."""

Chance = random.Random
Fault = Callable[[Processes, Chance], str]


def copy_of(processes: Processes, chance: Chance) -> Copy:
    """Chooses a process."""
    return chance.choice(processes.platform.copies)


def wait(seconds: float) -> None:
    """Lets the traffic go on for a while."""
    until(lambda: False, seconds)


def kill_service(processes: Processes, chance: Chance) -> str:
    """Kills a process of a service, and starts it again."""
    copy = copy_of(processes, chance)
    copy.process.kill()
    wait(chance.uniform(0, 2))
    processes.replace(copy)
    return f"kill {copy.service}"


def kill_both(processes: Processes, chance: Chance) -> str:
    """Kills all processes of a service at once."""
    service = copy_of(processes, chance).service
    killed = [copy for copy in processes.platform.copies if copy.service == service]
    for copy in killed:
        copy.process.kill()
    wait(chance.uniform(0, 2))
    for copy in killed:
        processes.replace(copy)
    return f"kill every {service}"


def drain_service(processes: Processes, chance: Chance) -> str:
    """Stops a process as its supervisor would, and starts it again."""
    copy = copy_of(processes, chance)
    copy.process.stop()
    processes.replace(copy)
    return f"restart {copy.service}"


def pause_service(processes: Processes, chance: Chance) -> str:
    """Halts a process for longer than its session and its leases; then it goes on as if nothing had been."""
    copy = copy_of(processes, chance)
    copy.process.signal_all(signal.SIGSTOP)
    wait(PAUSED_SECONDS)
    copy.process.signal_all(signal.SIGCONT)
    return f"pause {copy.service}"


def kill_engine(name: str) -> Fault:
    """Kills an engine with all its processes, and starts it again after a moment."""

    def fault(processes: Processes, chance: Chance) -> str:
        engine = processes.platform.engines[name]
        engine.kill()
        wait(chance.uniform(0.5, 5))
        engine.start()
        return f"kill {name}"

    return fault


def pause_engine(name: str) -> Fault:
    """Halts an engine for a while: its connections stay open, and nothing answers."""

    def fault(processes: Processes, chance: Chance) -> str:
        engine = processes.platform.engines[name]
        engine.pause()
        wait(chance.uniform(1, 8))
        engine.resume()
        return f"pause {name}"

    return fault


FAULT_KINDS: tuple[Fault, ...] = (
    kill_service,
    kill_both,
    drain_service,
    pause_service,
    *(kill_engine(name) for name in ("postgres", "kafka", "objects")),
    *(pause_engine(name) for name in ("postgres", "kafka", "objects")),
)
"""Each is met at least once, when there are as many faults as kinds; `kill_service` twice as often as others."""


def schedule(count: int, chance: Chance) -> list[Fault]:
    """Gives the faults in their order."""
    more = chance.choices([*FAULT_KINDS, kill_service], k=max(0, count - len(FAULT_KINDS)))
    chosen = [*FAULT_KINDS, *more][:count]
    chance.shuffle(chosen)
    return chosen


@pytest.mark.long
@pytest.mark.timeout(TIMEOUT)
def test_nothing_is_lost_or_doubled_on_real_engines(
    tmp_path: Path, press: Press, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two copies of every service on Kafka, PostgreSQL and an object store: what was acknowledged holds, once."""
    chance, met = random.Random(seed), Counter[str]()  # noqa: S311 -- reproducible, keeps no secret
    with running_processes(tmp_path, press, seed) as run:
        for number, fault in enumerate(schedule(FAULTS, chance), 1):
            run.traffic.grant(2)
            wait(chance.uniform(PAUSE_SECONDS, 2))
            what = fault(run.program, chance)
            met[what] += 1
            assert not run.traffic.ledger.wrongs, f"after fault {number} ({what}):\n{listed(run.traffic.ledger.wrongs)}"
        conclude(run, met, capsys)


def conclude(run: Run[Processes], met: Counter[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Lets everything come to its end, checks it, and prints the figures."""
    wrongs = run.conclude(SETTLE_SECONDS)
    told = ", ".join(f"{what} {count}" for what, count in sorted(met.items()))
    with capsys.disabled():
        print(f"{met.total()} faults ({told}); {run.figures(wrongs)}")  # noqa: T201 -- the figures of the run
    assert not wrongs, listed(wrongs)
