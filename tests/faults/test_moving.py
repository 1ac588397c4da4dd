"""An installation moves to other engines and back, in the middle of its traffic."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.faults.support.changing import Changing
from tests.faults.support.harness import ROOT, Program
from tests.faults.support.papers import Press
from tests.faults.support.processes import Processes
from tests.faults.support.run import Run, listed, under_traffic
from tests.faults.support.traffic import Traffic
from tests.faults.support.webhooks import Webhooks
from tests.waiting import until

from lienthong.testing.sinks import HttpSink

SETTLE_SECONDS = 240.0
SPEND_SECONDS = 180.0
COMMAND_SECONDS = 180.0
NOT_IN_THIS_STATE = 7


def lienthong(*arguments: str, code: int = 0) -> str:
    """Runs a command; gives what it said on standard error."""
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "lienthong", *arguments],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'services'}:{ROOT}"},
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stderr


@contextmanager
def moving(folder: Path, press: Press, seed: int, webhooks: Webhooks) -> Iterator[Run[Changing]]:
    """Starts an embedded installation with agencies that go on wherever it moves."""
    platform = Changing(embedded(folder / "first", press, webhooks))
    yield from under_traffic(platform, lambda: Traffic(platform, press, seed, webhooks=webhooks))


def embedded(folder: Path, press: Press, webhooks: Webhooks) -> Program:
    """Makes an installation in one process on embedded engines."""
    press.write_trust(folder / "trust")
    return Program(folder, settings={"notification": webhooks.settings()})


@pytest.mark.servers
@pytest.mark.timeout(900)
def test_traffic_goes_on_through_a_move(tmp_path: Path, press: Press, seed: int) -> None:
    """Killed under load, exported, imported into real engines, and later back: nothing is lost, nothing is doubled."""
    with HttpSink() as sink:
        webhooks = Webhooks(sink)
        with moving(tmp_path, press, seed, webhooks) as run:
            move_to_real_engines(run, tmp_path, press, webhooks)
            move_back(run, tmp_path, press, webhooks)
            wrongs = run.conclude(SETTLE_SECONDS)
            assert not wrongs, listed(wrongs)


def under_load(run: Run[Changing]) -> None:
    """Lets agencies hand documents in; many are on their way when this returns."""
    before = len(run.traffic.ledger.submissions)
    run.traffic.grant(4)
    ledger = run.traffic.ledger
    assert until(lambda: len(ledger.submissions) >= before + 8, SPEND_SECONDS), listed(ledger.wrongs)


def move_to_real_engines(run: Run[Changing], folder: Path, press: Press, webhooks: Webhooks) -> None:
    """Kills the embedded installation, and goes on with services that are processes."""
    under_load(run)
    first = run.program.current
    assert isinstance(first, Program)
    first.kill()
    lienthong("export", str(folder / "export"), "--with-keys", "--config", str(first.folder / "config.yaml"))
    press.write_trust(folder / "second" / "trust")
    second = Processes(folder / "second", {"notification": webhooks.settings()}, copies=1)
    run.program.succeed(second)
    lienthong("import", str(folder / "export"), "--config", str(second.make_engines_ready()))
    assert run.program.start()


def move_back(run: Run[Changing], folder: Path, press: Press, webhooks: Webhooks) -> None:
    """Stops the services, and goes on in one process on embedded engines."""
    under_load(run)
    second = run.program.current
    assert isinstance(second, Processes)
    config = str(second.platform.folder / "administrator.yaml")
    refused = lienthong("export", str(folder / "early"), "--config", config, code=NOT_IN_THIS_STATE)
    assert "still at work" in refused
    second.stop()
    lienthong("export", str(folder / "back"), "--with-keys", "--config", config)
    third = embedded(folder / "third", press, webhooks)
    run.program.succeed(third)
    lienthong("import", str(folder / "back"), "--data-dir", str(third.data))
    assert run.program.start()
    run.traffic.grant(2)
    run.traffic.spend(SPEND_SECONDS)
