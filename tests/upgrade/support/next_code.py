"""The code of the next program, as far as it differs: it fills the new column where the schema has it."""

from tests.upgrade.support.versions import LARGEST, become_next

from lienthong.chassis import migrations
from lienthong.chassis.engines import rows
from lienthong.chassis.engines.database import Database

_insert = rows._insert
_problem = migrations.problem
_filled: set[str] = set()
"""Tables that have the new column."""


def install() -> None:
    """Lets this process run the next program."""
    become_next()
    migrations.problem = problem
    rows._insert = insert  # type: ignore[assignment] # the same without its cache


def problem(database: Database, service: str) -> str:
    """Looks at the schema as every program does, and keeps whether it has the new column."""
    if migrations.standing(database, service).ahead == 0:
        _filled.add(LARGEST[service])
    return _problem(database, service)


def insert(mark: str, table: str, names: tuple[str, ...]) -> str:
    """Writes the statement of an insert."""
    statement = _insert(mark, table, names)
    if table not in _filled:
        return statement
    columns, values = statement.removesuffix(")").split(") VALUES (")
    return f"{columns}, written_by) VALUES ({values}, 'next')"
