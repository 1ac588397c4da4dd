"""The checker is checked: it finds every seeded defect, and nothing in the program as it is."""

from pathlib import Path

import pytest
from tests.faults.support.defects import DEFECTS
from tests.faults.support.defects_of_work import DEFECTS_OF_WORK
from tests.faults.support.harness import Program
from tests.faults.support.papers import Press
from tests.faults.support.plan import Plan
from tests.faults.support.run import Run, listed, running

SEED = 7
DOCUMENTS = 4
SPEND_SECONDS = 60.0
SETTLE_SECONDS = 60.0
BROKEN_SETTLE_SECONDS = 6.0
"""What is broken may never come to rest."""

BUSY = Plan(lazy=0.2, recalled=0.2, amended=0.5, large=0.2, unknown=0.2, tasked=0.5)
"""Much of what is rare otherwise."""

# What the checker says of each defect, in part.
FOUND = {
    "lost-outbox-row": "has 0 deliveries of it",
    "applied-twice": "stands 2 times in the mailbox",
    "position-not-stored": "workflow: stands at version",
    "skipped-fsync": "is not what was sent",
    "early-offsets": "workflow: stands at version 0",
    "stale-lease": "acknowledged under a lease that had expired",
    "status-back": "led back from",
    "request-left-open": "is still open",
    "failure-untold": "told as failed 0",
    "overtaken-though-opened": "an update took its place although",
    "task-key-forgotten": "a task: a repeat after a crash is answered in another way",
    "completed-silently": "was led to DONE and is",
    "upload-forgotten": "bytes were durable, and then 0",
    "notice-unsent": "never came by webhook",
    "notice-doubled": "2 times by webhook",
}

# What spoils nothing for another shares a run with it.
TOGETHER = (
    *sorted(FOUND.keys() - DEFECTS_OF_WORK.keys()),
    "failure-untold,request-left-open,notice-unsent,upload-forgotten,completed-silently",
    "overtaken-though-opened,notice-doubled,task-key-forgotten",
)


def small_run(run: Run[Program]) -> None:
    """Has each party hand in a few documents."""
    run.traffic.grant(DOCUMENTS)
    run.traffic.spend(SPEND_SECONDS)


def cut_power(run: Run[Program]) -> None:
    """Loses the second half of the last content, as a power cut does to what was not on disk."""
    run.traffic.settle(SETTLE_SECONDS)
    run.program.kill()
    last = max(run.program.data.glob("blobs/??/*"), key=lambda place: place.name)
    with last.open("r+b") as content:
        content.truncate(last.stat().st_size // 2)
    assert run.program.start(), run.program.tail()


def kill_between(run: Run[Program]) -> None:
    """Kills the program between committing offsets and handling the records."""
    # Nothing that took effect before may come again: losing that would lose nothing.
    run.traffic.settle(SETTLE_SECONDS)
    run.program.kill()
    alive = run.program.start("consumer.after-offsets", 1)
    run.traffic.grant(1)
    assert not alive or run.program.dies_within(SPEND_SECONDS)
    assert run.program.start(), run.program.tail()


def restart(run: Run[Program]) -> None:
    """Kills the program and starts it again, under traffic."""
    run.program.kill()
    assert run.program.start(), run.program.tail()
    small_run(run)


AFTERWARDS = {"skipped-fsync": cut_power, "early-offsets": kill_between, TOGETHER[-1]: restart}


def plan_for(defects: str) -> Plan:
    """Gives the traffic that meets the defects for certain, and little else."""
    if defects in TOGETHER[-2:]:
        return BUSY
    return Plan(signed=0.0, recalled=0.0, amended=0.0, large=0.0, lazy=0.5 if defects == "stale-lease" else 0.0)


def test_every_defect_is_tried() -> None:
    """No seeded defect is left out."""
    assert {name for defects in TOGETHER for name in defects.split(",")} == DEFECTS.keys() == FOUND.keys()


@pytest.mark.parametrize("defects", TOGETHER)
def test_the_checker_finds_a_defect(tmp_path: Path, press: Press, defects: str) -> None:
    """A seeded defect makes the checker fail, and it says what is wrong."""
    with running(tmp_path, press, SEED, defect=defects, count=3, plan=plan_for(defects)) as run:
        small_run(run)
        AFTERWARDS.get(defects, lambda _: None)(run)
        wrongs = run.conclude(BROKEN_SETTLE_SECONDS)
    missed = [name for name in defects.split(",") if not any(FOUND[name] in wrong for wrong in wrongs)]
    assert not missed, f"{missed} not found; what was: {listed(wrongs) or 'nothing'}"


def test_the_checker_finds_nothing_where_nothing_is_wrong(tmp_path: Path, press: Press) -> None:
    """The program as it is passes the same small run, with all that agencies do."""
    with running(tmp_path, press, SEED, count=3, plan=BUSY) as run:
        small_run(run)
        wrongs = run.conclude(SETTLE_SECONDS)
        assert run.traffic.ledger.submissions
    assert not wrongs, listed(wrongs)
