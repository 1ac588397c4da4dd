"""The checker finds the seeded defects on real engines as well, where every service runs in copies."""

from pathlib import Path

import pytest
from tests.faults.support.defects import DEFECTS
from tests.faults.support.papers import Press
from tests.faults.support.run import listed, running_processes
from tests.faults.test_checker import BROKEN_SETTLE_SECONDS, BUSY, FOUND, SEED, SPEND_SECONDS

DOCUMENTS = 4

# What is found without a crash at a chosen moment, and does not hide another. Contents of an object store are durable
# when it says so: `skipped-fsync` is a defect of files, and `early-offsets` needs a kill between two lines.
TOGETHER = (
    "lost-outbox-row,applied-twice,notice-unsent",
    "status-back,upload-forgotten,failure-untold,stale-lease",
    "request-left-open,completed-silently,position-not-stored",
    "overtaken-though-opened,notice-doubled",
)
ELSEWHERE = {"skipped-fsync", "early-offsets", "task-key-forgotten"}


def test_every_defect_is_tried_here_or_on_one_process() -> None:
    """No seeded defect is left out unknowingly."""
    assert {name for names in TOGETHER for name in names.split(",")} | ELSEWHERE == DEFECTS.keys()


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("defects", TOGETHER)
def test_the_checker_finds_a_defect(tmp_path: Path, press: Press, defects: str) -> None:
    """A seeded defect in every copy makes the checker fail, and it says what is wrong."""
    with running_processes(tmp_path, press, SEED, defect=defects, plan=BUSY) as run:
        run.traffic.grant(DOCUMENTS)
        run.traffic.spend(SPEND_SECONDS * 2)
        wrongs = run.conclude(BROKEN_SETTLE_SECONDS)
    missed = [name for name in defects.split(",") if not any(FOUND[name] in wrong for wrong in wrongs)]
    assert not missed, f"{missed} not found; what was: {listed(wrongs) or 'nothing'}"
