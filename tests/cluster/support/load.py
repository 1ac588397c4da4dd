"""Load while something is done to the platform, and what must hold of the calls meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.support.served import Deployed
from tests.faults.support.run import Run, listed
from tests.waiting import until

LOAD_SECONDS = 120.0


@contextmanager
def under_load(run: Run[Deployed], what: str) -> Iterator[None]:
    """Holds that agencies are served while something is done, and prints how many of their calls failed."""
    ledger = run.traffic.ledger
    answered, failed = ledger.answered, len(ledger.unanswered)
    run.traffic.grant(4)
    yield
    run.traffic.grant(1)
    assert until(lambda: ledger.answered > answered, LOAD_SECONDS), f"nobody was served: {run.program.tail()}"
    print(f"{what}: {ledger.answered - answered} calls answered, {len(ledger.unanswered) - failed} failed")  # noqa: T201 -- figures


@contextmanager
def no_call_fails(run: Run[Deployed], what: str) -> Iterator[None]:
    """Holds that agencies are served while something is done, and that none of their calls fails."""
    failed = len(run.traffic.ledger.unanswered)
    with under_load(run, what):
        yield
    assert not run.traffic.ledger.unanswered[failed:], listed(run.traffic.ledger.unanswered[failed:])
