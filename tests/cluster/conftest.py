"""One cluster for all tests: brought up from nothing, taken down at the end, whatever happens between."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.support.served import Deployed
from tests.faults.support.papers import Press
from tests.faults.support.plan import Plan
from tests.faults.support.run import Run, under_traffic
from tests.faults.support.traffic import Traffic
from tools.cluster import cluster, node, platform
from tools.image.build import build

VALUES: dict[str, Any] = {
    "config": {
        "log": {"level": "WARNING"},
        "signing": {"lease_seconds": 2.0},
        "routing": {"held_seconds": 4.0, "lease_seconds_at_least": 0.05, "lease_attempts": 50},
    }
}
"""Settings under which what the traffic does comes to its end within the tests."""

CODES = {"haiphong": "000.00.00.H24", "danang": "000.00.00.H17", "cantho": "000.00.00.H13"}
"""Agencies that have no part in the story, which is played afterwards."""

ORDER = (
    "test_nodes",
    "test_certificates",
    "test_policies",
    "test_autoscaling",
    "test_restore",
    "test_cluster",
)
"""Modules in the order in which they use the one cluster: the last lets the traffic end, checks it, kills the node."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Brings the tests into their order, behind those of other folders."""
    here = Path(__file__).parent
    items.sort(key=lambda item: ORDER.index(item.path.stem) if item.path.parent == here else -1)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The platform on a cluster of its own, from nothing."""
    begun = time.monotonic()

    def tell(step: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {step}", flush=True)  # noqa: T201 -- figures of the run

    try:
        image = build(tmp_path_factory.mktemp("image"))
        cluster.up(tell)
        platform.install(image, tell, VALUES)
        yield Deployed()
    finally:
        node.stop()


@pytest.fixture(scope="session")
def run(deployed: Deployed) -> Iterator[Run[Deployed]]:
    """The platform under traffic, whose signatures are trusted."""
    press, seed = Press(), random.SystemRandom().randrange(1_000_000)
    print(f"seed of the traffic: {seed}")  # noqa: T201 -- whoever reads a failure needs it
    press.write_trust(platform.TRUST)
    yield from under_traffic(deployed, lambda: Traffic(deployed, press, seed, len(CODES), Plan(codes=CODES)))
