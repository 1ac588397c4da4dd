"""What failures of a server mean to whoever waits for it, and what operators are told of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from lienthong.chassis.errors import AxisError, storage_full, unavailable
from lienthong.chassis.seldom import Seldom

_log = structlog.get_logger(__name__)
_refusals = Seldom()
_outages = Seldom()
_delays = Seldom()

_SHOWN = 200
"""Characters of a statement; values are no part of it."""
_AGAIN = timedelta(seconds=1)
_LATER = timedelta(seconds=30)

_FULL = frozenset({"53100", "53200"})
"""Out of disk, out of memory."""
READ_ONLY = "25006"
_AWAY = ("08", "57P", READ_ONLY, "53300", "28", "3D")
"""Connection lost, shut down or starting, a stand-by that takes no writes, too many clients, no access."""
_REFUSED = ("42501", "42P01", "42703", "42883", "3F000", "58")
"""A right, a table, a column, a function or the schema is missing: somebody took it away. Or a file or the disk of the
server fails. None of it is the fault of what was to be written."""
_BUSY = frozenset({"57014", "55P03", "25P03", "25P04"})
"""A statement, a lock or a transaction that took too long, a transaction that stood still."""


@contextmanager
def translated() -> Iterator[None]:
    """Turns failures of the server into errors that a caller can be told.

    Raises:
        AxisError: RESOURCE_EXHAUSTED when the disk is full, UNAVAILABLE when the server is away, busy, or refuses.
    """
    try:
        yield
    except PoolTimeoutError as error:
        text = "All connections to the database are in use. Try again."
        raise unavailable("DATABASE_BUSY", text, _AGAIN) from error
    except DBAPIError as error:
        raise _told(error) from error


def _told(error: DBAPIError) -> AxisError | DBAPIError:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state in _FULL:
        return storage_full("this")
    reason = _first_line(error.orig)
    if state.startswith(_REFUSED):
        if _refusals.is_news(reason):
            _log.error("the database refuses", reason=reason)
        text = "The database refuses this axis. Its operators must look at its roles, schemas, disk; try again later."
        return unavailable("DATABASE_REFUSES", text, _LATER)
    if state in _BUSY:
        statement = " ".join((error.statement or "").split())[:_SHOWN]
        if _delays.is_news(f"{reason} {statement}"):
            _log.warning("the database ended what took too long", reason=reason, statement=statement)
        return unavailable("DATABASE_BUSY", "The database takes too long to answer. Try again.", _AGAIN)
    # Without a state the driver itself speaks: it reached nobody, or the connection broke.
    reached_nobody = not state and isinstance(error.orig, psycopg.OperationalError)
    if error.connection_invalidated or state.startswith(_AWAY) or reached_nobody:
        return away(reason)
    for one in (error, error.orig):
        if one is not None and one.args:
            # What follows the first line shows values of the row, and errors go into logs.
            one.args = (_first_line(one.args[0]),)
    return error


def away(reason: str) -> AxisError:
    """Makes the error of a server that does not answer, and tells operators once in a while why."""
    if _outages.is_news(reason):
        _log.warning("the database is away", reason=reason)
    return unavailable("DATABASE_AWAY", "The database does not answer. Try again.", _AGAIN)


def _first_line(said: object) -> str:
    return str(said).partition("\n")[0]
