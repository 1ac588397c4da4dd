"""Services and engines are hit again and again under traffic, every service in two copies on real engines.

`LIENTHONG_FAULTS` says how many faults, `LIENTHONG_FAULT_SEED` repeats a run, `LIENTHONG_FAULT_BROKERS` says how many
brokers there are; `python -m tests.faults` makes any number of runs.
"""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path

import pytest
from tests.faults.__main__ import told
from tests.faults.support.harness import PAUSE_SECONDS
from tests.faults.support.kinds import LANES, Kind, schedule
from tests.faults.support.kinds_of_processes import wait
from tests.faults.support.papers import Press
from tests.faults.support.processes import Processes
from tests.faults.support.run import Run, listed, running_processes

FAULTS = int(os.environ.get("LIENTHONG_FAULTS") or 30)
BROKERS = int(os.environ.get("LIENTHONG_FAULT_BROKERS") or 1)
RECORD = os.environ.get("LIENTHONG_FAULT_RECORD")
SETTLE_SECONDS = 240.0
TIMEOUT = 600 + 30 * FAULTS


@dataclass(slots=True)
class Record:
    """What a run came to.

    Attributes:
        seed: It repeats the run.
        brokers: Of Kafka.
        kinds: How often each kind of fault came.
        seconds: How long each kind took, all together.
        hit: What each fault hit, in order.
        figures: Of the traffic.
        failed: Whether a fault found something: no lane goes on then.
    """

    seed: int
    brokers: int
    kinds: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    hit: list[str] = field(default_factory=list)
    figures: str = ""
    failed: bool = False

    def strike_all(self, run: Run[Processes], kinds: Sequence[Kind], chance: random.Random) -> None:
        """Does the faults of a lane one after the other under traffic; ends when another lane found something."""
        for kind in kinds:
            if self.failed:
                return
            run.traffic.grant(1)
            wait(chance.uniform(PAUSE_SECONDS, 0.7))
            self.strike(run, kind, chance)

    def strike(self, run: Run[Processes], kind: Kind, chance: random.Random) -> None:
        """Does one fault, and tells at once when somebody was answered wrongly."""
        begun = time.monotonic()
        try:
            what = f"{kind.name}: {kind.act(run.program, chance)}"
        except Exception as error:
            self.failed = True
            error.add_note(f"at {kind.name}, after {'; '.join(self.hit)}\n{run.program.tail()}")
            raise
        self.hit.append(what)
        self.kinds[kind.name] += 1
        self.seconds[kind.name] += round(time.monotonic() - begun)
        wrongs = run.traffic.ledger.wrongs
        assert not wrongs, f"{listed(wrongs)}\nafter {'; '.join(self.hit)}"

    def write(self, file: Path) -> None:
        """Writes what the run came to, for whoever makes many runs."""
        file.write_text(json.dumps({one.name: getattr(self, one.name) for one in fields(self)}), "utf-8")

    def __str__(self) -> str:
        told = ", ".join(f"{name} {count}" for name, count in sorted(self.kinds.items()))
        return f"seed {self.seed}, {self.brokers} brokers, {self.kinds.total()} faults ({told}); {self.figures}"


def test_the_runner_adds_up_what_runs_came_to(tmp_path: Path) -> None:
    """What a run wrote down is read by the runner, which tells how often each kind came in all of them."""
    record = Record(7, 3)
    record.kinds.update({"kill kafka": 2, "clock jumps": 1})
    record.seconds.update({"kill kafka": 9})
    record.write(tmp_path / "record.json")
    done = [{**json.loads((tmp_path / "record.json").read_text("utf-8")), "took": 90} for _ in range(2)]
    assert told(done).split("\n") == ["     4 kill kafka", "     2 clock jumps", "     6 faults in 2 runs, 3 minutes"]


@pytest.mark.long
@pytest.mark.timeout(TIMEOUT)
def test_nothing_is_lost_or_doubled_on_real_engines(
    tmp_path: Path, press: Press, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two copies of every service on Kafka, PostgreSQL and an object store: what was acknowledged holds, once."""
    chance, record = random.Random(seed), Record(seed, BROKERS)  # noqa: S311 -- reproducible, keeps no secret
    with running_processes(tmp_path, press, seed, brokers=BROKERS) as run, ThreadPoolExecutor(len(LANES)) as threads:
        lanes = schedule(FAULTS, chance)
        # Chances of a lane are its own, so that a seed repeats it whatever the other one does meanwhile.
        chances = [random.Random(f"{seed}/{number}") for number in range(len(lanes))]  # noqa: S311 -- as above
        list(threads.map(record.strike_all, [run] * len(lanes), lanes, chances))
        # What a lane has started ends with its thread: they stay until the end.
        wrongs = run.conclude(SETTLE_SECONDS)
        record.figures = run.figures(wrongs)
        with capsys.disabled():
            print(record, record.seconds, sep="\n")  # noqa: T201 -- the figures of the run
        assert not wrongs, listed(wrongs)
    if RECORD:
        record.write(Path(RECORD))
