"""The database contract, and its embedded engine: one SQLite file for each service.

A service sees SQLAlchemy connections only. `read()` opens a consistent snapshot that waits for nobody. `write()` opens
a transaction; other writers, of other processes too, may work beside it. What it read under a lock (`with_for_update`,
`take_locks`) nobody changes before it ends, and whoever waited for the lock sees what it did. Where two insert the same
key, the second fails once the first has committed: `lost_race` tells, and the work is done again.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, pool
from sqlalchemy.exc import DBAPIError

from lienthong.chassis import failpoints
from lienthong.chassis.errors import AxisError, storage_full, unavailable
from lienthong.chassis.tally import Tally

READERS = 16
"""Connections for reading, at most; further readers wait."""


@dataclass(frozen=True, slots=True)
class PoolState:
    """How far a pool of connections is used.

    Attributes:
        name: `read` or `write`.
        in_use: Connections that somebody has.
        size: Connections that there may be; whoever wants another one waits.
    """

    name: str
    in_use: int
    size: int


class Database(Protocol):
    """Where a service keeps its rows."""

    exclusive: bool
    """Whether no other process writes to it."""
    syncs: Tally
    """Waits for the disk: one for each transaction that wrote."""

    def write(self) -> AbstractContextManager[Connection]:
        """Opens a transaction that commits at the end of the block, and rolls back when it raises."""
        ...

    def read(self) -> AbstractContextManager[Connection]:
        """Opens a consistent snapshot for reading."""
        ...

    def look(self) -> AbstractContextManager[Connection]:
        """Opens a connection for reading without a snapshot, which costs less: a statement sees what is there then."""
        ...

    def alter(self) -> AbstractContextManager[Connection]:
        """Opens a connection that changes the schema beside running writers: it gives up what it does not get at once.

        An engine of several writers begins no transaction; whoever changes the schema commits step by step.
        """
        ...

    def pools(self) -> tuple[PoolState, ...]:
        """Tells how far the pools of connections are used, without asking the engine."""
        ...

    def close(self) -> None:
        """Gives all connections back."""
        ...


_OVERTAKEN = frozenset({"23505", "40001", "40P01"})
"""SQLSTATE: a unique key is taken, a transaction cannot be serialised, two wait for each other."""


def lost_race(error: BaseException) -> bool:
    """Tells whether a transaction failed because another one was first; done again it sees what that one did."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _OVERTAKEN


class SqliteDatabase:
    """SQLite in WAL mode with `synchronous=FULL`: a commit is on disk before it answers. Writers take turns."""

    exclusive = True

    def __init__(self, path: Path) -> None:
        """Opens or makes the file.

        Args:
            path: The file; its folder exists.
        """
        self.path = path
        self._turn = threading.Lock()
        self.syncs = Tally()
        """Waits for the disk: one for each transaction."""
        self._writer = _engine(path, pool.QueuePool, pool_size=1, max_overflow=0)
        self._readers = _engine(path, pool.QueuePool, pool_size=READERS, max_overflow=0)
        event.listen(self._writer, "begin", _begin_immediate)

    def create(self, metadata: MetaData) -> None:
        """Makes the tables that are missing."""
        with self.write() as connection:
            metadata.create_all(connection)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Opens a write transaction. See `Database.write`.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when the disk is full, UNAVAILABLE when the file cannot be used.
        """
        with self._turn, translated(), self._writer.begin() as connection:
            yield connection
            failpoints.reach("uow.before-commit")
        self.syncs.add()
        failpoints.reach("uow.after-commit")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Opens a snapshot. See `Database.read`.

        Raises:
            AxisError: UNAVAILABLE when the file cannot be used.
        """
        with translated(), self._readers.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection

    def look(self) -> AbstractContextManager[Connection]:
        """Opens a snapshot: it costs nothing here. See `Database.look`."""
        return self.read()

    def alter(self) -> AbstractContextManager[Connection]:
        """Opens a transaction like any other: nobody else works meanwhile. See `Database.alter`."""
        return self.write()

    def pools(self) -> tuple[PoolState, ...]:
        """Tells how far the pools are used. See `Database.pools`."""
        return pool_state("read", self._readers), pool_state("write", self._writer)

    def close(self) -> None:
        """Gives all connections back."""
        self._writer.dispose()
        self._readers.dispose()


def pool_state(name: str, engine: Engine) -> PoolState:
    """Tells how far an engine's pool is used.

    Raises:
        TypeError: The pool is no queue.
    """
    found = engine.pool
    if not isinstance(found, pool.QueuePool):
        raise TypeError(f"the pool {name} is a {type(found).__name__}, and only a QueuePool counts")
    return PoolState(name, found.checkedout(), found.size())


@contextmanager
def translated() -> Iterator[None]:
    """Turns failures of the engine into errors that a caller can be told.

    Raises:
        AxisError: RESOURCE_EXHAUSTED when the disk is full, UNAVAILABLE when the engine is away.
    """
    try:
        yield
    except DBAPIError as error:
        raise _told(error) from error


def _told(error: DBAPIError) -> AxisError | DBAPIError:
    text = str(error.orig)
    if "full" in text:
        return storage_full("this")
    if isinstance(error.orig, sqlite3.OperationalError) and "locked" in text:
        return unavailable("DATABASE_BUSY", "The database takes too long to answer. Try again.", timedelta(seconds=1))
    if isinstance(error.orig, sqlite3.OperationalError) and ("I/O" in text or "unable" in text):
        return unavailable("DATABASE_AWAY", "The database does not answer. Try again.", timedelta(seconds=1))
    return error


def _engine(path: Path, poolclass: type[pool.Pool], **options: Any) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=poolclass,
        connect_args={"check_same_thread": False, "timeout": 30, "cached_statements": 512},
        query_cache_size=2000,
        # Errors go into logs and into reasons of dead letters, which no values of rows may reach.
        hide_parameters=True,
        **options,
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: ours begin IMMEDIATE, so that two writers never deadlock.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "journal_size_limit=67108864",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
