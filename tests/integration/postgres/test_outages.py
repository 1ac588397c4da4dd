"""The server goes away and comes back: calls are told so in words and in time, and work again by themselves."""

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.waiting import eventually

from lienthong.chassis.engines.postgres import failures
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.seldom import Seldom
from lienthong.dev.postgres import PostgresServer

SECONDS = 20.0
COUNT = text("SELECT value FROM counters WHERE name = 'x'")


def add(database: PostgresDatabase) -> None:
    """Counts on by one."""
    with database.write() as connection:
        connection.execute(
            text("INSERT INTO counters VALUES ('x', 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1")
        )


def counted(database: PostgresDatabase) -> int:
    """Reads the counter."""
    with database.read() as connection:
        return int(connection.execute(COUNT).scalar_one())


def refusal(action: Callable[[], object]) -> tuple[Code, str]:
    """Gives the code and the reason with which something is refused."""
    with pytest.raises(AxisError) as caught:
        action()
    assert caught.value.retry_after is not None
    return caught.value.code, caught.value.reason


def added(database: PostgresDatabase) -> bool:
    """Tells whether a row could be written."""
    try:
        add(database)
    except AxisError:
        return False
    return True


def test_no_server_is_needed_to_begin(section: PostgresSection, server: PostgresServer) -> None:
    """A database is opened without its server; calls are told that it is away."""
    server.stop()
    database = PostgresDatabase(section, "intake")
    assert refusal(lambda: add(database)) == (Code.UNAVAILABLE, "DATABASE_AWAY")
    database.close()


def test_a_killed_server_loses_nothing_that_was_committed(intake: PostgresDatabase, server: PostgresServer) -> None:
    """What was answered is there after `kill -9`, and calls go on by themselves once it is back."""
    for _ in range(3):
        for _ in range(10):
            eventually(lambda: added(intake))
        before = counted(intake)
        server.kill()
        assert refusal(lambda: add(intake)) == (Code.UNAVAILABLE, "DATABASE_AWAY")
        assert refusal(lambda: counted(intake)) == (Code.UNAVAILABLE, "DATABASE_AWAY")
        server.start()
        eventually(lambda: added(intake))
        assert counted(intake) == before + 1


def test_a_transaction_that_is_cut_is_undone(intake: PostgresDatabase, server: PostgresServer) -> None:
    """A connection that the server ends in the middle of a transaction leaves nothing of it."""
    add(intake)

    def cut() -> None:
        with intake.write() as connection:
            connection.execute(text("UPDATE counters SET value = 100"))
            with server.administer() as administrator:
                administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lienthong-intake'"
                )
            connection.execute(COUNT)

    assert refusal(cut) == (Code.UNAVAILABLE, "DATABASE_AWAY")
    eventually(lambda: added(intake))
    assert counted(intake) == 2


def test_a_server_that_hangs_is_told_in_time(intake: PostgresDatabase, server: PostgresServer) -> None:
    """A new connection to a server that does not answer fails after its deadline, not after minutes."""
    add(intake)
    intake.close()
    server.pause()
    begun = time.monotonic()
    assert refusal(lambda: add(intake)) == (Code.UNAVAILABLE, "DATABASE_AWAY")
    assert time.monotonic() - begun < SECONDS
    server.resume()
    eventually(lambda: added(intake))


def test_a_server_that_halts_inside_a_statement_is_given_up(intake: PostgresDatabase, server: PostgresServer) -> None:
    """Its own deadlines stand still with it; the client's does not, and the transaction leaves nothing."""
    add(intake)
    begun = time.monotonic()

    def halt() -> None:
        with intake.write() as connection:
            connection.execute(text("UPDATE counters SET value = 100"))
            server.pause()
            connection.execute(COUNT)

    assert refusal(halt) == (Code.UNAVAILABLE, "DATABASE_AWAY")
    assert time.monotonic() - begun < SECONDS
    server.resume()
    eventually(lambda: added(intake))
    assert counted(intake) == 2


def test_a_slow_statement_is_ended(intake: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes too long is ended by the server, and the caller may come again; the operator is told which it was."""
    monkeypatch.setattr(failures, "_delays", Seldom())

    def slow() -> None:
        with intake.write() as connection:
            connection.execute(text("SELECT pg_sleep(30)"))

    with capture_logs() as logs:
        for _ in range(2):
            assert refusal(slow) == (Code.UNAVAILABLE, "DATABASE_BUSY")
    assert [(one["reason"], one["statement"]) for one in logs] == [
        ("canceling statement due to statement timeout", "SELECT pg_sleep(30)")
    ]
    add(intake)


def test_connections_are_bounded(section: PostgresSection, intake: PostgresDatabase) -> None:
    """More transactions at once than there are connections wait for one; none is opened beyond the bound."""
    inside, go_on = threading.Semaphore(0), threading.Event()

    def hold() -> None:
        with intake.write() as connection:
            connection.execute(text("SELECT 1"))
            inside.release()
            go_on.wait(SECONDS)

    threads = [threading.Thread(target=hold) for _ in range(section.connections + 2)]
    for thread in threads:
        thread.start()
    for _ in range(section.connections):
        assert inside.acquire(timeout=SECONDS)
    assert not inside.acquire(timeout=0.2)
    go_on.set()
    for thread in threads:
        thread.join(SECONDS)
    assert inside.acquire(timeout=SECONDS)
    assert inside.acquire(timeout=SECONDS)
