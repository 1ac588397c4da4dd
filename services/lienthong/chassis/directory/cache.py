"""The directory in memory, reread from the service's own copy at least every five seconds."""

import threading
import time

from lienthong.chassis.directory.model import Directory, directory_of
from lienthong.chassis.directory.store import changes_since
from lienthong.chassis.engines.database import Database

MAX_AGE_SECONDS = 5.0
"""So that a revocation holds everywhere within ten seconds while the event log is up."""

LEAST_AGE_SECONDS = 0.1
"""Whoever asks for what is not there does not have the copy reread more often."""


class DirectoryCache:
    """Gives the directory as this service knows it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._change = 0
        self._read_at = float("-inf")
        self._stale = threading.Event()
        self._directory = Directory()

    def changed(self) -> None:
        """Says that the copy changed; the next question rereads it."""
        self._stale.set()

    @property
    def latest(self) -> Directory:
        """The directory as it was read last; asks nobody."""
        return self._directory

    @property
    def fresh(self) -> bool:
        """Whether `get` answers from memory."""
        return not self._stale.is_set() and time.monotonic() - self._read_at < MAX_AGE_SECONDS

    def reread(self) -> Directory:
        """Gives the directory as it is in the copy now: another process may have changed it a moment ago.

        Raises:
            AxisError: UNAVAILABLE when the database is away.
        """
        if time.monotonic() - self._read_at > LEAST_AGE_SECONDS:
            self._stale.set()
        return self.get()

    def get(self) -> Directory:
        """Gives the directory.

        Raises:
            AxisError: UNAVAILABLE when the database is away and nothing was ever read.
        """
        if self.fresh:
            return self._directory
        with self._lock:
            if not self.fresh:
                self._stale.clear()
                self._reread()
        return self._directory

    def _reread(self) -> None:
        with self._database.read() as connection:
            agencies, systems, change = changes_since(connection, self._change)
        # Not earlier: where the connection breaks at its end, what was read is read again.
        self._change = change
        self._read_at = time.monotonic()
        if agencies or systems:
            known = self._directory
            self._directory = directory_of(
                ({**known.agencies, **{agency.id: agency for agency in agencies}}).values(),
                ({**known.systems, **{system.id: system for system in systems}}).values(),
            )
