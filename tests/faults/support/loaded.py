"""A platform with much on its way, and the moment at which its agencies ask nothing more."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.support.changing import Changing
from tests.faults.support.papers import Press
from tests.faults.support.run import Run, listed, under_traffic
from tests.faults.support.served import Served
from tests.faults.support.traffic import Traffic
from tests.faults.support.webhooks import Webhooks
from tests.waiting import until

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
