"""Versions of a schema, on both engines of the database."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests.engines import fresh_schemas, open_postgres
from tests.upgrade.support.versions import FIRST, LARGEST

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database, SqliteDatabase
from lienthong.chassis.events.tables import metadata as chassis

SERVICES = sorted(LARGEST)


def on_sqlite(folder: Path, _service: str) -> Database:
    """An empty file."""
    return SqliteDatabase(folder / "service.db")


def on_postgresql(_folder: Path, service: str) -> Database:
    """An empty schema, as its owner opens it."""
    return open_postgres(fresh_schemas(service), service, owner=True)


ENGINES = [on_sqlite, pytest.param(on_postgresql, marks=pytest.mark.servers)]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("engine", ENGINES)
def test_versions_make_the_tables_that_the_code_uses(
    engine: Callable[[Path, str], Database], service: str, tmp_path: Path
) -> None:
    """Whoever changes a table writes a version of the schema that changes it too."""
    database = engine(tmp_path, service)
    migrations.upgrade(database, service)
    tables = import_module(f"lienthong.{service}.storage.tables").metadata
    with database.read() as connection:
        compared = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(compared, [tables, chassis]) == []  # type: ignore[arg-type] # several are taken
    database.close()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.usefixtures("next_program")
def test_versions_go_up_and_down_and_up(engine: Callable[[Path, str], Database], service: str, tmp_path: Path) -> None:
    """Every version can be taken back and made again."""
    database = engine(tmp_path, service)
    migrations.upgrade(database, service)
    migrations.downgrade(database, service, FIRST)
    assert migrations.standing(database, service).current == FIRST
    migrations.upgrade(database, service)
    assert migrations.standing(database, service).ahead == 0
    database.close()


@pytest.mark.parametrize("service", SERVICES)
def test_versions_are_numbered_one_by_one(service: str) -> None:
    """Code tells how far apart it and a schema are by their numbers; every version but the first can be taken back."""
    scripts = [*migrations.scripts(service).walk_revisions()]
    numbers = [one.revision for one in reversed(scripts)]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    assert all(hasattr(one.module, "downgrade") for one in scripts if one.down_revision)
