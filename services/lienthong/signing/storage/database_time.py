"""The database's own clock: leases and delays compare with it, whatever the clocks of replicas say."""

from typing import Any

from sqlalchemy import BigInteger, Connection, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement


class DatabaseMicros(ColumnElement[int]):
    """Microseconds since 1970 by the clock of the database."""

    type = BigInteger()
    inherit_cache = True


@compiles(DatabaseMicros)
def _standard(_element: DatabaseMicros, _compiler: Any, **_options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


@compiles(DatabaseMicros, "sqlite")
def _sqlite(_element: DatabaseMicros, _compiler: Any, **_options: Any) -> str:
    # `now` has milliseconds; 2440587.5 is the Julian day of 1970-01-01.
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000"


def database_now(connection: Connection) -> int:
    """Tells the time of the database in microseconds since 1970."""
    return int(connection.execute(select(DatabaseMicros())).scalar_one())
