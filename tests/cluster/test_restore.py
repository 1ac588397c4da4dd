"""The worst day: all that the engines kept is gone, and the release comes back from its backup."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cluster.support.backups import back_up, destroy, publish_again, restore, start_services
from tests.cluster.support.served import Deployed
from tests.faults.support.run import Run
from tests.waiting import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

PATIENCE_SECONDS = 180.0


def test_a_release_comes_back_from_a_backup(run: Run[Deployed], tmp_path: Path) -> None:
    """Databases, contents, events and keys are destroyed; agencies go on with what they were told before the backup.

    Whether all of that is there, once, is looked at when the traffic ends. The backup is taken while services work.
    """
    ledger = run.traffic.ledger
    handed_in = len(ledger.submissions)
    run.traffic.grant(4)
    assert until(lambda: len(ledger.submissions) >= handed_in + 4, PATIENCE_SECONDS), run.program.tail()
    run.program.up.clear()
    parties = run.traffic.parties.values()
    assert until(lambda: all(one.speaker.waiting for one in parties), PATIENCE_SECONDS)
    with timed("backed up"):
        back_up(tmp_path / "backup")
    run.program.stop()
    with timed("destroyed"):
        destroy()
    begun = time.monotonic()
    with timed("engines filled"):
        restore(tmp_path / "backup")
    with timed("services serve"):
        start_services()
    with timed("published again"), run.program.speak("operator") as operator:
        events = ledger.published_again = publish_again(operator)
    assert events
    print(f"restored: {events} events, {time.monotonic() - begun:.0f} s in all")  # noqa: T201 -- figures
    answered = ledger.answered
    run.program.start()
    run.traffic.grant(2)
    run.traffic.spend(PATIENCE_SECONDS)
    assert ledger.answered > answered


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Prints how long something took."""
    begun = time.monotonic()
    yield
    print(f"restore, {what}: {time.monotonic() - begun:.1f} s")  # noqa: T201 -- figures
