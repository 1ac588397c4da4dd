"""Rows of a table as an export has them: read in constant memory, without what is said of one database alone."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, Table, func, select

from lienthong.chassis import belonging, unfinished
from lienthong.chassis.events.tables import counters
from lienthong.moving.form import write_line

ROWS_AT_ONCE = 200
"""Rows held in memory; a document with two thousand recipients is a row of some hundred kilobytes."""


def lines_of(connection: Connection, table: Table) -> Iterator[bytes]:
    """Gives the rows of a table as lines, in the order of the engine."""
    streamed = connection.execution_options(stream_results=True, yield_per=ROWS_AT_ONCE)
    for row in streamed.execute(select(*table.columns).where(*_only(table))):
        yield write_line(row)


def count_of(connection: Connection, table: Table) -> int:
    """Counts the rows of a table."""
    return connection.execute(select(func.count()).select_from(table).where(*_only(table))).scalar_one()


def _only(table: Table) -> list[ColumnElement[bool]]:
    return [unfinished.OTHERS, belonging.OTHERS] if table is counters else []
