"""Brokers for the tests of the event log on Kafka."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.dev.kafka import KafkaCluster

from .support import opened, section_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lets the library drop sockets: it does so with every connection that is refused."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <(ssl|socket):ResourceWarning"))


@pytest.fixture(autouse=True)
def _dropped_sockets() -> Iterator[None]:
    """Clears them away, lest another test be blamed."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def section(kafka: KafkaCluster) -> KafkaSection:
    """Settings of a log of one's own, on the broker that all share."""
    return section_of(kafka)


@pytest.fixture
def log(section: KafkaSection) -> Iterator[KafkaEventLog]:
    """An empty log."""
    with opened(section) as one:
        yield one


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """A broker that a test may kill and halt."""
    cluster = KafkaCluster(tmp_path_factory.mktemp("own"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()


@pytest.fixture
def broker(own: KafkaCluster) -> KafkaCluster:
    """The same, up and going."""
    own.resume()
    own.start()
    return own
