"""Programs at work on a table while its schema changes: each waits, and fails when that takes too long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, text

from lienthong.chassis.engines.database import Database

PATIENCE = "1s"
"""Nobody waits longer for a table."""

_ZERO = {str: "", int: 0, bytes: b"", bool: False}


def fill(connection: Connection, table: Table, count: int) -> None:
    """Puts rows into a table; every column that must hold something holds nothing much."""
    needed = {one.name: _ZERO[one.type.python_type] for one in table.columns if not one.nullable}
    keys = [one.name for one in table.columns if one.unique or one.primary_key]
    # What is unique together differs too.
    keys += [name for name in ("event", "position", "ordinal") if name in needed]
    connection.execute(
        table.insert(),
        [
            needed | {name: number if table.c[name].type.python_type is int else f"r{number:06}" for name in keys}
            for number in range(count)
        ],
    )


@dataclass
class Crowd:
    """Writers and readers of a table.

    Attributes:
        done: Transactions that they did.
        failures: What went wrong; a lock that one of them waited for longer than `PATIENCE` is told by the server.
    """

    database: Database
    table: str
    done: int = 0
    failures: list[Exception] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self, writers: int = 3) -> Iterator[None]:
        """Lets them work during a block."""
        threads = [threading.Thread(target=self._write, args=(number,)) for number in range(writers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()

    @contextmanager
    def reading_for_long(self, seconds: float) -> Iterator[None]:
        """Has one who read from the table and leaves his transaction open for a while."""

        def read() -> None:
            with self.database.read() as connection:
                connection.execute(text(f"SELECT count(*) FROM {self.table}"))  # noqa: S608 -- our own names
                reading.set()
                self._stopping.wait(seconds)

        reading = threading.Event()
        thread = threading.Thread(target=read)
        thread.start()
        reading.wait()
        yield
        thread.join()

    def _write(self, number: int) -> None:
        # The server's clock counts the wait for the lock alone, however busy this machine is.
        patience = text(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        change = text(f"UPDATE {self.table} SET id = id WHERE id = :id")  # noqa: S608 -- our own names
        turn = number
        while not self._stopping.is_set():
            turn = (turn + 7) % 100
            try:
                with self.database.write() as connection:
                    connection.execute(patience)
                    connection.execute(change, {"id": f"r{turn:06}"})
            except Exception as error:  # noqa: BLE001 -- the test tells it
                self.failures.append(error)
            self.done += 1
