"""Databases under contract: how each engine is opened, made impatient, and filled up."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from subprocess import run
from typing import Protocol

from tests.engines import fresh_schemas, open_postgres, postgres

from lienthong.chassis.engines.database import Database, SqliteDatabase

_numbers = count()


class DatabaseEngine(Protocol):
    """An engine with one empty database."""

    def open(self) -> Database:
        """Opens the database; each call is another process as far as the engine can tell."""
        ...

    def open_impatient(self) -> Database:
        """Opens it so that waiting for a lock ends soon."""
        ...

    def full(self, database: Database, table: str) -> AbstractContextManager[None]:
        """Leaves a table no room for a megabyte while the block runs."""
        ...

    def close(self) -> None:
        """Closes what was opened."""
        ...


class Sqlite:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "service.db"
        self._opened: list[SqliteDatabase] = []

    def open(self) -> SqliteDatabase:
        """See `DatabaseEngine.open`."""
        self._opened.append(SqliteDatabase(self._file))
        return self._opened[-1]

    def open_impatient(self) -> Database:
        """See `DatabaseEngine.open_impatient`."""
        database = self.open()
        with database._writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=50")
        return database

    @contextmanager
    def full(self, database: Database, table: str) -> Iterator[None]:
        """See `DatabaseEngine.full`."""
        assert isinstance(database, SqliteDatabase), table
        with database._writer.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        yield
        with database._writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1000000")

    def close(self) -> None:
        """Closes what was opened."""
        for database in self._opened:
            database.close()


class Postgres:
    """A schema of the server of this run."""

    def __init__(self, _folder: Path) -> None:
        self._section = fresh_schemas("service")

    def open(self) -> Database:
        """See `DatabaseEngine.open`."""
        return open_postgres(self._section, "service", owner=True)

    def open_impatient(self) -> Database:
        """See `DatabaseEngine.open_impatient`."""
        return open_postgres(self._section.model_copy(update={"lock_seconds": 0.05}), "service", owner=True)

    @contextmanager
    def full(self, _database: Database, table: str) -> Iterator[None]:
        """See `DatabaseEngine.full`."""
        name = f"small{next(_numbers)}"
        schema = self._section.schema_name.replace("{service}", "service")
        with tempfile.TemporaryDirectory() as place:
            run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", place], check=True)  # noqa: S603, S607 -- our own
            try:
                with postgres().administer() as administrator:
                    administrator.execute(f"CREATE TABLESPACE {name} LOCATION '{place}'".encode())
                    administrator.execute(f"ALTER TABLE {schema}.{table} SET TABLESPACE {name}".encode())
                    yield
                    administrator.execute(f"ALTER TABLE {schema}.{table} SET TABLESPACE pg_default".encode())
                    administrator.execute(f"DROP TABLESPACE {name}".encode())
            finally:
                run(["umount", place], check=True)  # noqa: S603, S607 -- our own

    def close(self) -> None:
        """Nothing: whatever a test opened is closed after it."""


DATABASES: dict[str, Callable[[Path], DatabaseEngine]] = {"sqlite": Sqlite, "postgresql": Postgres}
