"""The program is killed again and again under traffic: nothing acknowledged is lost, nothing is done twice."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from tests.faults.support.harness import Program
from tests.faults.support.papers import Press
from tests.faults.support.run import Run, listed, running
from tests.waiting import until

from lienthong.chassis.failpoints import KNOWN

KILLS = int(os.environ.get("LIENTHONG_FAULT_KILLS") or 50)
TIMEOUT = 300 + 20 * KILLS
HIT_SECONDS = 60.0
SETTLE_SECONDS = 180.0

AT_ANY_TIME = "at any time"
AT_START = "while it starts"

_COUNTDOWNS = {"blob": 8, "consumer": 30, "log": 30, "relay": 30, "rpc": 90, "uow": 120}
"""By the first word of a fail point: at which arrival it kills, at most."""


def schedule(kills: int, chance: random.Random) -> list[str]:
    """Gives where each kill comes: every named point as often as chance has it, at least once; others at any time."""
    named = sorted(KNOWN)
    if kills < len(named):
        raise ValueError(f"{len(named)} fail points need as many kills, not {kills}")
    places = [*named, AT_ANY_TIME, AT_ANY_TIME, AT_START]
    chosen = named + chance.choices(places, [2] * len(named) + [10, 10, 6], k=kills - len(named))
    chance.shuffle(chosen)
    return chosen


def kill_at(run: Run[Program], place: str, chance: random.Random) -> None:
    """Starts the program and kills it at a place; it is dead afterwards."""
    program = run.program
    run.traffic.grant(2)
    if place == AT_START:
        program.launch()
        if program.dies_within(chance.uniform(0.2, 4.0)):
            raise AssertionError("the program killed itself, though no fail point was armed")
        program.kill()
    elif place == AT_ANY_TIME:
        assert program.start(), program.tail()
        assert not program.dies_within(chance.uniform(0.05, 2.0)), "it killed itself, though no fail point was armed"
        program.kill()
    else:
        countdown = chance.randint(1, _COUNTDOWNS[place.partition(".")[0]])
        alive = program.start(place, countdown)
        assert not alive or hit(run, program), f"{place} was not reached {countdown} times in {HIT_SECONDS:.0f} s"


def hit(run: Run[Program], program: Program) -> bool:
    """Keeps the traffic going until the program dies by its fail point; False when it does not."""

    def dead() -> bool:
        run.traffic.grant(1)
        return program.dies_within(0.2)

    return until(dead, HIT_SECONDS)


@pytest.mark.timeout(TIMEOUT)
def test_nothing_is_lost_or_doubled_by_kills(
    tmp_path: Path, press: Press, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever was acknowledged survives SIGKILL at any place, once; each named place is hit at least once."""
    chance = random.Random(seed)  # noqa: S311 -- reproducible, keeps no secret
    places = Counter[str]()
    with running(tmp_path, press, seed) as run:
        run.traffic.grant(3)
        run.program.kill()
        for number, place in enumerate(schedule(KILLS - 1, chance), 1):
            kill_at(run, place, chance)
            places[place] += 1
            assert not run.traffic.ledger.wrongs, f"after kill {number} ({place}):\n{listed(run.traffic.ledger.wrongs)}"
        assert run.program.start(), run.program.tail()
        wrongs = run.conclude(SETTLE_SECONDS)
        figures = f"{places.total() + 1} kills, {len(KNOWN & places.keys())} of {len(KNOWN)} named places hit; "
        with capsys.disabled():
            print(f"{figures}{run.figures(wrongs)}")  # noqa: T201 -- the figures of the run
        assert not wrongs, listed(wrongs)
    assert places.keys() >= KNOWN
