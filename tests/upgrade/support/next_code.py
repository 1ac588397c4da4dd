"""The code of the next program, as far as it differs: it fills the new column as soon as the schema has it."""

from tests.upgrade.support.versions import LARGEST, become_next

from lienthong.chassis import migrations
from lienthong.chassis.engines import rows, sql
from lienthong.chassis.engines.database import Database

_insertion = sql.insertion
_problem = migrations.problem
_tables: dict[str, tuple[Database, str]] = {}
"""The tables that change, with the database and the service that they belong to."""
_filled: set[str] = set()
"""Those that are known to have the new column."""


def install() -> None:
    """Lets this process run the next program."""
    become_next()
    migrations.problem = problem
    rows.insertion = insertion  # type: ignore[attr-defined, assignment] # the same without its cache


def problem(database: Database, service: str) -> str:
    """Looks at the schema as every program does, and keeps where the new column will be."""
    _tables[LARGEST[service]] = (database, service)
    return _problem(database, service)


def insertion(mark: str, table: str, columns: tuple[str, ...], count: int) -> str:
    """Writes the statement of an insert."""
    statement = _insertion(mark, table, columns, count)
    if table not in _filled and table in _tables and migrations.standing(*_tables[table]).ahead == 0:
        _filled.add(table)
    if table not in _filled:
        return statement
    beginning, values = statement.split(") VALUES ")
    values = values.replace(")", ", 'next')")
    return f"{beginning}, written_by) VALUES {values}"
