"""The database contract on PostgreSQL.

Writers work beside each other (READ COMMITTED): they take the locks of the rows that they change, in one order, and the
uniqueness of keys decides the rest. Whoever loses such a race does its work again.
"""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, pool
from sqlalchemy.exc import DisconnectionError, InvalidRequestError

from lienthong.chassis import failpoints
from lienthong.chassis.engines.database import PoolState, pool_state
from lienthong.chassis.engines.postgres.failures import READ_ONLY, away, translated
from lienthong.chassis.engines.postgres.hints import PostgresHints
from lienthong.chassis.engines.postgres.settings import PostgresSection, named
from lienthong.chassis.tally import Tally

_POOL_SECONDS = 10.0

_GRACE_SECONDS = 3.0
"""What the server may take beyond its own deadline for a statement."""
_LOOK_SECONDS = 0.1
_LAST_WORD_MS = 100
"""A server says that it ends a connection, and a moment later does."""


class PostgresDatabase:
    """One service's schema. Needs no server to be made; calls are UNAVAILABLE while there is none."""

    exclusive = False

    def __init__(self, section: PostgresSection, service: str, *, owner: bool = False) -> None:
        """Prepares pools of connections; none is opened yet.

        Args:
            section: Where the server is.
            service: Whose schema.
            owner: Whether to work as the role that owns the tables, to change them.
        """
        self.service = service
        self.syncs = Tally()
        """Waits for the disk: one for each transaction that wrote."""
        self._open = partial(_engine, section, service, owner=owner)
        self._writers = self._open(_WRITING)
        self._readers = self._open(_READING)
        self._lookers = self._readers.execution_options(isolation_level="AUTOCOMMIT")
        """The same connections; a statement is a transaction of its own, so that it takes one trip and not three."""
        self._hearing = partial(_arguments, section, service, {}, owner=owner)
        self._schema = named(section.schema_name, service)

    def hints(self, wake: Callable[[str], None], wake_all: Callable[[], None]) -> PostgresHints:
        """Makes a bus for hints between the copies that work on this schema. See `PostgresHints`."""
        connect = partial(psycopg.connect, autocommit=True)
        return PostgresHints(lambda: connect(**_read(self._hearing)), f"hints_{self._schema}", wake, wake_all)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Opens a write transaction. See `Database.write`.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when the disk is full, UNAVAILABLE when the server is away or busy.
        """
        with translated(), _connected(self._writers) as connection, connection.begin():
            yield connection
            failpoints.reach("uow.before-commit")
        self.syncs.add()
        failpoints.reach("uow.after-commit")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Opens a snapshot. See `Database.read`.

        Raises:
            AxisError: UNAVAILABLE when the server is away or busy.
        """
        with translated(), _connected(self._readers) as connection:
            yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Opens a connection without a snapshot. See `Database.look`.

        Raises:
            AxisError: UNAVAILABLE when the server is away or busy.
        """
        with translated(), _connected(self._lookers) as connection:
            yield connection

    @contextmanager
    def alter(self) -> Iterator[Connection]:
        """Opens a connection that changes the schema. See `Database.alter`.

        Whoever waits for the lock of a table lets everybody wait behind it: so it waits half a second at most, and what
        it does under that lock takes a second at most. `schema_changes` knows how to do what takes longer.

        Raises:
            AxisError: UNAVAILABLE when the server is away, or others hold what is needed.
        """
        engine = self._open(_ALTERING)
        try:
            with translated(), engine.connect() as connection:
                yield connection
        finally:
            # Locks of the session end with it.
            engine.dispose()

    def pools(self) -> tuple[PoolState, ...]:
        """Tells how far the pools are used. See `Database.pools`."""
        return pool_state("read", self._readers), pool_state("write", self._writers)

    def close(self) -> None:
        """Gives all connections back."""
        self._writers.dispose()
        self._readers.dispose()


class _Connection(psycopg.Connection[Any]):
    """Gives up a server that keeps the connection open and says nothing: the server's own deadlines do not end then."""

    patience = _GRACE_SECONDS
    """Seconds."""

    def wait(self, gen: Any, interval: float = _LOOK_SECONDS, timeout: float | None = None) -> Any:
        """Waits for the server. See the library's.

        Raises:
            OperationalError: It took too long; the connection is closed.
        """
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:  # noqa: SLF001 -- what the library's `wait` says that it raises
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the server said nothing for {self.patience:g} s") from error


_WRITING = {"default_transaction_isolation": "read committed"}
_READING = {"default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on"}
_ALTERING = {**_WRITING, "lock_timeout": "500", "statement_timeout": "1000"}


def _arguments(section: PostgresSection, service: str, session: dict[str, str], *, owner: bool) -> dict[str, Any]:
    password = section.owner_password_file if owner else section.password_file
    settings = {
        "search_path": named(section.schema_name, service),
        "statement_timeout": f"{section.statement_seconds * 1000:.0f}",
        "lock_timeout": f"{section.lock_seconds * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{section.idle_seconds * 1000:.0f}",
        "timezone": "UTC",
        **session,
    }
    arguments: dict[str, Any] = {
        "host": ",".join(server.rpartition(":")[0].strip("[]") for server in section.servers),
        "port": ",".join(server.rpartition(":")[2] for server in section.servers),
        "dbname": section.database,
        "user": named(section.owner if owner else section.role, service),
        "password": Path(named(password, service)).read_text("utf-8").strip() if password else None,
        "connect_timeout": section.connect_seconds,
        "application_name": f"lienthong-{service}",
        "client_encoding": "utf8",
        "target_session_attrs": "primary",
        "options": " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in settings.items()),
        # A peer that vanished without a word is noticed before the callers' patience ends.
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
        "sslmode": "verify-full" if section.tls == "verify" else "disable",
    }
    if section.ca_file is not None:
        arguments["sslrootcert"] = str(section.ca_file)
    elif section.tls == "verify":
        arguments["sslrootcert"] = "system"
    return arguments


def _read(arguments: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Gives the arguments as the files have them now: passwords change while a process runs."""
    try:
        return arguments()
    except OSError as error:
        raise psycopg.OperationalError(f"{error.filename} cannot be read: {error.strerror}") from error


def _engine(section: PostgresSection, service: str, session: dict[str, str], *, owner: bool) -> Engine:
    arguments = partial(_arguments, section, service, session, owner=owner)
    arguments()
    patience = section.statement_seconds + _GRACE_SECONDS

    def connect() -> _Connection:
        made = _Connection.connect(**_read(arguments), cursor_factory=psycopg.RawCursor)
        made.server_cursor_factory = psycopg.RawServerCursor
        made.patience = patience
        return made

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=pool.QueuePool,
        pool_size=section.connections,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
        query_cache_size=2000,
        hide_parameters=True,
        # As the server numbers them: of a statement with more than 50 values the driver would translate the marks at
        # every execution, which costs four times as much as all the rest.
        paramstyle="numeric_dollar",
    )
    event.listen(engine, "checkout", _insist_on_open)
    event.listen(engine, "handle_error", _leave_read_only)
    return engine


def _insist_on_open(connection: psycopg.Connection[Any], _record: object, _fairy: object) -> None:
    """Has a connection replaced that the server ended while nobody used it, before anybody meets it.

    Raises:
        DisconnectionError: It did.
    """
    heard, patience_ms = select.poll(), 0
    heard.register(connection.fileno(), select.POLLIN)
    try:
        while heard.poll(patience_ms):
            connection.pgconn.consume_input()
            patience_ms = _LAST_WORD_MS
    except psycopg.OperationalError as error:
        raise DisconnectionError(str(error)) from error


def _leave_read_only(context: ExceptionContext) -> None:
    """Uses no connection again that takes no writes: the next one may, and this one never does."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except InvalidRequestError as error:
        # What the pool opened anew was ended as well, before anybody had it.
        raise away(str(error)) from error
    with connection:
        yield connection
