"""Engines under contract. Each suite runs against every engine that is listed here."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from tests.stores import section

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.engines.database import Database, SqliteDatabase
from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.engines.eventlog import EventLog, Topic
from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.engines.sqlite_log import SqliteEventLog
from lienthong.chassis.ids import Uuid7Source
from lienthong.testing.clock import FakeClock

TOPICS = (
    Topic("documents", partitions=4, retention_seconds=3600),
    Topic("directory", partitions=1, retention_seconds=0, compacted=True),
)

OpenLog = Callable[[], EventLog]


def _sqlite_log(folder: Path, clock: FakeClock, stack: ExitStack) -> OpenLog:
    def reopen() -> EventLog:
        log = SqliteEventLog(folder, TOPICS, clock)
        stack.callback(log.close)
        return log

    return reopen


LOGS = {"sqlite": _sqlite_log}
DATABASES: dict[str, Callable[[Path], Database]] = {"sqlite": lambda folder: SqliteDatabase(folder / "service.db")}


def _objects(request: pytest.FixtureRequest, _folder: Path) -> BlobStore:
    server = request.getfixturevalue("object_server")
    return ObjectBlobs(section(server, uuid4().hex), Uuid7Source())


BLOBS: dict[str, Callable[[pytest.FixtureRequest, Path], BlobStore]] = {
    "directory": lambda _request, folder: DirectoryBlobs(folder / "blobs", Uuid7Source()),
    "objects": _objects,
}


@pytest.fixture
def clock() -> FakeClock:
    """The clock that stamps records."""
    return FakeClock()


@pytest.fixture(params=LOGS)
def open_log(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[OpenLog]:
    """Opens the log; again, after it was closed, what it kept."""
    with ExitStack() as stack:
        yield LOGS[request.param](tmp_path, clock, stack)


@pytest.fixture
def log(open_log: OpenLog) -> EventLog:
    """An empty event log."""
    return open_log()


@pytest.fixture(params=DATABASES)
def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Opens the database; each call is another process as far as the engine can tell."""
    with ExitStack() as stack:

        def reopen() -> Database:
            database = DATABASES[request.param](tmp_path)
            stack.callback(database.close)
            return database

        yield reopen


@pytest.fixture(params=BLOBS)
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """An empty blob store."""
    return BLOBS[request.param](request, tmp_path)
