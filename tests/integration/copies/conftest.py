"""Two copies of a service on one database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engines import fresh_schemas, open_postgres
from tests.unit.chassis.stage import Stage

from lienthong.chassis.engines.postgres.settings import PostgresSection

SECONDS = 20.0
"""Patience with what must come true."""


@pytest.fixture
def section() -> PostgresSection:
    """Where both find their schema."""
    return fresh_schemas("service")


@pytest.fixture
def copies(section: PostgresSection, tmp_path: Path) -> Iterator[tuple[Stage, Stage]]:
    """The copies; each has an event log of its own, so that a test sees which of them published."""
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        made.append(Stage(folder, shared=open_postgres(section, "service", owner=True)))
    yield made[0], made[1]
    for stage in made:
        stage.close()
