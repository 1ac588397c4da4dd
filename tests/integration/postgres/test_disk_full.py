"""The disk of the database is full: writing is refused, reading goes on, all goes on by itself once there is room."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from shutil import copytree

import pytest
from sqlalchemy import text
from tests.integration.postgres.test_outages import add, added, counted
from tests.small_disk import SmallDisk, small_disk
from tests.waiting import eventually

from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.chassis.errors import AxisError, Code
from lienthong.dev import postgres
from lienthong.dev.postgres import PostgresServer

DISK_BYTES = 160 * 1024 * 1024
PIECE = "x" * 100_000


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
    """A small disk on which PostgreSQL keeps its data."""
    plain, data = postgres.unprivileged, tmp_path / "postgres" / "data"
    # A first start makes the data elsewhere and renames them, which takes away a disk that stands at their place.
    first = PostgresServer(data.parent, tied=True)
    first.start()
    first.stop()
    with small_disk(data, DISK_BYTES) as made:
        copytree(data, made.seen, dirs_exist_ok=True)

        def within(arguments: Sequence[str]) -> list[str]:
            return [*made.inside, *plain(arguments)]

        monkeypatch.setattr(postgres, "unprivileged", within)
        yield made


@pytest.fixture
def server(tmp_path: Path, disk: SmallDisk) -> Iterator[PostgresServer]:
    """The server on it."""
    assert disk.seen.is_dir()
    made = PostgresServer(tmp_path / "postgres", tied=True)
    made.start()
    yield made
    made.kill()


def write_on(database: PostgresDatabase) -> None:
    """Writes more than can be room for."""
    for _ in range(DISK_BYTES // len(PIECE)):
        with database.write() as connection:
            connection.execute(text("INSERT INTO papers VALUES (:piece)"), {"piece": PIECE})


def test_a_full_disk(section: PostgresSection, intake: PostgresDatabase, disk: SmallDisk) -> None:
    """Callers are told so and lose nothing that was committed; no hand is needed once there is room."""
    with closing(PostgresDatabase(section, "intake", owner=True)) as owner, owner.write() as connection:
        connection.execute(text("CREATE TABLE papers (content text)"))
        connection.execute(text("ALTER TABLE papers ALTER content SET STORAGE EXTERNAL"))
        connection.execute(text("GRANT INSERT ON papers TO lienthong_intake"))
    add(intake)
    ballast = disk.fill()
    with pytest.raises(AxisError) as full:
        write_on(intake)
    assert (full.value.code, full.value.reason) == (Code.RESOURCE_EXHAUSTED, "STORAGE_FULL")
    assert counted(intake) == 1
    ballast.unlink()
    eventually(lambda: added(intake))
    assert counted(intake) == 2
