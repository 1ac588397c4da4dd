"""For all tests: the program's log goes to standard error, never into what a test reads; servers of engines."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from tests.engines import close_databases, postgres_database

from lienthong.chassis import logging
from lienthong.testing import service

if TYPE_CHECKING:
    from lienthong.dev.kafka import KafkaCluster

if TYPE_CHECKING:
    from lienthong.dev.objects import ObjectServer

logging.configure("INFO", "text")

# How long an example takes is the machine's affair; speed is measured in `tests/bench`.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_DATABASES = {"sqlite": service.open_database, "postgresql": postgres_database}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database` names the engine on which single services are tested, `--engines` those of whole platforms."""
    parser.addoption("--database", choices=sorted(_DATABASES), default="sqlite", help="engine of services on the bench")
    parser.addoption("--engines", choices=("embedded", "real"), default="embedded", help="engines of whole platforms")


def pytest_configure(config: pytest.Config) -> None:
    """Benches of services open the engine that was named."""
    service.open_database = _DATABASES[config.getoption("--database")]


@pytest.fixture(autouse=True)
def _close_databases() -> Iterator[None]:
    yield
    service.close_benches()
    close_databases()


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


@pytest.fixture(scope="session")
def object_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["ObjectServer"]:
    """An object store, one for all tests of a process; each takes a place of its own in it."""
    from lienthong.dev.objects import ObjectServer

    server = ObjectServer(tmp_path_factory.mktemp("objects"), tied=True)
    try:
        server.start()
        yield server
    finally:
        server.kill()
