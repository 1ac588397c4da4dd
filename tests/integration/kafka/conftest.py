"""Brokers for the tests of the event log on Kafka."""

from collections.abc import Iterator

import pytest

from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.dev.kafka import KafkaCluster

from .support import opened, section_of


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
