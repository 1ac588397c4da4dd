"""Hints between the copies of a service, by LISTEN and NOTIFY of its database.

Hints are sent beside the transactions that they follow, not in them: a NOTIFY in a transaction makes all commits of the
server take turns.
"""

import select
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import structlog
from psycopg import sql

from lienthong.chassis.seldom import Seldom

_log = structlog.get_logger(__name__)

_PACE_SECONDS = 0.02
"""Pause between two sendings, so that hints that come close together go together."""
_LOOK_SECONDS = 1.0
"""How often it is looked whether to stop."""
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
        self._bell: socket.socket | None = None
        self._ringer: socket.socket | None = None
        self._outages = Seldom()
        self._stopping = threading.Event()
        self._thread = threading.Thread()

    def start(self) -> None:
        """Begins."""
        self._bell, self._ringer = socket.socketpair()
        self._thread = threading.Thread(target=self._run, args=(self._bell,), name=self._channel, daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Ends within `timeout` seconds; hints that wait are lost."""
        self._stopping.set()
        self._ring()
        if self._thread.is_alive():
            self._thread.join(timeout)
        with self._lock:
            for end in (self._bell, self._ringer):
                if end is not None:
                    end.close()
            self._ringer = None

    def send(self, key: str) -> None:
        """Sends a hint to the other copies, soon."""
        with self._lock:
            quiet = not self._waiting
            if len(self._waiting) < _MOST:
                self._waiting.add(key)
            else:
                self._waiting = {_EVERYTHING}
        if quiet:
            self._ring()

    def _ring(self) -> None:
        with self._lock:
            if self._ringer is not None:
                self._ringer.send(b"!")

    def _run(self, bell: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                with closing(self._connect()) as connection:
                    connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
                    self._wake_all()
                    while not self._stopping.is_set():
                        self._turn(connection, bell)
            except psycopg.Error as error:
                if self._outages.is_news(str(error)):
                    _log.warning("hints between copies wait for the database", error=str(error))
                self._stopping.wait(_AGAIN_SECONDS)

    def _turn(self, connection: psycopg.Connection[Any], bell: socket.socket) -> None:
        # Not `select`, which knows no descriptor above 1023: a process with as many clients has such.
        poll = select.poll()
        for one in (connection.fileno(), bell.fileno()):
            poll.register(one, select.POLLIN)
        rung = {one for one, _ in poll.poll(_LOOK_SECONDS * 1000)}
        for heard in connection.notifies(timeout=0):
            if heard.pid == connection.info.backend_pid:
                continue
            if heard.payload == _EVERYTHING:
                self._wake_all()
            else:
                self._wake(heard.payload)
        if bell.fileno() in rung:
            bell.recv(64)
        if self._waiting:
            self._send(connection)

    def _send(self, connection: psycopg.Connection[Any]) -> None:
        with self._lock:
            keys, self._waiting = self._waiting, set()
        connection.execute("SELECT pg_notify(%s, key) FROM unnest(%s::text[]) AS key", (self._channel, list(keys)))
        self._stopping.wait(_PACE_SECONDS)
