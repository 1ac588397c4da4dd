"""What it costs to count deliveries by state, and to bring the index for it to a table in use. On both databases."""

import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import update
from tests.bench.lists import stored_delivery
from tests.bench.parts import Row
from tests.engines import close_databases, fresh_schemas, open_postgres
from tests.upgrade.support.crowd import PATIENCE, Crowd
from tests.upgrade.support.versions import FIRST

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database, SqliteDatabase
from lienthong.chassis.engines.rows import Rows
from lienthong.workflow import storage
from lienthong.workflow.domain import DeliveryState
from lienthong.workflow.handlers.owing import COUNTED_AT_MOST, STATES
from lienthong.workflow.storage import StoredDelivery
from lienthong.workflow.storage.tables import deliveries

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
OPEN_OF = 20
"""One delivery of so many still owes something."""
AT_ONCE = 2_000
COUNTS = 20
SERVICE = "workflow"
STATEMENT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Opened:
    """Workflow's database.

    Attributes:
        owner: As who owns the tables opens it.
        role: As the service does.
        crowded: Whether others work while its schema changes.
    """

    owner: Database
    role: Database
    crowded: bool


def owing(folder: Path) -> list[Row]:
    """Measures both databases."""
    rows = [row for name, opened in ENGINES.items() for row in _measured(name, opened(folder))]
    close_databases()
    return rows


def _on_sqlite(folder: Path) -> Opened:
    database = SqliteDatabase(folder / "workflow.db")
    return Opened(database, database, crowded=False)


def _on_postgresql(_folder: Path) -> Opened:
    section = fresh_schemas(SERVICE).model_copy(update={"statement_seconds": STATEMENT_SECONDS})
    return Opened(open_postgres(section, SERVICE, owner=True), open_postgres(section, SERVICE), crowded=True)


ENGINES: dict[str, Callable[[Path], Opened]] = {"SQLite": _on_sqlite, "PostgreSQL": _on_postgresql}


def _measured(name: str, opened: Opened) -> list[Row]:
    migrations.upgrade(opened.owner, SERVICE, FIRST)
    for place in range(0, ROWS, AT_ONCE):
        _fill(opened.role, range(place, min(ROWS, place + AT_ONCE)))
    without = _count(opened.role)
    crowd = Crowd(opened.role, "deliveries")
    begun = time.perf_counter()
    with crowd.at_work() if opened.crowded else nullcontext():
        migrations.upgrade(opened.owner, SERVICE)
        took = time.perf_counter() - begun
    few = _count(opened.role)
    with opened.owner.write() as connection:
        connection.execute(update(deliveries).values(owing=True, state=DeliveryState.ACCEPTED))
    many = _count(opened.role)
    beside = f"; {crowd.done:,} transactions beside it, {len(crowd.failures)} waited {PATIENCE} for a lock"
    of_all = f"wall, median of {COUNTS}; {ROWS:,} deliveries, of which {ROWS // OPEN_OF:,} owe something"
    return [
        (f"owing, {name}: count", f"{few * 1000:,.1f} ms", of_all),
        (f"owing, {name}: count, all owe something", f"{many * 1000:,.1f} ms", "the same, just after all changed"),
        (f"owing, {name}: count without the index", f"{without * 1000:,.0f} ms", of_all),
        (f"owing, {name}: index", f"{took:.1f} s", f"{ROWS:,} deliveries{beside if opened.crowded else ''}"),
    ]


def _fill(database: Database, numbers: range) -> None:
    with database.write() as connection:
        rows = Rows(connection)
        for number in numbers:
            storage.add_delivery(rows, _delivery(number))
        rows.write()


def _delivery(number: int) -> StoredDelivery:
    is_open = number % OPEN_OF == 0
    state = STATES[number // OPEN_OF % len(STATES)] if is_open else DeliveryState.DONE
    row = stored_delivery(f"r{number:06}", number, number, state)
    row.owing = is_open
    return row


def _count(database: Database) -> float:
    def timed() -> float:
        begun = time.perf_counter()
        with database.read() as connection:
            for state in STATES:
                storage.count_owing(connection, state, COUNTED_AT_MOST)
        return time.perf_counter() - begun

    return median(timed() for _ in range(COUNTS))
