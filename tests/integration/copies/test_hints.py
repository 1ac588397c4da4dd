"""Hints reach the streams of every copy, whichever of them wrote."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from tests.engines import fresh_schemas, open_postgres, postgres
from tests.waiting import eventually

from lienthong.chassis.engines.postgres import hints
from lienthong.chassis.engines.postgres.hints import PostgresHints
from lienthong.chassis.engines.postgres.settings import named

MORE_THAN_ALL = "everything"


@dataclass
class Copy:
    """One end of the bus, and what it heard."""

    bus: PostgresHints
    role: str
    heard: list[str] = field(default_factory=list)


@pytest.fixture
def copies() -> Iterator[tuple[Copy, Copy]]:
    """Two copies of a service; each listens before the test begins."""
    section, made = fresh_schemas("service"), []
    for _ in range(2):
        heard: list[str] = []
        database = open_postgres(section, "service")
        bus = database.hints(heard.append, partial(heard.append, MORE_THAN_ALL))
        bus.start()
        made.append(Copy(bus, named(section.role, "service"), heard))
    eventually(lambda: all(copy.heard == [MORE_THAN_ALL] for copy in made))
    for copy in made:
        copy.heard.clear()
    yield made[0], made[1]
    for copy in made:
        copy.bus.stop(5.0)


def test_a_hint_reaches_the_other_copy_and_not_its_own(copies: tuple[Copy, Copy]) -> None:
    """Who sends a hint has woken its own streams already."""
    one, other = copies
    one.bus.send("mailbox:H29")
    eventually(lambda: other.heard == ["mailbox:H29"])
    other.bus.send("mailbox:G22")
    eventually(lambda: one.heard == ["mailbox:G22"])
    assert other.heard == ["mailbox:H29"]


def test_a_flood_is_one_hint_for_everything(copies: tuple[Copy, Copy], monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be sent is bounded; beyond, every stream looks."""
    monkeypatch.setattr(hints, "_MOST", 0)
    one, other = copies
    one.bus.send("mailbox:H29")
    eventually(lambda: other.heard == [MORE_THAN_ALL])


def test_a_cut_connection_is_opened_again(copies: tuple[Copy, Copy]) -> None:
    """Hints may have been lost meanwhile: every stream looks; later hints arrive."""
    one, other = copies
    with postgres().administer() as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()",
            (one.role,),
        )
    eventually(lambda: MORE_THAN_ALL in one.heard and MORE_THAN_ALL in other.heard)
    one.bus.send("mailbox:H29")
    eventually(lambda: other.heard[-1] == "mailbox:H29")
