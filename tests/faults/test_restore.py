"""The original is destroyed, and what was backed up takes its place."""

import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.faults.support.backups import back_up, publish_again, restore
from tests.faults.support.changing import Changing
from tests.faults.support.harness import Program
from tests.faults.support.papers import Press
from tests.faults.support.processes import Processes
from tests.faults.support.run import Run, listed, under_traffic
from tests.faults.support.served import Served
from tests.faults.support.traffic import Traffic
from tests.faults.support.webhooks import Webhooks
from tests.waiting import until

from lienthong.testing.sinks import HttpSink

SETTLE_SECONDS = 240.0
PATIENCE_SECONDS = 180.0


@contextmanager
def under_load(first: Served, press: Press, seed: int, webhooks: Webhooks | None) -> Iterator[Run[Changing]]:
    """Starts a platform under traffic, with much on its way."""
    platform = Changing(first)
    begin = contextmanager(under_traffic)
    with begin(platform, lambda: Traffic(platform, press, seed, webhooks=webhooks)) as run:
        ledger = run.traffic.ledger
        run.traffic.grant(4)
        assert until(lambda: len(ledger.submissions) >= 8, PATIENCE_SECONDS), listed(ledger.wrongs)
        yield run


def hold(run: Run[Changing]) -> None:
    """Lets agencies ask nothing more: what they were told until now is what a backup must hold. Services go on."""
    run.program.up.clear()
    parties = run.traffic.parties.values()
    assert until(lambda: all(one.speaker.waiting for one in parties), PATIENCE_SECONDS)


@pytest.mark.servers
@pytest.mark.timeout(900)
def test_services_come_back_from_a_backup(tmp_path: Path, press: Press, seed: int) -> None:
    """Databases, contents and event log are gone: all that was told before the backup is there, and goes on."""
    press.write_trust(tmp_path / "first" / "trust")
    press.write_trust(tmp_path / "second" / "trust")
    first, second = (Processes(tmp_path / name, {}, copies=1) for name in ("first", "second"))
    # Nobody is told by webhook: what services told between the backup and the end, they tell again.
    with under_load(first, press, seed, None) as run:
        hold(run)
        back_up(first, tmp_path / "backup")
        run.program.replace(second)
        first.close()
        shutil.rmtree(tmp_path / "first" / "platform")
        restore(tmp_path / "backup", second)
        assert second.start()
        run.traffic.ledger.published_again = publish_again(second)
        assert run.traffic.ledger.published_again
        run.traffic.grant(2)
        run.traffic.spend(PATIENCE_SECONDS)
        wrongs = run.conclude(SETTLE_SECONDS)
        assert not wrongs, listed(wrongs)


def test_a_folder_comes_back_from_a_backup(tmp_path: Path, press: Press, seed: int) -> None:
    """One process on embedded engines: stopped, copied, destroyed, unpacked; all that was told is there and goes on."""
    with HttpSink() as sink:
        webhooks = Webhooks(sink)
        program = Program(tmp_path / "one", settings={"notification": webhooks.settings()})
        press.write_trust(program.folder / "trust")
        with under_load(program, press, seed, webhooks) as run:
            assert program.stop()[0] == 0
            with tarfile.open(tmp_path / "backup.tgz", "w:gz") as archive:
                archive.add(program.data, "data")
            shutil.rmtree(program.data)
            with tarfile.open(tmp_path / "backup.tgz") as archive:
                archive.extractall(program.folder, filter="data")
            assert program.start()
            run.traffic.grant(2)
            run.traffic.spend(PATIENCE_SECONDS)
            wrongs = run.conclude(SETTLE_SECONDS)
            assert not wrongs, listed(wrongs)
