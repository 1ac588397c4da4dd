"""Senders share the verification, on every engine: whoever sends very much waits for itself."""

from collections import Counter

import pytest
from tests.contract.databases import DatabaseEngine
from tests.plans import plans_of

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.uow import UnitsOfWork
from lienthong.signing import storage
from lienthong.signing.domain import Parties, SizeClass
from lienthong.testing.clock import FakeClock

MUCH, ROOM = 200, 10


@pytest.fixture
def database(database_engine: DatabaseEngine) -> Database:
    """Where `a` has sent very much, and after that `b` and `c` two documents each."""
    database = database_engine.open()
    migrations.upgrade(database, "signing")
    for sender in ["a"] * MUCH + ["b", "c"] * 2:
        accept(database, sender)
    return database


def units(database: Database) -> UnitsOfWork:
    """Opens transactions."""
    return UnitsOfWork(database, FakeClock(), Uuid7Source())


def accept(database: Database, sender: str) -> None:
    """Takes a document of a sender in."""
    with units(database).begin() as work:
        document = f"{sender} {work.ids.new()}"
        storage.add_document(work.rows, document, Parties(sender, ("r",), ()), [], SizeClass.SMALL, 1)
        storage.add_job(work, document, SizeClass.SMALL, sender)


def claim(database: Database, room: int = ROOM) -> Counter[str]:
    """Claims documents; tells how many of each sender."""
    with units(database).begin() as work:
        claimed = storage.claim_jobs(work.connection, "lease", SizeClass.SMALL, room, 60.0)
    assert len({job.document for job in claimed}) == len(claimed)
    return Counter(job.document[0] for job in claimed)


def test_each_sender_has_its_share_of_a_claim(database: Database) -> None:
    """Who sent a little has it verified at once; the room that nobody else needs goes to whoever waits longest."""
    assert claim(database) == {"a": 6, "b": 2, "c": 2}
    assert claim(database) == {"a": ROOM}


def test_many_senders_have_their_turns(database: Database) -> None:
    """Where there is no room for a document of each, those go first that wait longest, and everybody's turn comes."""
    assert claim(database, 2) == {"a": 1, "b": 1}
    assert claim(database, 3) == {"a": 1, "b": 1, "c": 1}
    assert claim(database, MUCH + 4) == {"a": MUCH - 2, "c": 1}
    assert not claim(database)


def test_senders_take_turns_where_there_is_room_for_one(database: Database) -> None:
    """Large files are verified one after the other: whoever has none in hand comes first."""
    assert [*claim(database, 1), *claim(database, 1), *claim(database, 1)] == ["a", "b", "c"]


def test_what_is_verified_again_has_one_share(database: Database) -> None:
    """Under a new trust very many documents may be verified again; those that come in meanwhile do not wait for it."""
    with units(database).begin() as work:
        jobs = storage.claim_jobs(work.connection, "lease", SizeClass.SMALL, MUCH + 4, 60.0)
        storage.remove_jobs(work.connection, [job.document for job in jobs])
        assert storage.reopen_documents(work.connection, "", "new trust", 0, 1) == MUCH + 4
    accept(database, "z")
    assert claim(database)["z"] == 1


def test_jobs_are_found_along_an_index(database: Database) -> None:
    """However many wait, a claim reads no more than it takes, and one of each sender."""
    found = plans_of(database, lambda: claim(database))
    assert any("jobs_lines" in line for line in found.lines), found.lines
    assert not found.scans
