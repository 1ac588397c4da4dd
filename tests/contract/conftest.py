"""Engines under contract. Each suite runs against every engine that is listed here."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from tests.contract.databases import DATABASES, DatabaseEngine
from tests.stores import section

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.engines.eventlog import EventLog
from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.ids import Uuid7Source

from .logs import EmbeddedLog, LogUnderTest

OpenLog = Callable[[], EventLog]
SERVERS = {"kafka", "kafka-classic", "postgresql", "objects"}
"""Engines that are programs of their own."""


def _objects(request: pytest.FixtureRequest, _folder: Path) -> BlobStore:
    server = request.getfixturevalue("object_server")
    return ObjectBlobs(section(server, uuid4().hex), Uuid7Source())


BLOBS: dict[str, Callable[[pytest.FixtureRequest, Path], BlobStore]] = {
    "directory": lambda _request, folder: DirectoryBlobs(folder / "blobs", Uuid7Source()),
    "objects": _objects,
}


def engines(names: Iterable[str]) -> list[object]:
    """Parameters of a suite, a mark on those that start a server."""
    return [pytest.param(name, marks=[pytest.mark.servers] if name in SERVERS else []) for name in names]


@pytest.fixture(params=engines(["sqlite", "kafka", "kafka-classic"]))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogUnderTest]:
    """An engine of the event log, and what only a test does to it."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield EmbeddedLog(stack, tmp_path)
        else:
            from .kafka_log import KafkaLog

            protocol = "classic" if request.param == "kafka-classic" else "consumer"
            yield KafkaLog(stack, request.getfixturevalue("kafka"), protocol)


@pytest.fixture
def open_log(engine: LogUnderTest) -> OpenLog:
    """Opens the log; again, after it was closed, what it kept."""
    return engine.open


@pytest.fixture
def log(open_log: OpenLog) -> EventLog:
    """An empty event log."""
    return open_log()


@pytest.fixture(params=engines(DATABASES))
def database_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseEngine]:
    """An engine with one empty database."""
    engine = DATABASES[request.param](tmp_path)
    yield engine
    engine.close()


@pytest.fixture(params=engines(BLOBS))
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """An empty blob store."""
    return BLOBS[request.param](request, tmp_path)
