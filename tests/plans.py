"""How the database looks up what a call asks: growth must not slow it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from lienthong.chassis.engines.database import SqliteDatabase
from lienthong.chassis.engines.postgres.database import PostgresDatabase

# A small table is read whole whatever index there is; these leave only what cannot be done otherwise.
_AS_IF_LARGE = [f"SET LOCAL enable_{way} = off" for way in ("seqscan", "sort", "bitmapscan")]


def plans_of(database: Any, action: Callable[[], object]) -> list[str]:
    """Gives the lines of the query plans of all statements that look something up during `action`."""
    asked: list[tuple[str, Any]] = []
    engines = _engines(database)

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    small = isinstance(database, SqliteDatabase)
    with database.read() as connection:
        for setting in [] if small else _AS_IF_LARGE:
            connection.exec_driver_sql(setting)
        explain = "EXPLAIN QUERY PLAN" if small else "EXPLAIN"
        return [
            str(row[-1]).strip()
            for statement, parameters in asked
            for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)
        ]


def scanned(plans: list[str]) -> list[str]:
    """Gives the lines that read a whole table, or sort more than a page."""
    bounded = ("SCAN CONSTANT", "SCAN anon", "SCAN (subquery")  # what a bounded part of the same statement gave
    whole = ("SCAN ", "Seq Scan", "->  Seq Scan", "Sort", "->  Sort")
    sorts = [line for line in plans if line == "USE TEMP B-TREE FOR ORDER BY"]
    return [line for line in plans if line.startswith(whole) and not line.startswith((*bounded, "Sort Key"))] + sorts


def _engines(database: Any) -> list[Any]:
    assert isinstance(database, SqliteDatabase | PostgresDatabase)
    if isinstance(database, SqliteDatabase):
        return [database._readers, database._writer]
    return [database._readers, database._writers]
