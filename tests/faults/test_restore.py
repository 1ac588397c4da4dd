"""The original is destroyed, and what was backed up takes its place."""

import shutil
import tarfile
from pathlib import Path

import pytest
from tests.faults.support.backups import back_up, publish_again, restore
from tests.faults.support.harness import Program
from tests.faults.support.loaded import PATIENCE_SECONDS, SETTLE_SECONDS, hold, under_load
from tests.faults.support.papers import Press
from tests.faults.support.processes import Processes
from tests.faults.support.run import listed
from tests.faults.support.webhooks import Webhooks

from lienthong.testing.sinks import HttpSink


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
