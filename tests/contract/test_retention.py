"""What has had its time goes in bounded batches, along an index, and nothing else goes."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.contract.databases import DatabaseEngine
from tests.plans import plans_of

from lienthong.chassis.config import RetentionSection
from lienthong.chassis.engines.database import Database
from lienthong.chassis.events.tables import audit, metadata, outbox, requests
from lienthong.chassis.retention import BATCH, Expiry, of_every_service

DAY = timedelta(days=1) // timedelta(microseconds=1)
NOW = 20_000 * DAY
MANY = 12_000
LONGEST_SECONDS = 1.0

OUTBOX, REQUESTS = of_every_service(RetentionSection(outbox_days=7, answers_days=30))


@pytest.fixture
def database(database_engine: DatabaseEngine) -> Database:
    """A database with the tables that every service has."""
    database = database_engine.open()
    with database.write() as connection:
        metadata.create_all(connection)
    return database


def tell(database: Database, count: int, written: float, published: float | None) -> None:
    """Puts events into the outbox that were written and published so many days ago."""
    row = {"shard": 0, "topic": "t", "key": "k", "type": "T", "subject": "s", "sequence": 1, "traceparent": ""}
    at = None if published is None else round(NOW - published * DAY)
    row |= {"event_id": "e", "value": bytes(300), "written_at": round(NOW - written * DAY), "published_at": at}
    with database.write() as connection:
        connection.execute(outbox.insert(), [row] * count)


def answer(database: Database, count: int, days: float) -> None:
    """Remembers answers that were given so many days ago."""
    row = {"agency": "a", "method": "m", "content": b"", "answer": b"", "resource": ""}
    rows = [row | {"request_id": f"{days}-{number}", "answered_at": round(NOW - days * DAY)} for number in range(count)]
    with database.write() as connection:
        connection.execute(requests.insert(), rows)


def left(database: Database, expiry: Expiry) -> int:
    """Counts the rows of a table."""
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(expiry.table)).scalar_one()


def batch(database: Database, expiry: Expiry) -> int:
    """Removes one batch."""
    with database.write() as connection:
        return expiry.remove(connection, NOW)


def test_many_old_rows_go_in_batches(database: Database) -> None:
    """However many there are: a batch is bounded in rows and takes less than a second, and the young ones stay."""
    tell(database, MANY, 9, 8)
    tell(database, 50, 6, 6)
    answer(database, 2 * BATCH + 1, 31)
    answer(database, 10, 29)
    with database.read() as connection:
        assert OUTBOX.count(connection, NOW) == MANY
    begun = time.monotonic()
    assert [batch(database, OUTBOX) for _ in range(MANY // BATCH + 1)] == [BATCH] * (MANY // BATCH) + [0]
    assert (time.monotonic() - begun) / (MANY // BATCH) < LONGEST_SECONDS
    assert left(database, OUTBOX) == 50
    assert [batch(database, REQUESTS) for _ in range(4)] == [BATCH, BATCH, 1, 0]
    assert left(database, REQUESTS) == 10


def test_events_that_wait_or_waited_long_stay(database: Database) -> None:
    """An event counts from when it was published; one that was not is never removed."""
    tell(database, 3, 30, None)
    tell(database, 2, 30, 1)
    tell(database, 1, 30, 8)
    assert batch(database, OUTBOX) == 1
    assert left(database, OUTBOX) == 5


@pytest.mark.parametrize("expiry", [OUTBOX, REQUESTS], ids=lambda expiry: expiry.name)
def test_old_rows_are_found_along_an_index(database: Database, expiry: Expiry) -> None:
    """A table that has grown is not read as a whole, nor sorted, to find its oldest rows."""
    tell(database, 100, 9, 8)
    answer(database, 100, 31)

    def remove() -> None:
        with database.write() as connection:
            expiry.remove(connection, NOW, 10)

    plans = plans_of(database, remove)
    assert plans.lines
    assert not plans.scans
    assert not plans.sorts


def test_two_copies_do_not_wait_for_each_other(database_engine: DatabaseEngine, database: Database) -> None:
    """While one copy removes a batch, the other takes the next one; together they remove each row once."""
    if database.exclusive:
        assert batch(database, OUTBOX) == 0
        return
    tell(database, BATCH + 100, 9, 8)
    with database.write() as connection:
        assert OUTBOX.remove(connection, NOW) == BATCH
        assert batch(database_engine.open(), OUTBOX) == 100
    assert left(database, OUTBOX) == 0


def test_what_proves_is_not_among_it() -> None:
    """The audit trail never goes by itself."""
    assert audit not in {OUTBOX.table, REQUESTS.table}
