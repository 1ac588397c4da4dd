"""How the database looks up what a call asks: growth must not slow it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from lienthong.chassis.engines.database import SqliteDatabase
from lienthong.chassis.engines.postgres.database import PostgresDatabase

# A small table is read whole whatever index there is; these leave only what cannot be done otherwise.
_AS_IF_LARGE = [f"SET LOCAL enable_{way} = off" for way in ("seqscan", "sort", "bitmapscan")]


@dataclass(frozen=True, slots=True)
class Plans:
    """How statements were planned.

    Attributes:
        lines: Every line of the plans.
        scans: Those that read a whole table.
        sorts: Those that sort for the order of an answer, instead of following an index.
    """

    lines: list[str]
    scans: list[str]
    sorts: list[str]


def plans_of(database: Any, action: Callable[[], object]) -> Plans:
    """Gives the query plans of all statements that look something up during `action`."""
    asked: list[tuple[str, Any]] = []
    engines = _engines(database)

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH", "UPDATE")):
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
        lines = [
            str(row[-1]).strip().removeprefix("->").strip()
            for statement, parameters in asked
            for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)
        ]
    # What a bounded part of the same statement gave may be read whole, and the values that were asked for.
    whole, bounded = ("SCAN ", "Seq Scan"), ("SCAN CONSTANT", "SCAN anon", "SCAN (subquery", "SCAN json_each")
    scans = [line for line in lines if line.startswith(whole) and not line.startswith(bounded)]
    return Plans(lines, scans, [line for line in lines if line.startswith(("USE TEMP B-TREE FOR ORDER BY", "Sort  "))])


def _engines(database: Any) -> list[Any]:
    assert isinstance(database, SqliteDatabase | PostgresDatabase)
    if isinstance(database, SqliteDatabase):
        return [database._readers, database._writer]
    return [database._readers, database._writers]
