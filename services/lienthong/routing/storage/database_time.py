"""The database's own clock: leases and held deliveries compare with it, whatever the clocks of replicas say."""

from typing import Any

from sqlalchemy import BigInteger, Connection, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class database_micros(GenericFunction[int]):  # noqa: N801 -- a SQL function, named as such in statements
    """Microseconds since 1970 by the clock of the database."""

    type = BigInteger()
    inherit_cache = True


@compiles(database_micros)
def _standard(_element: database_micros, _compiler: Any, **_options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


@compiles(database_micros, "sqlite")
def _sqlite(_element: database_micros, _compiler: Any, **_options: Any) -> str:
    # `now` has milliseconds; 2440587.5 is the Julian day of 1970-01-01.
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000"


def database_now(connection: Connection) -> int:
    """Tells the time of the database in microseconds since 1970."""
    return int(connection.execute(select(database_micros())).scalar_one())
