"""Embedded engines whose files are none any more."""

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.small_disk import small_disk

from lienthong.chassis import migrations
from lienthong.chassis.clock import SystemClock
from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.database import SqliteDatabase
from lienthong.chassis.ids import Uuid7Source
from lienthong.engines import Engines
from lienthong.settings import Settings

ROOT = Path(__file__).parents[3]
START = "import sys, pathlib, tests.unit.chassis.test_damaged as it; it.opened(pathlib.Path(sys.argv[1]))"


def opened(folder: Path) -> None:
    """Opens the event log and one database, as a start does."""
    with closing(Engines(Settings(data_dir=folder), SystemClock(), Uuid7Source())) as engines:
        engines.database("intake")


@pytest.mark.parametrize("file", ["databases/intake.db", "log/records.db", "log/offsets.db"])
def test_a_file_that_is_no_database(tmp_path: Path, file: str) -> None:
    """The start names the file or its folder, and what to do."""
    opened(tmp_path)
    (tmp_path / file).write_bytes(b"no database" * 1000)
    with pytest.raises(ConfigError, match=rf"{Path(file).parts[0]}.*cannot be opened.*restore the data folder"):
        opened(tmp_path)


def test_a_database_that_cannot_be_opened(tmp_path: Path) -> None:
    """A folder that this user may not write in, or that is mounted to be read only, is named by the start."""
    (tmp_path / "databases" / "intake.db").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"intake\.db: cannot be opened: unable to open .*; make room, mend the disk"):
        opened(tmp_path)


def test_a_disk_without_room(tmp_path: Path) -> None:
    """Nobody is told to bring a backup back when only room is missing."""
    with small_disk(tmp_path / "log", 65_536) as disk:
        disk.fill()
        command = [*disk.inside, sys.executable, "-c", START, str(tmp_path)]
        paths = os.environ | {"PYTHONPATH": f"{ROOT / 'services'}:{ROOT}"}
        started = subprocess.run(command, env=paths, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 -- ours
    assert re.search(r"/log: cannot be opened: .*; make room", started.stderr)


def test_no_step_leads_back_to_nothing(tmp_path: Path) -> None:
    """The first version has no way back: it is refused with a word that helps."""
    opened(tmp_path)
    database = SqliteDatabase(tmp_path / "databases" / "intake.db")
    with pytest.raises(ConfigError, match="no step leads back to nothing"):
        migrations.downgrade(database, "intake", "base")
    with pytest.raises(ConfigError, match=r"the schema of intake: .*'0099'; versions are 0001 to 0001"):
        migrations.downgrade(database, "intake", "0099")
    database.close()


def test_a_version_that_is_no_number(tmp_path: Path) -> None:
    """A schema that somebody else's tool has versioned is not touched."""
    opened(tmp_path)
    database = SqliteDatabase(tmp_path / "databases" / "intake.db")
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'main'"))
    database.close()
    with pytest.raises(ConfigError, match="the schema of intake stands at 'main': versions are numbers"):
        opened(tmp_path)
