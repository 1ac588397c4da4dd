"""The disk of the database is full: writing is refused, reading goes on, all goes on by itself once there is room."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.integration.postgres.test_outages import add, added, counted
from tests.waiting import eventually

from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.chassis.errors import AxisError, Code
from lienthong.dev import postgres
from lienthong.dev.postgres import PostgresServer

DISK_BYTES = 160 * 1024 * 1024
PIECE = "x" * 100_000
_MOUNTED = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo mounted && exec sleep infinity'


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small disk on which PostgreSQL keeps its data; only its processes, and whoever looks through them, see it."""
    place = tmp_path / "postgres" / "data"
    place.mkdir(parents=True)
    command = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        _MOUNTED,
        "sh",
        str(DISK_BYTES),
        str(place),
    ]
    plain = postgres.unprivileged
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:  # noqa: S603 -- our own command line
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"mounted\n"
        inside = ["nsenter", f"--target={holder.pid}", "--user", "--mount", "--preserve-credentials"]

        def within(arguments: Sequence[str]) -> list[str]:
            return [*inside, *plain(arguments)]

        monkeypatch.setattr(postgres, "unprivileged", within)
        try:
            yield Path(f"/proc/{holder.pid}/root{place}")
        finally:
            holder.kill()


@pytest.fixture
def server(tmp_path: Path, disk: Path) -> Iterator[PostgresServer]:
    """The server on it."""
    assert disk.is_dir()
    made = PostgresServer(tmp_path / "postgres", tied=True)
    made.start()
    yield made
    made.kill()


def fill(disk: Path) -> Path:
    """Takes all the room that is left; gives the file that takes it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        for size in (65_536, 4096):
            try:
                while stream.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return ballast


def write_on(database: PostgresDatabase) -> None:
    """Writes more than can be room for."""
    for _ in range(DISK_BYTES // len(PIECE)):
        with database.write() as connection:
            connection.execute(text("INSERT INTO papers VALUES (:piece)"), {"piece": PIECE})


def test_a_full_disk(section: PostgresSection, intake: PostgresDatabase, disk: Path) -> None:
    """Callers are told so and lose nothing that was committed; no hand is needed once there is room."""
    with closing(PostgresDatabase(section, "intake", owner=True)) as owner, owner.write() as connection:
        connection.execute(text("CREATE TABLE papers (content text STORAGE EXTERNAL)"))
        connection.execute(text("GRANT INSERT ON papers TO lienthong_intake"))
    add(intake)
    ballast = fill(disk)
    with pytest.raises(AxisError) as full:
        write_on(intake)
    assert (full.value.code, full.value.reason) == (Code.RESOURCE_EXHAUSTED, "STORAGE_FULL")
    assert counted(intake) == 1
    ballast.unlink()
    eventually(lambda: added(intake))
    assert counted(intake) == 2
