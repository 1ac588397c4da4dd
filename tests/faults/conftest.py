"""What the fault tests share."""

import os
import random

import pytest
from tests.faults.support.papers import Press


@pytest.fixture(scope="session")
def press() -> Press:
    """Makes signed documents; its keys take a second."""
    return Press()


@pytest.fixture
def seed(capsys: pytest.CaptureFixture[str]) -> int:
    """Gives the seed of a run and prints it; `LIENTHONG_FAULT_SEED` chooses it."""
    chosen = int(os.environ.get("LIENTHONG_FAULT_SEED") or random.SystemRandom().randrange(1_000_000))
    with capsys.disabled():
        print(f"\nLIENTHONG_FAULT_SEED={chosen}")  # noqa: T201 -- whoever reads a failure needs it
    return chosen
