"""Whether this process can take calls: its health, by the database that all calls need, and by its data folder.

A process that lives but is not ready keeps its open calls and gets no new ones. The event log and the content store are
not asked: without them calls go on, as far as they can.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog
from sqlalchemy import select

from lienthong.chassis.engines.database import Database
from lienthong.chassis.errors import AxisError, cause_of
from lienthong.chassis.periodic import Periodic
from lienthong.chassis.rpc.server import Server

LOOK_SECONDS = 2.0
_TOLD_AGAIN = 30
"""Looks after which a wait that goes on is told again: a minute."""

_ANSWER = select(1)

_log = structlog.get_logger(__name__)


class Readiness:
    """Looks again and again, and tells the server's health."""

    def __init__(self, databases: Sequence[Database], server: Server, has_folder: Callable[[], bool]) -> None:
        """Prepares the look; to be made in the server's event loop.

        Args:
            databases: Of the services in this process.
            server: Whose health is told.
            has_folder: Tells whether the data folder is still there.
        """
        self._databases = databases
        self._server = server
        self._has_folder = has_folder
        self._loop = asyncio.get_running_loop()
        self._ready = True
        self._worker = Periodic("readiness", self._look, LOOK_SECONDS)

    def start(self) -> None:
        """Begins; the server is healthy until a look says otherwise."""
        self._worker.start()

    def stop(self, timeout: float) -> None:
        """Ends within `timeout` seconds."""
        self._worker.stop(timeout)

    def _look(self) -> bool:
        # Files that were removed can still be written, and nobody finds again what is.
        reason, cause = "" if self._has_folder() else "DATA_FOLDER_GONE", ""
        try:
            for database in self._databases:
                with database.look() as connection:
                    connection.execute(_ANSWER)
        except AxisError as error:
            reason, cause = error.reason, cause_of(error)
        if self._ready is bool(reason):
            self._ready = not reason
            _log.warning("ready again" if self._ready else "not ready", reason=reason, cause=cause)
            asyncio.run_coroutine_threadsafe(self._server.tell(ready=self._ready), self._loop).result(LOOK_SECONDS)
        return False


async def patiently(
    action: Callable[[], None], stopping: asyncio.Event, meanwhile: Callable[[], Awaitable[None]]
) -> bool:
    """Does what needs the database, again and again while it is away, however long.

    Args:
        action: What is done; it may be done again after it failed.
        stopping: Ends the wait.
        meanwhile: What is done when there is a wait, before it; done again it does nothing.

    Returns:
        Whether it was done; False when it was to stop before.

    Raises:
        Exception: What `action` raises other than an `AxisError`.
    """
    looks = 0
    while not stopping.is_set():
        try:
            await asyncio.to_thread(action)
        except AxisError as error:
            if looks % _TOLD_AGAIN == 0:
                _log.warning("waits for the database", reason=error.reason, cause=cause_of(error))
            looks += 1
            await meanwhile()
        else:
            return True
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)
    return False
