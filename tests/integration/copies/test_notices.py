"""Two copies of notification have the same notice in hand: the claim of the first ended while it still sent."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import Connection
from tests.engines import fresh_schemas, open_postgres
from tests.integration.copies.conftest import SECONDS

from lienthong.chassis import migrations
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.rows import Rows
from lienthong.notification.domain import Kind
from lienthong.notification.domain.notices import Channel
from lienthong.notification.storage.notices import NewNotice, StoredNotice, add_notice
from lienthong.notification.storage.queue import Attempt, attempts_of, claim, settle

NEW = NewNotice("n", "e", "s", "a", Channel.WEBHOOK, "there", Kind.TASK_ASSIGNED, "t", "t", "", "", 1)
TAKEN = Attempt(0, 1, ok=True, detail="HTTP 204", next_attempt_at=None)


@pytest.fixture
def databases() -> tuple[PostgresDatabase, PostgresDatabase]:
    """The database of notification, as each copy has it open."""
    section = fresh_schemas("notification")
    with closing(open_postgres(section, "notification", owner=True)) as owner:
        migrations.upgrade(owner, "notification")
    return open_postgres(section, "notification"), open_postgres(section, "notification")


def claimed(connection: Connection) -> StoredNotice:
    """Makes a notice that one copy claimed and, later, the other."""
    rows = Rows(connection)
    notice = add_notice(rows, NEW)
    rows.write()
    assert claim(connection, notice.id, "first", 10, 5)
    assert claim(connection, notice.id, "second", 20, 15)
    return notice


def test_both_write_down_how_it_ended(databases: tuple[PostgresDatabase, PostgresDatabase]) -> None:
    """Each attempt has a number of its own, though both are written at the same moment."""
    first, second = databases
    with first.write() as connection:
        notice = claimed(connection)
    began = threading.Event()

    def write() -> None:
        with second.write() as connection:
            began.set()
            settle(connection, notice, "second", TAKEN, 7)

    with ThreadPoolExecutor(1) as threads:
        with first.write() as connection:
            settle(connection, notice, "first", TAKEN, 6)
            writing = threads.submit(write)
            assert began.wait(SECONDS)
        writing.result(SECONDS)
    with first.read() as connection:
        assert [one.number for one in attempts_of(connection, notice.id)] == [1, 2]
