"""Steps of a schema version that may be taken while old and new programs work with the tables.

Each step is safe to repeat: a version that was broken off begins again. On PostgreSQL a step holds a lock that others
wait for less than a second, whatever the size of the table: what takes longer is done apart from the transaction, under
locks that stop nobody. SQLite has one process, and changes its schema before anything else works.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from alembic import op
from sqlalchemy import Column, ColumnElement, Connection, TextClause, bindparam, inspect, text

from lienthong.chassis.races import again

APART_SECONDS = 6 * 3600.0
"""Longest step apart from the transaction, such as building an index."""

_INVALID = text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")


def add_column(table: str, column: Column[Any]) -> None:
    """Adds a column. The code before knows nothing of it, so that its rows must do without.

    Raises:
        ValueError: It may not be null, and the database has no value for rows of older code.
    """
    if not column.nullable and column.server_default is None:
        raise ValueError(
            f"{table}.{column.name} must be nullable, or have a server_default: older code does not fill it"
        )
    if column.name not in {one["name"] for one in inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)


def drop_column(table: str, name: str) -> None:
    """Drops a column that neither this code nor the code before reads or writes."""
    if name in {one["name"] for one in inspect(op.get_bind()).get_columns(table)}:
        op.drop_column(table, name)


def create_index(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """Builds an index while the table is written; one that a broken build left behind is built again."""
    with apart() as connection, _lasting(connection):
        concurrently = connection.dialect.name == "postgresql"
        if concurrently and connection.execute(_INVALID, {"name": f'"{name}"'}).scalar():
            op.drop_index(name, table, postgresql_concurrently=True)
        op.create_index(name, table, list(columns), if_not_exists=True, postgresql_concurrently=concurrently, **options)


def drop_index(name: str, table: str) -> None:
    """Drops an index while the table is used."""
    with apart() as connection, _lasting(connection):
        concurrently = connection.dialect.name == "postgresql"
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=concurrently)


@dataclass(frozen=True, slots=True)
class IndexOf:
    """An index as a version of a schema knows it.

    Attributes:
        name: Its name.
        table: Whose rows it holds.
        columns: Its columns, in their order.
        where: Which rows it holds, None for all. Without parameters.
    """

    name: str
    table: str
    columns: Sequence[str]
    where: ColumnElement[bool] | TextClause | None = None


def replace_indexes(old: Sequence[IndexOf], new: Sequence[IndexOf]) -> None:
    """Builds indexes, then drops those whose place they take, so that no question is ever without one."""
    for one in new:
        create_index(one.name, one.table, one.columns, sqlite_where=one.where, postgresql_where=one.where)
    for one in old:
        drop_index(one.name, one.table)


def add_check(name: str, table: str, condition: str) -> None:
    """Lets a table hold only rows of which a condition is not false: new rows at once, then those that are there.

    On SQLite, which cannot add one to a table that is there, nothing is done.
    """
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    if name not in {one["name"] for one in inspect(connection).get_check_constraints(table)}:
        op.create_check_constraint(name, table, text(condition), postgresql_not_valid=True)
    with apart() as connection, _lasting(connection):
        op.execute(f'ALTER TABLE "{table}" VALIDATE CONSTRAINT "{name}"')


def backfill(table: str, key: str, values: Mapping[str, str], where: str, batch: int = 500) -> None:
    """Fills columns of rows that are there, some at a time and each time in a transaction of its own.

    Args:
        table: The table.
        key: Its primary key, text.
        values: SQL for each column that is filled.
        where: Which rows; those that are filled already must not match.
        batch: Rows at a time.
    """
    sets = ", ".join(f'"{column}" = {value}' for column, value in values.items())
    found = text(
        f'SELECT "{key}" FROM "{table}" WHERE "{key}" > :last AND ({where}) ORDER BY "{key}" LIMIT :batch'  # noqa: S608 -- names and conditions of our own scripts
    )
    fill = text(f'UPDATE "{table}" SET {sets} WHERE "{key}" IN :keys AND ({where})').bindparams(  # noqa: S608 -- as above
        bindparam("keys", expanding=True)
    )
    last = ""
    with apart() as connection:

        def following() -> list[str]:
            # Rows that match may stand far apart; looking for them stops nobody.
            with _lasting(connection):
                return list(connection.execute(found, {"last": last, "batch": batch}).scalars())

        while keys := following():
            again(lambda keys=keys: connection.execute(fill, {"keys": keys}))  # type: ignore[misc] # bound at once
            last = keys[-1]


@contextmanager
def apart() -> Iterator[Connection]:
    """Commits what was done so far; each statement of the block is a transaction of its own."""
    if op.get_bind().dialect.name != "postgresql":
        yield op.get_bind()
        return
    with op.get_context().autocommit_block():
        yield op.get_bind()


@contextmanager
def _lasting(connection: Connection) -> Iterator[None]:
    """Lets statements that stop nobody take hours, and wait for locks as long as they must."""
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    patience, driver.patience = driver.patience, APART_SECONDS
    connection.exec_driver_sql(f"SET statement_timeout = {APART_SECONDS * 1000:.0f}")
    connection.exec_driver_sql("SET lock_timeout = 0")
    try:
        yield
    finally:
        driver.patience = patience
        if not driver.closed:
            connection.exec_driver_sql("RESET statement_timeout")
            connection.exec_driver_sql("RESET lock_timeout")
