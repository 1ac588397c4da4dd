"""Hints between the copies of a service, by LISTEN and NOTIFY of its database.

Hints are sent beside the transactions that they follow, not in them: a NOTIFY in a transaction makes all commits of the
server take turns. A pooler between that gives a server connection for each transaction only keeps hints from coming;
streams then look by themselves.
"""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from psycopg import sql

_log = structlog.get_logger(__name__)

_TURN_SECONDS = 0.05
"""How long hints wait to be sent together."""
_AGAIN_SECONDS = 2.0
_MOST = 10_000
"""Keys that wait to be sent; beyond, one hint for everything is sent."""
_EVERYTHING = "*"


class PostgresHints:
    """Carries hints: one thread and one connection of its own, opened when the server is there."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        channel: str,
        wake: Callable[[str], None],
        wake_all: Callable[[], None],
    ) -> None:
        """Prepares the thread.

        Args:
            connect: Opens a connection in autocommit mode.
            channel: Of the copies that share hints.
            wake: Takes the key of a hint from another copy.
            wake_all: Says that hints may have been lost.
        """
        self._connect = connect
        self._channel = channel
        self._wake = wake
        self._wake_all = wake_all
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"hints-{channel}", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Ends within `timeout` seconds; hints that wait are lost."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def send(self, key: str) -> None:
        """Sends a hint to the other copies, soon."""
        with self._lock:
            if len(self._waiting) < _MOST:
                self._waiting.add(key)
            else:
                self._waiting = {_EVERYTHING}

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._connect() as connection:
                    connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
                    self._wake_all()
                    while not self._stopping.is_set():
                        self._turn(connection)
            except psycopg.Error as error:
                _log.warning("hints between copies wait for the database", error=str(error))
                self._stopping.wait(_AGAIN_SECONDS)

    def _turn(self, connection: psycopg.Connection[Any]) -> None:
        for heard in connection.notifies(timeout=_TURN_SECONDS):
            if heard.pid == connection.info.backend_pid:
                continue
            if heard.payload == _EVERYTHING:
                self._wake_all()
            else:
                self._wake(heard.payload)
        with self._lock:
            keys, self._waiting = self._waiting, set()
        if keys:
            connection.execute("SELECT pg_notify(%s, key) FROM unnest(%s::text[]) AS key", (self._channel, list(keys)))
