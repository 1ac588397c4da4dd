"""For all tests: the program's log goes to standard error, as when it runs, and never into what a test reads."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from lienthong.chassis import logging

if TYPE_CHECKING:
    from lienthong.dev.kafka import KafkaCluster

logging.configure("INFO", "text")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator["KafkaCluster"]:
    """A broker for whoever leaves it as it was; names that begin with a prefix of one's own disturb nobody."""
    from lienthong.dev.kafka import KafkaCluster

    cluster = KafkaCluster(tmp_path_factory.mktemp("kafka"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
