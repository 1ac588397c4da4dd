"""An installation that stands still: its engines opened for moving, with nobody else at work on them."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Table, select

from lienthong.app import MODULES
from lienthong.chassis import migrations
from lienthong.chassis.clock import SystemClock
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.engines.database import Database, SqliteDatabase
from lienthong.chassis.engines.eventlog import EventLog
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.sql import database_now
from lienthong.chassis.events.tables import leases
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.leases import lives
from lienthong.engines import Engines, every_table
from lienthong.folder import own_folder
from lienthong.moving.form import MovingError
from lienthong.settings import Settings

SERVICES = tuple(module.name for module in MODULES)

_PATIENT = {"statement_seconds": 3600.0, "idle_seconds": 3600.0}
"""A table is read in one statement, however long that takes."""


class Installation:
    """The engines that a configuration names. Nobody may work with them within the block."""

    def __init__(self, settings: Settings, *, owner: bool) -> None:
        """Opens them.

        Args:
            settings: All settings.
            owner: Whether to work as the roles that own the tables.

        Raises:
            ConfigError: The data folder is in use.
        """
        self.settings = settings
        self._owner = owner
        with ExitStack() as stack:
            if settings.engines.embedded():
                stack.callback(own_folder(settings).release)
            engines = Engines(settings, SystemClock(), Uuid7Source())
            stack.callback(engines.close)
            self.blobs: BlobStore = engines.blobs
            self.log: EventLog = engines.event_log
            self.databases: Mapping[str, Database] = {service: self._database(service, stack) for service in SERVICES}
            self._stack = stack.pop_all()

    @property
    def keys(self) -> Path:
        """Folder of the keys of the axis."""
        return self.settings.keys.dir or self.settings.data_dir / "keys"

    @property
    def trust(self) -> Path:
        """Folder of the authorities that are trusted for signatures in documents."""
        return self.settings.signing.trust_dir or self.keys.parent / "trust"

    def insist_on_rest(self) -> None:
        """Refuses while a service is at work on a shared database; an embedded one is held by its folder's lock.

        Raises:
            MovingError: Services hold leases.
            AxisError: A database is away.
        """
        living = []
        for service, database in self.databases.items():
            if database.exclusive or not migrations.standing(database, service).current:
                continue
            with database.read() as connection:
                now = database_now(connection)
                owners = {row.owner for row in connection.execute(select(leases)) if lives(row, now)}
                living += [f"{service} ({owner})" for owner in sorted(owners)]
        if living:
            rule = "no service may run meanwhile; stop all, and after a kill wait ten seconds for its leases to end"
            raise MovingError([f"still at work: {', '.join(living)}; {rule}"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _database(self, service: str, stack: ExitStack) -> Database:
        section = self.settings.engines.postgres
        database: Database
        if section.servers:
            database = PostgresDatabase(section.model_copy(update=_PATIENT), service, owner=self._owner)
        else:
            folder = self.settings.data_dir / "databases"
            folder.mkdir(exist_ok=True)
            database = SqliteDatabase(folder / f"{service}.db")
        stack.callback(database.close)
        return database


def tables_of(service: str) -> Sequence[Table]:
    """Gives the tables of a service that move: all but the leases of work, which end with those that hold them."""
    return [table for table in every_table(service) if table is not leases]
