"""The database contract: writers one after the other, readers on a snapshot, failures in words."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from lienthong.chassis.counters import next_value
from lienthong.chassis.engines.database import Database, SqliteDatabase
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.events.tables import metadata as chassis

metadata = MetaData()
rows = Table("rows", metadata, Column("id", Integer, primary_key=True), Column("name", String))

OpenDatabase = Callable[[], Database]


@pytest.fixture
def database(open_database: OpenDatabase) -> Database:
    """A database with the tables of the chassis and one of this test."""
    database = open_database()
    with database.write() as connection:
        metadata.create_all(connection)
        chassis.create_all(connection)
    return database


def count(database: Database) -> int:
    """Counts the rows."""
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(rows)).scalar_one()


def test_a_block_commits(database: Database, open_database: OpenDatabase) -> None:
    """What a block wrote is there for everybody after it."""
    with database.write() as connection:
        connection.execute(insert(rows).values(name="một"))
    assert count(database) == count(open_database()) == 1


def test_a_block_that_raises_rolls_back(database: Database) -> None:
    """What a block wrote is gone when it raises, and the next writer is not held up."""
    with pytest.raises(KeyError):
        _fail_after(database, lambda connection: connection.execute(insert(rows).values(name="một")))
    assert count(database) == 0
    with database.write() as connection:
        connection.execute(insert(rows).values(name="hai"))
    assert count(database) == 1


def test_writers_take_turns(database: Database) -> None:
    """Read, add one, write back: no addition of eight writers is lost."""
    with database.write() as connection:
        connection.execute(insert(rows).values(id=1, name="0"))

    def add() -> None:
        for _ in range(10):
            with database.write() as connection:
                value = int(connection.execute(select(rows.c.name)).scalar_one())
                connection.execute(rows.update().values(name=str(value + 1)))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    with database.read() as connection:
        assert connection.execute(select(rows.c.name)).scalar_one() == "80"


def test_writers_of_two_processes_take_turns(database: Database, open_database: OpenDatabase) -> None:
    """A second process waits for the first one's transaction instead of failing."""
    other, inside, done = open_database(), threading.Event(), threading.Event()

    def write() -> None:
        inside.wait(10.0)
        with other.write() as connection:
            connection.execute(insert(rows).values(name="sau"))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    with database.write() as connection:
        connection.execute(insert(rows).values(name="trước"))
        inside.set()
        assert not done.wait(0.1)
    thread.join(10.0)
    with database.read() as connection:
        assert connection.execute(select(rows.c.name).order_by(rows.c.id)).scalars().all() == ["trước", "sau"]


def test_a_reader_sees_one_moment(database: Database) -> None:
    """A snapshot does not change while others commit, does not hold writers up, and sees nothing uncommitted."""
    with database.read() as connection:
        look = select(func.count()).select_from(rows)
        assert connection.execute(look).scalar_one() == 0
        with database.write() as writer:
            writer.execute(insert(rows).values(name="một"))
            assert connection.execute(look).scalar_one() == 0
            assert count(database) == 0
        assert connection.execute(look).scalar_one() == 0
    assert count(database) == 1


def counted(connection: Connection, name: str, times: int = 1) -> int:
    """Counts on, and writes it."""
    rows = Rows(connection, locking=True)
    value = next_value(rows, name, times)
    rows.write()
    return value


def test_counters_follow_commit_order(database: Database) -> None:
    """A counter taken in a transaction follows commit order: whoever took the earlier value commits first."""
    order: list[tuple[str, int]] = []
    first_inside, second_started = threading.Event(), threading.Event()

    def first() -> None:
        with database.write() as connection:
            value = counted(connection, "mailbox")
            first_inside.set()
            second_started.wait(10.0)
        order.append(("first", value))

    def second() -> None:
        first_inside.wait(10.0)
        second_started.set()
        # It would commit earlier if it were let in; then a reader could pass the first one's value for ever.
        with database.write() as connection:
            value = counted(connection, "mailbox")
            order.append(("second", value))

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    assert sorted(order) == [("first", 1), ("second", 2)]
    with database.read() as connection:
        assert connection.execute(text("SELECT value FROM counters WHERE name = 'mailbox'")).scalar_one() == 2


def test_a_counter_given_back(database: Database) -> None:
    """A rolled back transaction gives its values back: no reader waits for a gap."""
    with pytest.raises(KeyError):
        _fail_after(database, lambda connection: counted(connection, "mailbox", 3))
    with database.write() as connection:
        assert counted(connection, "mailbox") == 1
        assert counted(connection, "mailbox", 5) == 6
        assert counted(connection, "other") == 1


def test_a_broken_rule_is_the_programs_own_affair(database: Database) -> None:
    """A violated constraint is no outage: it is raised as what it is."""
    with database.write() as connection:
        connection.execute(insert(rows).values(id=1))
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(rows).values(id=1))


def test_a_full_disk(database: Database) -> None:
    """A full disk is RESOURCE_EXHAUSTED with a time to try again; reading goes on, and writing once there is room."""
    if not isinstance(database, SqliteDatabase):
        pytest.fail("say here how this engine's disk is made full")
    with database._writer.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(AxisError) as refused, database.write() as connection:
        connection.execute(insert(rows).values(name="x" * 1_000_000))
    assert (refused.value.code, refused.value.reason) == (Code.RESOURCE_EXHAUSTED, "STORAGE_FULL")
    assert refused.value.retry_after is not None
    assert count(database) == 0
    with database._writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    with database.write() as connection:
        connection.execute(insert(rows).values(name="x" * 1_000_000))


def test_a_locked_file(open_database: OpenDatabase, database: Database) -> None:
    """A database that stays locked is UNAVAILABLE with a time to try again."""
    other = open_database()
    if not isinstance(other, SqliteDatabase):
        pytest.fail("say here how this engine is locked")
    with other._writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    with (
        database.write() as connection,
        pytest.raises(AxisError) as refused,
        other.write(),
    ):
        connection.execute(insert(rows).values(name="một"))
    assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "DATABASE_AWAY")
    assert refused.value.retry_after is not None


def _fail_after(database: Database, action: Callable[[Connection], object]) -> None:
    with database.write() as connection:
        action(connection)
        raise KeyError
