"""Deliveries that still owe something, counted on every engine at the cost of those alone."""

import itertools

import pytest
from tests.contract.databases import DatabaseEngine
from tests.plans import plans_of

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.rows import Rows
from lienthong.workflow import storage
from lienthong.workflow.domain import DeliveryState
from lienthong.workflow.storage import StoredDelivery

_NAMES = (
    "sender",
    "sender_code",
    "recipient",
    "recipient_code",
    "recipient_name",
    "document_id",
    "code",
    "promulgated",
)


@pytest.fixture
def database(database_engine: DatabaseEngine) -> Database:
    """Workflow's tables, with a delivery of each kind in each state: owing or not, with a main line or without."""
    made = database_engine.open()
    migrations.upgrade(made, "workflow")
    with made.write() as connection:
        rows = Rows(connection)
        for state, owing, own_line in itertools.product(DeliveryState, (True, False), (True, False)):
            add(rows, f"{state}-{owing}-{own_line}", state, owing=owing, own_line=own_line)
        add(rows, "another", DeliveryState.ARRIVED)
        rows.write()
    return made


def add(rows: Rows, name: str, state: DeliveryState, *, owing: bool = True, own_line: bool = True) -> None:
    """Puts a delivery there."""
    nothing = dict.fromkeys(_NAMES, "")
    stands = {"state": state.value, "owing": owing, "own_line": own_line}
    storage.add_delivery(rows, StoredDelivery(name, name, name, **nothing, created_at=0, **stands))  # type: ignore[arg-type] # fields by name


def counted(database: Database, state: str, at_most: int = 10) -> int:
    """The count of a state."""
    with database.read() as connection:
        return storage.count_owing(connection, state, at_most)


@pytest.mark.parametrize("state", DeliveryState)
def test_what_owes_something_is_counted(database: Database, state: DeliveryState) -> None:
    """A delivery counts that owes something and has a main line of its own; others of its state do not."""
    assert counted(database, state) == (2 if state is DeliveryState.ARRIVED else 1)


def test_a_count_has_a_bound(database: Database) -> None:
    """No more are read than are asked for."""
    assert counted(database, DeliveryState.ARRIVED, at_most=1) == 1


def test_what_has_ended_costs_nothing(database: Database) -> None:
    """Only the index of what still owes something is read, and no row of the table: neither grows with what was."""
    found = plans_of(database, lambda: counted(database, DeliveryState.ARRIVED))
    (line,) = [line for line in found.lines if "deliveries" in line]
    assert line.startswith(
        ("SEARCH deliveries USING COVERING INDEX deliveries_owing", "Index Only Scan using deliveries_owing_state")
    )
    assert not found.scans
