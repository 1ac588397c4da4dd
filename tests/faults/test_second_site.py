"""A site is lost, and another one that followed it takes its place, in the order of the page on the worst day."""

import shutil
import time
from itertools import pairwise
from pathlib import Path

import pytest
from tests.faults.support import standby
from tests.faults.support.backups import copy_contents, publish_again
from tests.faults.support.loaded import PATIENCE_SECONDS, SETTLE_SECONDS, hold, under_load
from tests.faults.support.papers import Press
from tests.faults.support.processes import Processes
from tests.faults.support.run import listed


@pytest.mark.servers
@pytest.mark.timeout(900)
def test_another_site_takes_over(tmp_path: Path, press: Press, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of the first site is left: what had come over is there, goes on, and takes new documents.

    The other one had a database that followed, a copy of the contents, the keys, and an event log of its own that knew
    nothing.
    """
    press.write_trust(tmp_path / "first" / "trust")
    press.write_trust(tmp_path / "second" / "trust")
    first, second = (Processes(tmp_path / name, {}, copies=1) for name in ("first", "second"))
    with under_load(first, press, seed, None) as run:
        standby.copy(first.postgres, second.platform.folder / "engines" / "postgres")
        second.engine("postgres").start()
        second.engine("objects").start()
        second.engine("objects").provision(())
        hold(run)
        standby.await_follower(first.postgres)
        contents = copy_contents(first, second)
        shutil.copytree(first.platform.folder / "keys", second.platform.folder / "keys")
        run.program.replace(second)
        first.close()
        shutil.rmtree(tmp_path / "first" / "platform")
        times = [time.monotonic()]
        standby.promote(second.postgres)
        second.make_engines_ready()
        times.append(time.monotonic())
        assert second.start()
        times.append(time.monotonic())
        run.traffic.ledger.published_again = publish_again(second)
        times.append(time.monotonic())
        assert run.traffic.ledger.published_again
        run.traffic.grant(2)
        run.traffic.spend(PATIENCE_SECONDS)
        wrongs = run.conclude(SETTLE_SECONDS)
        assert not wrongs, listed(wrongs)
        spent = [after - before for before, after in pairwise(times)]
        with capsys.disabled():
            told = "promoted, event log made, rights given {:.0f} s; services ready {:.0f} s; published again {:.0f} s"
            print(f"{told.format(*spent)}; {contents} contents, {run.figures(wrongs)}")  # noqa: T201 -- figures
