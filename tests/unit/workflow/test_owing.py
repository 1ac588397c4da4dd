"""What the gauge of deliveries says when a count fails, and where a count stops."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.test_owing import add

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import SqliteDatabase
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.errors import AxisError, Code
from lienthong.workflow.domain import DeliveryState
from lienthong.workflow.handlers import owing

NOTHING = {"sent": 0.0, "arrived": 0.0, "accepted": 0.0, "assigned": 0.0, "processing": 0.0}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """Workflow's tables with three deliveries that were accepted."""
    made = SqliteDatabase(tmp_path / "workflow.db")
    migrations.upgrade(made, "workflow")
    with made.write() as connection:
        rows = Rows(connection)
        for number in range(3):
            add(rows, str(number), DeliveryState.ACCEPTED)
        rows.write()
    yield made
    made.close()


def said(count: owing.OwingCount) -> dict[str, float]:
    """What it says, by state."""
    return {state: value for (state,), value in count.samples()}


def test_every_state_that_owes_something_is_told(database: SqliteDatabase) -> None:
    """A state in which nothing stands says 0; what is not counted yet says nothing; there is never more to do."""
    count = owing.OwingCount(database)
    assert said(count) == {}
    assert count.count() is False
    assert said(count) == NOTHING | {"accepted": 3.0}


def test_a_count_stops_at_its_bound(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many stand in a state, so many are read and told."""
    monkeypatch.setattr(owing, "COUNTED_AT_MOST", 2)
    count = owing.OwingCount(database)
    count.count()
    assert said(count)["accepted"] == 2.0


def test_an_old_count_is_not_told(database: SqliteDatabase) -> None:
    """While the database is away nothing is told, rather than what was true once; then counts go on."""
    count = owing.OwingCount(database)
    count.count()
    database.close()
    away = database.path.rename(database.path.with_suffix(".away"))
    database.path.mkdir()
    with pytest.raises(AxisError) as caught:
        count.count()
    assert caught.value.code is Code.UNAVAILABLE
    assert said(count) == {}
    database.path.rmdir()
    away.rename(database.path)
    count.count()
    assert said(count)["accepted"] == 3.0
