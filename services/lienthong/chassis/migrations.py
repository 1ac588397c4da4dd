"""Schema versions: Alembic scripts of each service, run at start or by command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.sql import take_locks
from lienthong.chassis.events.tables import metadata


def upgrade(database: Database, service: str, to: str = "head") -> None:
    """Brings a service's database to a version of its schema; nothing to do is no error.

    Args:
        database: Opened by whoever owns the tables.
        service: Whose.
        to: The version; `head` is the newest that this code knows.
    """
    _run(database, service, lambda script, current: script._upgrade_revs(to, current))  # noqa: SLF001 -- what Alembic's own commands hand over; it has no public name


def downgrade(database: Database, service: str, to: str) -> None:
    """Takes a service's database back to an older version of its schema."""
    _run(database, service, lambda script, current: script._downgrade_revs(to, current))  # noqa: SLF001 -- as above


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a schema stands.

    Attributes:
        current: Its version; empty when there are no tables.
        newest: The newest that this code knows.
        missing: Versions that this code knows and the schema lacks; None when its version is unknown to this code.
    """

    current: str
    newest: str
    missing: int | None


def standing(database: Database, service: str) -> Standing:
    """Tells where a service's schema stands.

    Raises:
        AxisError: The database is away.
    """
    with _scripts(service) as script, database.read() as connection:
        current = MigrationContext.configure(connection).get_current_revision() or ""
        known = [one.revision for one in script.walk_revisions()]
    newest = known[0]
    if current and current not in known:
        return Standing(current, newest, None)
    return Standing(current, newest, known.index(current) if current else len(known))


def problem(database: Database, service: str) -> str:
    """Says why this code cannot work with a schema; empty when it can.

    One version behind is well: code runs before the schema is changed, and a schema before the code. A version that
    this code does not know was made by the next one, which leaves in place what this one needs.
    """
    found = standing(database, service)
    if found.missing is None or (found.current and found.missing <= 1):
        return ""
    stands = f"stands at version {found.current}" if found.current else "has no tables"
    return f"the schema of {service} {stands}, and {found.newest} is needed; run `lienthong db upgrade`"


def _run(database: Database, service: str, revisions: Callable[[ScriptDirectory, Any], Any]) -> None:
    with _scripts(service) as script, database.write() as connection:
        # Two that change the schema at once take turns; the second finds nothing to do.
        take_locks(connection, ["migrations"])
        context = MigrationContext.configure(
            connection, opts={"fn": lambda current, _context: revisions(script, current)}
        )
        with Operations.context(context):
            context.run_migrations()


@contextmanager
def _scripts(service: str) -> Iterator[ScriptDirectory]:
    with as_file(files(f"lienthong.{service}.migrations")) as folder:
        yield ScriptDirectory(str(folder), version_locations=[str(folder)])


def create_chassis_tables(connection: Connection) -> None:
    """Makes the tables of the chassis, in the first version of each service's schema."""
    metadata.create_all(connection)
