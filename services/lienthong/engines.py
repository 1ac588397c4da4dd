"""The engines of a process: embedded ones in its data folder, or the real ones that the configuration names."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from sqlalchemy import Table
from sqlalchemy.exc import DatabaseError

from lienthong.chassis import migrations
from lienthong.chassis.belonging import others_database
from lienthong.chassis.clock import Clock
from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.engines.database import Database, SqliteDatabase
from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.engines.eventlog import EventLog
from lienthong.chassis.engines.kafka import topics
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.owner import NOBODY, Owner
from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.hints import PostgresHints
from lienthong.chassis.engines.sqlite_log import SqliteEventLog
from lienthong.chassis.errors import AxisError, cause_of
from lienthong.chassis.events.tables import metadata
from lienthong.chassis.ids import IdSource
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.tally import Tally
from lienthong.chassis.topics import CONSUMED, PUBLISHED, TOPICS
from lienthong.chassis.unfinished import unfinished
from lienthong.settings import Settings

_DISK = re.compile("full|I/O|readonly|unable to open")
"""How SQLite says that its disk is at fault, and not the file."""
_AWAY = "DATABASE_AWAY"

CONTENTS = frozenset({"intake", "routing", "signing"})
"""Services that write or read contents; the others need neither the store nor a key to it."""


class Engines:
    """What the services of a process keep their state in."""

    def __init__(self, settings: Settings, clock: Clock, ids: IdSource, owner: Owner = NOBODY) -> None:
        """Prepares the engines; real ones need not be there yet.

        Args:
            settings: All settings.
            clock: Tells the time.
            ids: Gives identifiers.
            owner: Whose they must be.
        """
        self._settings = settings
        self._owner = owner
        self._databases: dict[str, Database] = {}
        kafka = settings.engines.kafka
        self.event_log: EventLog = (
            KafkaEventLog(kafka, TOPICS, owner) if kafka.servers else _embedded_log(self._folder("log"), clock)
        )
        objects = settings.engines.objects
        self.blobs: BlobStore = ObjectBlobs(objects, ids) if objects.url else DirectoryBlobs(self._folder("blobs"), ids)

    def database(self, service: str) -> Database:
        """Opens the database of a service; one in the data folder is brought to the newest version of its schema."""
        section = self._settings.engines.postgres
        if section.servers:
            self._databases[service] = PostgresDatabase(section, service)
        else:
            file = self._folder("databases") / f"{service}.db"
            embedded = SqliteDatabase(file)
            self._databases[service] = embedded
            with _undamaged(file):
                migrations.upgrade(embedded, service)
        return self._databases[service]

    def insist_on_schemas(self) -> None:
        """Makes sure that this code can work with the schemas of all databases that were opened.

        Raises:
            ConfigError: A schema is too old or too new, and only `lienthong db` may change it, holds an unfinished
                import, or is another installation's.
            AxisError: UNAVAILABLE when a database does not answer.
        """
        found = [migrations.problem(database, service) for service, database in self._databases.items()]
        problems = [f"engines.postgres: {one}" for one in found if one]
        if problems:
            raise ConfigError(problems)
        for service, database in self._databases.items():
            _insist_on_whole(database, service)
            if self._owner.name and not database.exclusive:
                _insist_on_own(database, service, self._owner.name)

    def hints(self, service: str, hub: Hub) -> PostgresHints | None:
        """Makes the bus by which copies of a service pass hints on; none where there can be no copies."""
        database = self._databases[service]
        return database.hints(hub.wake, hub.wake_all) if isinstance(database, PostgresDatabase) else None

    def topics(self, services: Sequence[str]) -> list[str]:
        """Tells in words in what the topics of services differ from those declared; the embedded log makes its own.

        Raises:
            AxisError: UNAVAILABLE, PERMISSION_DENIED.
        """
        section = self._settings.engines.kafka
        names = {name for service in services for name in (*PUBLISHED[service], *CONSUMED[service])}
        wanted = [topic for topic in TOPICS if topic.name in names]
        found = topics.seen(section, wanted) if section.servers else ()
        return [f"{one.topic}: {one.found or 'missing'} instead of {one.wanted} ({one.kind})" for one in found]

    def syncs(self) -> dict[str, Tally]:
        """Gives the waits for the disk that are counted in this process, by engine."""
        found = {f"database {service}": database.syncs for service, database in self._databases.items()}
        for name, engine in (("event log", self.event_log), ("contents", self.blobs)):
            if isinstance(engine, SqliteEventLog | DirectoryBlobs):
                found[name] = engine.syncs
        return found

    def close(self) -> None:
        """Gives everything back."""
        self.event_log.close()
        for database in self._databases.values():
            database.close()

    def _folder(self, name: str) -> Path:
        folder = self._settings.data_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def every_table(service: str) -> Sequence[Table]:
    """Gives the tables of a service: those that every service has, and its own."""
    own = import_module(f"lienthong.{service}.storage.tables").metadata
    return [*metadata.sorted_tables, *own.sorted_tables]


def _embedded_log(folder: Path, clock: Clock) -> SqliteEventLog:
    with _undamaged(folder):
        return SqliteEventLog(folder, TOPICS, clock)


@contextmanager
def _undamaged(place: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, DatabaseError, AxisError) as error:
        if isinstance(error, AxisError) and error.reason != _AWAY:
            raise
        reason = cause_of(error) if isinstance(error, AxisError) else str(getattr(error, "orig", error))
        remedy = (
            "make room, mend the disk, or let this user write there"
            if _DISK.search(reason)
            else "restore the data folder from a backup"
        )
        raise ConfigError([f"{place}: cannot be opened: {reason}; {remedy}"]) from error


def _insist_on_whole(database: Database, service: str) -> None:
    with database.read() as connection:
        begun = unfinished(connection)
    if begun is not None:
        raise ConfigError([f"the database of {service} holds a part of export {begun.export}; end `lienthong import`"])


def _insist_on_own(database: Database, service: str, ours: str) -> None:
    theirs = others_database(database, ours)
    if theirs:
        text = (
            f"engines.postgres: the database of {service} is of another installation: its authority is {theirs}, ours "
            f"is {ours}. Name the database of this installation. If the authority was replaced for good: `lienthong db "
            "adopt`"
        )
        raise ConfigError([text])
