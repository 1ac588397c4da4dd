"""The database contract: writers one after the other, readers on a snapshot, failures in words."""

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from tests.contract.databases import DatabaseEngine

from lienthong.chassis.counters import next_value
from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.engines.sql import take_locks
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.events.tables import metadata as chassis
from lienthong.chassis.races import again

LARGE = Random(7).randbytes(500_000).hex()  # noqa: S311 -- no secret
"""A text of a megabyte that no engine makes much smaller."""

metadata = MetaData()
keys = Table("keys", metadata, Column("name", String, primary_key=True))
rows = Table("rows", metadata, Column("id", Integer, primary_key=True), Column("name", String))


@pytest.fixture
def database(database_engine: DatabaseEngine) -> Database:
    """A database with the tables of the chassis and one of this test."""
    database = database_engine.open()
    with database.write() as connection:
        metadata.create_all(connection)
        chassis.create_all(connection)
    return database


def count(database: Database) -> int:
    """Counts the rows."""
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(rows)).scalar_one()


def test_a_block_commits(database: Database, database_engine: DatabaseEngine) -> None:
    """What a block wrote is there for everybody after it."""
    with database.write() as connection:
        connection.execute(insert(rows).values(name="một"))
    assert count(database) == count(database_engine.open()) == 1


def test_a_block_that_raises_rolls_back(database: Database) -> None:
    """What a block wrote is gone when it raises, and the next writer is not held up."""
    with pytest.raises(KeyError):
        _fail_after(database, lambda connection: connection.execute(insert(rows).values(name="một")))
    assert count(database) == 0
    with database.write() as connection:
        connection.execute(insert(rows).values(name="hai"))
    assert count(database) == 1


def test_a_row_under_lock_is_changed_by_one(database: Database) -> None:
    """Read under a lock, add one, write back: no addition of eight writers is lost."""
    with database.write() as connection:
        connection.execute(insert(rows).values(id=1, name="0"))

    def add() -> None:
        for _ in range(10):
            with database.write() as connection:
                value = int(connection.execute(select(rows.c.name).with_for_update()).scalar_one())
                connection.execute(rows.update().values(name=str(value + 1)))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: add(), range(8)))
    with database.read() as connection:
        assert connection.execute(select(rows.c.name)).scalar_one() == "80"


@pytest.mark.parametrize("lock", ["row", "name"])
def test_whoever_waited_for_a_lock_sees_what_was_done(
    database: Database, database_engine: DatabaseEngine, lock: str
) -> None:
    """A second process waits for the first one's transaction instead of failing, and finds what it left."""
    other, inside, seen = database_engine.open(), threading.Event(), list[str]()
    with database.write() as connection:
        connection.execute(insert(rows).values(id=1, name="trước"))

    def take(connection: Connection) -> None:
        if lock == "name":
            take_locks(connection, ["mailbox"])
        else:
            connection.execute(select(rows.c.id).where(rows.c.id == 1).with_for_update()).one()

    def follow() -> None:
        inside.wait(10.0)
        with other.write() as connection:
            take(connection)
            seen.append(connection.execute(select(rows.c.name)).scalar_one())

    thread = threading.Thread(target=follow)
    thread.start()
    with database.write() as connection:
        take(connection)
        inside.set()
        thread.join(0.1)
        assert thread.is_alive()
        connection.execute(rows.update().values(name="sau"))
    thread.join(10.0)
    assert seen == ["sau"]


def test_of_two_that_insert_a_key_one_fails_and_is_told_why(
    database: Database, database_engine: DatabaseEngine
) -> None:
    """The second waits for the first, fails, and done again it sees what the first one did."""
    other, inside, seen = database_engine.open(), threading.Event(), list[str]()

    def insert_unless_there(connection: Connection, name: str) -> str:
        found = connection.execute(select(rows.c.name).where(rows.c.id == 1)).scalar_one_or_none()
        if found is None:
            connection.execute(insert(rows).values(id=1, name=name))
        return found or name

    def second() -> None:
        with other.write() as connection:
            seen.append(insert_unless_there(connection, "hai"))

    def follow() -> None:
        inside.wait(10.0)
        again(second)

    thread = threading.Thread(target=follow)
    thread.start()
    with database.write() as connection:
        insert_unless_there(connection, "một")
        inside.set()
        thread.join(0.1)
    thread.join(10.0)
    assert seen == ["một"]


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


def test_a_look_sees_what_was_committed(database: Database) -> None:
    """A look sees what is committed and nothing else; whoever reads with the same connection later has a snapshot."""
    for number in range(2):
        with database.look() as connection:
            assert connection.execute(select(func.count()).select_from(rows)).scalar_one() == number
        with database.read() as connection:
            assert connection.execute(select(func.count()).select_from(rows)).scalar_one() == number
            with database.write() as writer:
                writer.execute(insert(rows).values(name=str(number)))
                with database.look() as beside:
                    assert beside.execute(select(func.count()).select_from(rows)).scalar_one() == number
            assert connection.execute(select(func.count()).select_from(rows)).scalar_one() == number


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


def test_a_broken_rule_shows_no_values(database: Database) -> None:
    """Errors go into logs and into reasons of dead letters: no value of a row, nor of a key, is told with them."""
    names = [{"name": "Ủy ban nhân dân"}, {"name": "Ủy ban nhân dân"}]
    with pytest.raises(IntegrityError) as broken, database.write() as connection:
        connection.execute(insert(keys), names)
    told = "".join(traceback.format_exception(broken.value))
    assert "IntegrityError" in told
    assert "Ủy ban" not in told


def test_a_full_disk(database: Database, database_engine: DatabaseEngine) -> None:
    """A full disk is RESOURCE_EXHAUSTED with a time to try again; reading goes on, and writing once there is room."""
    with database_engine.full(database, "rows"):
        with pytest.raises(AxisError) as refused, database.write() as connection:
            connection.execute(insert(rows).values(name=LARGE))
        assert (refused.value.code, refused.value.reason) == (Code.RESOURCE_EXHAUSTED, "STORAGE_FULL")
        assert refused.value.retry_after is not None
        assert count(database) == 0
    with database.write() as connection:
        connection.execute(insert(rows).values(name=LARGE))


def test_waiting_for_a_lock_ends(database: Database, database_engine: DatabaseEngine) -> None:
    """A lock that another one holds for long is UNAVAILABLE with a time to try again."""
    other = database_engine.open_impatient()
    with database.write() as connection:
        connection.execute(insert(rows).values(id=1, name="một"))

    def take() -> None:
        with other.write() as connection:
            connection.execute(select(rows).with_for_update()).all()

    with database.write() as connection:
        connection.execute(select(rows).with_for_update()).all()
        with pytest.raises(AxisError) as refused:
            take()
    assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "DATABASE_BUSY")
    assert refused.value.retry_after is not None


def _fail_after(database: Database, action: Callable[[Connection], object]) -> None:
    with database.write() as connection:
        action(connection)
        raise KeyError
