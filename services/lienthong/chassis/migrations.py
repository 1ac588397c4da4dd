"""Schema versions: Alembic scripts of each service, run at start or by command."""

from importlib.resources import as_file, files

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from lienthong.chassis.engines.database import Database
from lienthong.chassis.events.tables import metadata


def upgrade(database: Database, service: str) -> None:
    """Brings a service's database to the newest version that this code knows; nothing to do is no error."""
    with as_file(files(f"lienthong.{service}.migrations")) as folder:
        script = ScriptDirectory(str(folder), version_locations=[str(folder)])
        with database.write() as connection:
            context = MigrationContext.configure(
                connection,
                opts={"fn": lambda revision, _context: script._upgrade_revs("head", revision)},  # noqa: SLF001 -- what Alembic's own `upgrade` command hands over; it has no public name
            )
            with Operations.context(context):
                context.run_migrations()


def create_chassis_tables(connection: Connection) -> None:
    """Makes the tables of the chassis, in the first version of each service's schema."""
    metadata.create_all(connection)
