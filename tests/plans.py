"""How the database looks up what a call asks: growth must not slow it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from lienthong.chassis.engines.database import SqliteDatabase


def plans_of(database: Any, action: Callable[[], object]) -> list[str]:
    """Gives the lines of the query plans of all statements that look something up during `action`."""
    assert isinstance(database, SqliteDatabase)
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    for engine in (database._readers, database._writer):
        event.listen(engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        for engine in (database._readers, database._writer):
            event.remove(engine, "before_cursor_execute", note)
    with database.read() as connection:
        return [
            str(row[3])
            for statement, parameters in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def scanned(plans: list[str]) -> list[str]:
    """Gives the lines that read a whole table, or sort more than a page."""
    bounded = ("SCAN CONSTANT", "SCAN anon", "SCAN (subquery")  # what a bounded part of the same statement gave
    sorts = [line for line in plans if line == "USE TEMP B-TREE FOR ORDER BY"]
    return [line for line in plans if line.startswith("SCAN ") and not line.startswith(bounded)] + sorts
