"""This program on the schema of the one before, on its own and on the next: workflow serves, and counts what it can."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engines import fresh_schemas, open_postgres
from tests.integration.workflow.conftest import World
from tests.upgrade.support.versions import FIRST, become_next, newest

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database, SqliteDatabase
from lienthong.testing import service
from lienthong.testing.service import HCMC, service_bench
from lienthong.workflow.component import build
from lienthong.workflow.config import WorkflowSection
from lienthong.workflow.handlers.owing import INDEXED_SINCE, OwingCount

SERVICE = "workflow"


def on_sqlite(folder: Path) -> tuple[Database, Database]:
    """One file, for who owns the tables and for the service."""
    database = SqliteDatabase(folder / "workflow.db")
    return database, database


def on_postgresql(_folder: Path) -> tuple[Database, Database]:
    """One schema, as its owner opens it and as the service does."""
    section = fresh_schemas(SERVICE)
    return open_postgres(section, SERVICE, owner=True), open_postgres(section, SERVICE)


@pytest.fixture(params=[on_sqlite, pytest.param(on_postgresql, marks=pytest.mark.servers)])
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[World, Database]]:
    """Workflow on the bench, and its database as the owner of the tables opens it."""
    owner, role = request.param(tmp_path)
    migrations.upgrade(owner, SERVICE)
    monkeypatch.setattr(service, "open_database", lambda *_: role)
    monkeypatch.setattr(migrations, "scripts", migrations.scripts)
    yield World(service_bench(tmp_path, SERVICE, build, WorkflowSection())), owner
    owner.close()


def test_workflow_serves_on_each_schema_near_its_own(stage: tuple[World, Database]) -> None:
    """On each it takes events and statuses. It counts where the index is, and says nothing where it is not."""
    world, owner = stage
    count = OwingCount(role := world.bench.context.database)

    def counts() -> dict[str, float]:
        count.count()
        return {state: value for (state,), value in count.samples() if value}

    migrations.downgrade(owner, SERVICE, newest(SERVICE, -1))
    for number, ahead in enumerate((-1, 0, 1), start=1):
        version = newest(SERVICE, ahead)
        assert migrations.problem(role, SERVICE) == ""
        if ahead > 0:
            become_next()
        migrations.upgrade(owner, SERVICE, version)
        world.deliver(f"d{number}", f"doc{number}")
        world.say(HCMC, "03", f"d{number}")
        assert counts() == ({"accepted": float(number)} if version >= INDEXED_SINCE else {})
    migrations.downgrade(owner, SERVICE, FIRST)
    assert counts() == {}
