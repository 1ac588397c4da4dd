"""Ending in good order: SIGTERM under load drains, and one data folder has one program."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from tests.faults.support.harness import ROOT, Program
from tests.faults.support.papers import Press
from tests.faults.support.plan import Plan
from tests.faults.support.run import Run, listed, running
from tests.faults.support.traffic import SERVICES
from tests.waiting import eventually

from lienthong.client.stubs import persisted

DRAIN_SECONDS = 20.0
"""As configured by default; background work may take as long again to end what it has in hand."""

SETTLE_SECONDS = 120.0
LOADED = 12
"""Submissions after which the load counts as running."""

USAGE = 2


def test_sigterm_under_load_cuts_no_call(
    tmp_path: Path, press: Press, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code is 0 within the drain time; a call has an answer, or has left no trace; nothing is doubled."""
    # Transfers are patient for a minute with a program that is away; here somebody waits for them to say so.
    monkeypatch.setattr("lienthong.client.transfers.persisted", partial(persisted, patience=1.0))
    with running(tmp_path, press, seed, plan=Plan(lazy=0.0)) as run:
        for turn in (1, 2, 3):
            load(run, LOADED * turn)
            code, seconds = run.program.terminate()
            assert code == 0, run.program.tail()
            assert seconds < 2 * DRAIN_SECONDS
            eventually(partial(all_wait, run), "clients wait", SETTLE_SECONDS)
            pending = {party.speaker.pending for party in run.traffic.parties.values()}
            cut = pending & remembered(run.program)
            assert not cut, f"calls were cut after they had taken effect: {cut}"
            assert run.program.start(), run.program.tail()
        wrongs = run.conclude(SETTLE_SECONDS)
    assert not wrongs, listed(wrongs)


def test_a_second_program_on_the_same_data_is_refused(tmp_path: Path, press: Press) -> None:
    """One process owns a data folder; another ends with exit code 2 and says which folder, and what to do."""
    press.write_trust(tmp_path / "trust")
    program = Program(tmp_path)
    try:
        assert program.start(), program.tail()
        command = [sys.executable, "-m", "lienthong", "run", "--listen", "127.0.0.1:0", "--metrics", ""]
        second = subprocess.run(  # noqa: S603 -- our own program
            [*command, "--data-dir", str(program.data)],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT / "services"), "COLUMNS": "400"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert second.returncode == USAGE
        said = " ".join((second.stdout + second.stderr).split())
        assert f"{program.data} is in use by another process; stop it first" in said
        assert program.stop()[0] == 0
    finally:
        program.close()


def test_a_program_that_starts_ends_when_asked(tmp_path: Path) -> None:
    """SIGTERM before it serves is handled too: the first process of a container would not notice it otherwise."""
    program = Program(tmp_path)
    command = [sys.executable, "-m", "lienthong", "run", "--listen", "127.0.0.1:0", "--metrics", ""]
    environment = {"PYTHONPATH": str(ROOT / "services")}
    with subprocess.Popen([*command, "--data-dir", str(program.data)], cwd=ROOT, env=environment) as starting:  # noqa: S603 -- our own program
        try:
            eventually((program.data / "lock").exists, "the start begins")
            starting.terminate()
            assert starting.wait(SETTLE_SECONDS) == 128 + signal.SIGTERM
        finally:
            starting.kill()
    try:
        assert program.start(), program.tail()
        assert program.stop()[0] == 0
    finally:
        program.close()


@pytest.fixture
def no_nohup() -> Iterator[None]:
    """Programs that are started here heed SIGHUP, though whoever runs the tests may have said `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("no_nohup")
def test_a_terminal_that_goes_ends_it_in_good_order(tmp_path: Path) -> None:
    """SIGHUP drains too, and nobody is left who reads the log."""
    command = [sys.executable, "-m", "lienthong", "run", "--json", "--listen", "127.0.0.1:0", "--metrics", ""]
    command += ["--data-dir", str(tmp_path)]
    environment = {"PYTHONPATH": str(ROOT / "services")}
    with subprocess.Popen(  # noqa: S603 -- our own program
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stderr is not None
            assert running.stdout.readline()
            running.stderr.close()
            running.send_signal(signal.SIGHUP)
            assert running.wait(SETTLE_SECONDS) == 0
        finally:
            running.kill()


def load(run: Run[Program], submissions: int) -> None:
    """Keeps all agencies at work until so many documents are accepted."""

    def loaded() -> bool:
        run.traffic.grant(4)
        return len(run.traffic.ledger.submissions) >= submissions

    eventually(loaded, "the load is running", SETTLE_SECONDS)


def all_wait(run: Run[Program]) -> bool:
    """Tells whether every agency waits for the program to come back."""
    return all(party.speaker.waiting for party in run.traffic.parties.values())


def remembered(program: Program) -> set[str]:
    """Gives the requests that took effect, as the files of a program that ended say."""

    def requests() -> Iterator[str]:
        for service in SERVICES:
            file = program.data / "databases" / f"{service}.db"
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
                yield from (row[0] for row in connection.execute("SELECT request_id FROM requests"))

    return set(requests())
