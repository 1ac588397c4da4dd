"""Schema versions: Alembic scripts of each service, run at start or by command, beside running services.

Versions are numbered one by one. Code works with a schema one version behind its own or ahead of it: so the schema can
be changed before the program or after it, while both the old and the new program serve. How a script changes a table
under load stands in `schema_changes`.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.sql import try_session_lock
from lienthong.chassis.errors import AxisError, unavailable

PATIENCE_SECONDS = 120.0
"""A change of a schema is tried for so long while others hold what it needs."""

_PAUSE_SECONDS = 1.0
_BUSY = "DATABASE_BUSY"
_LOCK = "migrations"

Revisions = Callable[[ScriptDirectory, Any], Any]


def upgrade(database: Database, service: str, to: str = "head", patience: float = PATIENCE_SECONDS) -> None:
    """Brings a service's database to a version of its schema; nothing to do is no error, nor is a newer schema.

    Args:
        database: Opened by whoever owns the tables.
        service: Whose.
        to: The version; `head` is the newest that this code knows.
        patience: Seconds for which it is tried while others hold what it needs.

    Raises:
        ConfigError: There is no such version.
        AxisError: UNAVAILABLE; what was done until then is kept, and the rest is done by the next try.
    """
    if standing(database, service).ahead <= 0:
        _patiently(database, service, lambda script, current: script._upgrade_revs(to, current), patience)  # noqa: SLF001 -- what Alembic's own commands hand over; it has no public name


def downgrade(database: Database, service: str, to: str, patience: float = PATIENCE_SECONDS) -> None:
    """Takes a service's database back to an older version of its schema. See `upgrade`.

    Raises:
        ConfigError: There is no such version, or the schema is newer than this code.
        AxisError: UNAVAILABLE; see `upgrade`.
    """
    found = standing(database, service)
    if to == "base":
        raise ConfigError([f"the schema of {service}: no step leads back to nothing; make the database anew instead"])
    if found.ahead > 0:
        text = f"version {found.current} was made by a newer program, and only that one can take it back"
        raise ConfigError([f"the schema of {service}: {text}"])
    _patiently(database, service, lambda script, current: script._downgrade_revs(to, current), patience)  # noqa: SLF001 -- as above


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a schema stands.

    Attributes:
        current: Its version; empty when there are no tables.
        newest: The newest that this code knows.
        ahead: Versions by which the schema is ahead of this code; below 0 when it is behind.
    """

    current: str
    newest: str
    ahead: int


def standing(database: Database, service: str) -> Standing:
    """Tells where a service's schema stands.

    Raises:
        AxisError: The database is away.
        ConfigError: The version is no number, so none of ours; or there is no schema, or none for our text.
    """
    newest = scripts(service).get_current_head() or ""
    with database.read() as connection:
        _insist_on_place(connection, service)
        current = MigrationContext.configure(connection).get_current_revision() or ""
    if not (current or "0").isdecimal():
        rule = "versions are numbers; another program changed it, restore the database from a backup"
        raise ConfigError([f"the schema of {service} stands at {current!r}: {rule}"])
    return Standing(current, newest, int(current or 0) - int(newest))


_PLACE = text(
    "SELECT current_schema() AS found, current_setting('search_path') AS wanted, current_user AS role, "
    "current_setting('server_encoding') AS encoding, current_database() AS base, "
    "current_setting('statement_timeout') AS deadline"
)


def _insist_on_place(connection: Connection, service: str) -> None:
    if connection.dialect.name != "postgresql":
        return
    place = connection.execute(_PLACE).one()
    if "$user" in place.wanted or place.deadline == "0":
        # What follows would look into another schema, and wait without a deadline.
        rule = f"settings of the connection did not reach the server (its search_path is {place.wanted})"
        remedy = "a pooler between drops `options`: name the server itself, or have it pool sessions and pass them on"
        raise ConfigError([f"the schema of {service}: {rule}; {remedy}"])
    if place.found is None:
        rule = f"database {place.base} has no schema {place.wanted} that {place.role} may use"
        raise ConfigError([f"the schema of {service}: {rule}; make it with `lienthong db provision`"])
    if place.encoding != "UTF8":
        rule = f"database {place.base} keeps text as {place.encoding}, which holds no Vietnamese"
        raise ConfigError(
            [f"the schema of {service}: {rule}; make another one, `lienthong db provision` makes it UTF8"]
        )


def problem(database: Database, service: str) -> str:
    """Says why this code cannot work with a schema; empty when it can.

    One version behind is well, and so is one ahead: each version leaves in place what the code before it needs.

    Raises:
        AxisError: The database is away.
    """
    found = standing(database, service)
    if found.current and abs(found.ahead) <= 1:
        return ""
    stands = f"stands at version {found.current}" if found.current else "has no tables"
    if found.ahead <= 0:
        return f"the schema of {service} {stands}, and {found.newest} is needed; run `lienthong db upgrade`"
    remedy = "start a newer program, or take the schema back with that one's `lienthong db downgrade`"
    return f"the schema of {service} {stands}, and this program knows {found.newest} only; {remedy}"


def _patiently(database: Database, service: str, revisions: Revisions, patience: float) -> None:
    """Changes a schema; whoever held a lock is waited for by trying again, never by standing in the way of others."""
    end = time.monotonic() + patience
    while True:
        try:
            return _run(database, service, revisions)
        except CommandError as error:
            newest = scripts(service).get_current_head()
            raise ConfigError([f"the schema of {service}: {error}; versions are 0001 to {newest}"]) from error
        except AxisError as error:
            if error.reason != _BUSY:
                raise
            pause = _PAUSE_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 -- spreads tries, guards nothing
            if time.monotonic() + pause > end:
                raise _still_busy(service, patience, error) from error
        time.sleep(pause)


def _still_busy(service: str, patience: float, error: AxisError) -> AxisError:
    statement = " ".join(str(getattr(error.__cause__, "statement", "")).split())
    return unavailable(
        "SCHEMA_BUSY",
        f"The schema of {service} could not be changed within {patience:g} s: others hold what it needs. What was done "
        "is kept. End long transactions and other `lienthong db` commands, and run it again."
        + (f" It waits at: {statement[:200]}" if statement else ""),
        timedelta(seconds=patience),
    )


def _run(database: Database, service: str, revisions: Revisions) -> None:
    script = scripts(service)
    with database.alter() as connection:
        # Two that change a schema at once take turns; the second finds nothing to do.
        if not try_session_lock(connection, _LOCK):
            raise unavailable(_BUSY, "Another program changes this schema.", timedelta(seconds=_PAUSE_SECONDS))
        options = {"fn": lambda current, _context: revisions(script, current), "transaction_per_migration": True}
        context = MigrationContext.configure(connection, opts=options)
        with Operations.context(context):
            context.run_migrations()


def scripts(service: str) -> ScriptDirectory:
    """Gives the versions of a service's schema."""
    folder = str(files(f"lienthong.{service}.migrations"))
    return ScriptDirectory(folder, version_locations=[folder])
