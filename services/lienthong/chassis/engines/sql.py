"""SQL that SQLite and PostgreSQL share, where the toolkit has a construct for each or none.

`among` is one statement for any number of values: the toolkit writes another one for each number, every time, and the
server plans each anew.

`upsert` is written for the driver: the toolkit's own constructs are compiled again at every execution.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    select,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeEngine

Row = TypeVar("Row")

_TOGETHER = 100
"""Rows of one statement, at most: engines take a few ten thousand values in one."""


class DatabaseMicros(FunctionElement[int]):
    """Microseconds since 1970 by the clock of the database: leases compare with it, whatever clocks replicas have."""

    type = BigInteger()
    inherit_cache = True


_MICROS = "CAST(EXTRACT(EPOCH FROM {}) * 1000000 AS BIGINT)"
_CLOCK = _MICROS.format("clock_timestamp()")


@compiles(DatabaseMicros)
def _standard(_element: DatabaseMicros, _compiler: Any, **_options: Any) -> str:
    return _CLOCK


@compiles(DatabaseMicros, "sqlite")
def _sqlite(_element: DatabaseMicros, _compiler: Any, **_options: Any) -> str:
    # `now` has milliseconds; 2440587.5 is the Julian day of 1970-01-01.
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000"


class _DatabaseMoment(DatabaseMicros):
    """When a statement began, before it waited for locks: the same for all its rows, so that an index may serve."""

    inherit_cache = True


@compiles(_DatabaseMoment, "postgresql")
def _of_statement(_element: _DatabaseMoment, _compiler: Any, **_options: Any) -> str:
    return _MICROS.format("statement_timestamp()")


MOMENT: ColumnElement[int] = _DatabaseMoment()
"""The time of the database when the statement begins in which it stands."""

Moment = int | ColumnElement[int]
"""Microseconds since 1970: told before, or `MOMENT`."""


class _Values(TypeDecorator[Sequence[Any]]):
    """Several values of one kind, bound as one: an array, or JSON where the engine has none."""

    impl = Text
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Gives the type of the engine."""
        return dialect.type_descriptor(ARRAY(self.of) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """Gives what the driver is given."""
        values = list(value or ())
        return values if dialect.name == "postgresql" else json.dumps(values)


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True
    # A condition as it stands: where an engine has no truth values, it is not compared with 1.
    _is_implicitly_boolean = True


@compiles(_Among)
def _any(element: _Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY({values})"


@compiles(_Among, "sqlite")
def _each(element: _Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 -- a column of ours, and values are bound


def among(column: Column[Any], name: str) -> ColumnElement[bool]:
    """Tells whether a column holds one of the texts or numbers that are bound to a name, however many these are."""
    return _Among(column, bindparam(name, type_=_Values(column.type)))


_NOW = select(DatabaseMicros())


def database_now(connection: Connection) -> int:
    """Tells the time of the database in microseconds since 1970."""
    return int(connection.execute(_NOW).scalar_one())


def take_locks(connection: Connection, names: Iterable[str]) -> int:
    """Waits until nobody else holds a lock of these names in this schema, and holds them to the end of the transaction.

    Returns:
        The time of the database when they were had, in microseconds since 1970; 0 from writers that take turns anyway,
        and need no lock.
    """
    if connection.dialect.name != "postgresql":
        return 0
    # In one order for everybody, so that two never wait for each other.
    return int(connection.execute(_LOCK, {"names": sorted(names)}).scalar_one())


def first_of_each(line: Column[Any], order: Sequence[Column[Any]], *conditions: ColumnElement[bool]) -> CTE:
    """Gives the keys of rows that come first in their lines: goes along an index from line to line, past what follows.

    The keys stand in the column `key`; one of them is NULL.

    Args:
        line: Rows that have the same text here are one line.
        order: In which order they stand in it. An index holds what the conditions fix, the line, and the order.
        conditions: Of which rows.
    """
    (key,) = line.table.primary_key
    here = line.table.alias("here")
    found = select(key).where(*conditions).order_by(line, *order).limit(1)
    # A bound that holds nothing back: SQLite takes the index of a range before that of an order.
    along = select(found.where(line >= "").scalar_subquery().label("key")).cte(recursive=True)
    following = found.where(line > here.c[line.name]).scalar_subquery()
    return along.union_all(select(following).join_from(along, here, here.c[key.name] == along.c.key))


def try_session_lock(connection: Connection, name: str) -> bool:
    """Takes a lock of this name in this schema, unless somebody has it; it is held until the connection is closed.

    Writers that take turns anyway need none.
    """
    if connection.dialect.name != "postgresql":
        return True
    got = bool(connection.execute(_TRY_LOCK, {"name": name}).scalar_one())
    connection.commit()
    return got


_TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' ' || :name, 0))")

_LOCK = text(
    f"SELECT {_CLOCK}, "  # noqa: S608 -- a text of ours, and names are bound
    "count(pg_advisory_xact_lock(hashtextextended(current_schema() || ' ' || name, 0))) "
    "FROM unnest(CAST(:names AS text[])) AS name"
)


def upsert(
    connection: Connection,
    table: Table,
    rows: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    keys: Sequence[str],
    changed: Sequence[str] = (),
) -> None:
    """Inserts rows; where the keys are there already, changes the named columns, or nothing.

    Args:
        connection: The transaction.
        table: Into which table.
        rows: One row, or several with the same columns and different keys.
        keys: Columns of a unique key.
        changed: Columns that take the new value when the keys are there.
    """
    several = [rows] if isinstance(rows, Mapping) else rows
    about = (table.name, tuple(several[0]), tuple(keys), tuple(changed))
    for some in together(several):
        values = tuple(chain.from_iterable(row.values() for row in some))
        connection.exec_driver_sql(_upsert(mark_of(connection), *about, len(some)), values)


def together(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Parts rows, in their order, into those of one statement each."""
    return (rows[begin : begin + _TOGETHER] for begin in range(0, len(rows), _TOGETHER))


def mark_of(connection: Connection) -> str:
    """Gives what stands, with its number, for a value in statements of the driver."""
    return "?" if connection.dialect.paramstyle == "qmark" else "$"


@lru_cache(maxsize=256)
def _upsert(
    mark: str, table: str, columns: tuple[str, ...], keys: tuple[str, ...], changed: tuple[str, ...], count: int
) -> str:
    sets = ", ".join(f'"{column}" = excluded."{column}"' for column in changed)
    action = f"DO UPDATE SET {sets}" if sets else "DO NOTHING"
    return f"{insertion(mark, table, columns, count)} ON CONFLICT ({_names(keys)}) {action}"


@lru_cache(maxsize=512)
def insertion(mark: str, table: str, columns: tuple[str, ...], count: int) -> str:
    """Writes a statement of the driver that inserts so many rows. At each statement other threads get their turn."""
    numbers = iter(range(1, len(columns) * count + 1))
    rows = ", ".join(f"({', '.join(f'{mark}{next(numbers)}' for _ in columns)})" for _ in range(count))
    return f'INSERT INTO "{table}" ({_names(columns)}) VALUES {rows}'  # noqa: S608 -- names of our own tables, values are bound


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
