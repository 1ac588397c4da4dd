"""A PostgreSQL server that a test may break, with the schemas of two services."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lienthong.chassis import migrations
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.dev.postgres import PostgresServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    """A server of its own, running."""
    made = PostgresServer(tmp_path / "postgres", tied=True)
    made.start()
    yield made
    made.resume()
    made.kill()


@pytest.fixture
def section(server: PostgresServer) -> PostgresSection:
    """How services reach it: impatiently."""
    server.provision(["intake", "routing"])
    hurried = {"connect_seconds": 2, "statement_seconds": 1.0, "lock_seconds": 0.5, "connections": 4}
    return PostgresSection.model_validate({**server.settings(), **hurried})


@pytest.fixture
def intake(section: PostgresSection) -> Iterator[PostgresDatabase]:
    """The database of intake with its tables, opened as intake does."""
    with ExitStack() as stack:
        for service in ("intake", "routing"):
            owner = PostgresDatabase(section, service, owner=True)
            migrations.upgrade(owner, service)
            owner.close()
        database = PostgresDatabase(section, "intake")
        stack.callback(database.close)
        yield database
