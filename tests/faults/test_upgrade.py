"""A new program takes the place of the old one under load, and gives it back: no client sees a failed call."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.support.harness import ROOT
from tests.faults.support.papers import Press
from tests.faults.support.processes import Processes
from tests.faults.support.run import Run, listed, running_processes
from tests.upgrade.support.versions import FIRST, LARGEST, newest
from tests.waiting import until

from lienthong.dev.platform import PROGRAM, SERVICES

NEXT = (sys.executable, str(ROOT / "tests" / "upgrade" / "next_program.py"))
SETTLE_SECONDS = 120.0
COMMAND_SECONDS = 120


@pytest.mark.servers
@pytest.mark.timeout(600)
def test_a_new_program_takes_over_and_gives_back(
    tmp_path: Path, press: Press, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two copies of each service on real engines, replaced in turn while the schemas change beside both programs.

    The next program works with the schema before and with its own, the old one with its own and the one after. Where
    there is a schema before its own, it works with that too: the step to its own is taken under load first.
    """
    with running_processes(tmp_path, press, seed, count=3) as run:
        for service in SERVICES:
            if newest(service) != FIRST:
                change_schemas(run, PROGRAM, "downgrade", newest(service, -1), "--service", service)
        change_schemas(run, PROGRAM, "upgrade")
        roll(run, 1, NEXT)
        change_schemas(run, NEXT, "upgrade")
        roll(run, 2, NEXT)
        until(lambda: not idle(run), SETTLE_SECONDS)
        assert not idle(run), "these programs did not fill the new column"
        roll(run, 1, PROGRAM)
        roll(run, 2, PROGRAM)
        change_schemas(run, NEXT, "downgrade", "--", "-1")
        wrongs = run.conclude(SETTLE_SECONDS)
        ledger = run.traffic.ledger
        with capsys.disabled():
            figures = f"{ledger.answered} calls answered, {len(ledger.unanswered)} failed; {run.figures(wrongs)}"
            print(figures)  # noqa: T201 -- the figures of the run
    assert not wrongs, listed(wrongs)
    assert not ledger.unanswered, listed(ledger.unanswered)


def roll(run: Run[Processes], number: int, program: tuple[str, ...]) -> None:
    """Replaces one copy of each service."""
    run.traffic.grant(4)
    platform = run.program.platform
    platform.replace([copy for copy in platform.copies if copy.number == number], program)


def change_schemas(run: Run[Processes], program: tuple[str, ...], command: str, *more: str) -> None:
    """Changes the schemas with a program, while all copies work."""
    run.traffic.grant(4)
    config = run.program.platform.copies[0].config
    done = subprocess.run(  # noqa: S603 -- our own program
        [*program, "db", command, "--config", str(config), *more],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def idle(run: Run[Processes]) -> list[str]:
    """Names the services whose next program has not written a row with the new column yet."""
    run.traffic.grant(1)
    statement = "SELECT count(*) FROM {} WHERE written_by = 'next'"
    found = {service: run.program.rows(service, statement.format(LARGEST[service]))[0][0] for service in SERVICES}
    return [service for service, rows in found.items() if not rows]
