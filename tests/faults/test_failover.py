"""The database server is lost, and the one that followed it takes its place."""

from pathlib import Path

import pytest
from tests.faults.support.papers import Press
from tests.faults.support.run import listed, running_processes
from tests.faults.support.standby import follow, take_over
from tests.waiting import until

SETTLE_SECONDS = 240.0
LOAD_SECONDS = 120.0


@pytest.mark.servers
@pytest.mark.timeout(600)
def test_a_standby_takes_over(tmp_path: Path, press: Press, seed: int) -> None:
    """Under load the server dies and its standby serves: what was acknowledged is there, once, and all goes on."""
    with running_processes(tmp_path, press, seed, count=3) as run:
        ledger, engine = run.traffic.ledger, run.program.engine("postgres")
        second = follow(run.program.postgres, tmp_path / "second")
        try:
            run.traffic.grant(4)
            assert until(lambda: len(ledger.submissions) >= 6, LOAD_SECONDS), listed(ledger.wrongs)
            take_over(engine, second)
            before = len(ledger.submissions)
            run.traffic.grant(4)
            assert until(lambda: len(ledger.submissions) >= before + 6, LOAD_SECONDS), listed(ledger.wrongs)
            wrongs = run.conclude(SETTLE_SECONDS)
            assert not wrongs, listed(wrongs)
        finally:
            second.kill()
