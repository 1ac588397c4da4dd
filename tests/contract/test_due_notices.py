"""What one endpoint or agency keeps waiting, however much it is, keeps the notices of others waiting on no engine."""

from collections import Counter

import pytest
from tests.contract.databases import DatabaseEngine

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database
from lienthong.notification.domain.notices import Channel
from lienthong.notification.storage.queue import Held, Share, due_notices, given_up
from lienthong.notification.storage.tables import circuits, notices

MUCH, LIVES, NOW = 500, 10**15, 10_000
SHARE = Share(agency=2, endpoint=2)


@pytest.fixture
def database(database_engine: DatabaseEngine) -> Database:
    """Where very much waits at `dead x`, and after that two notices of each of `b x` and `c x`."""
    database = database_engine.open()
    migrations.upgrade(database, "notification")
    waiting = ["dead x"] * MUCH + ["c x", "b x"] * 2
    with database.write() as connection:
        connection.execute(notices.insert(), [_row(number, endpoint) for number, endpoint in enumerate(waiting)])
    return database


def _row(number: int, endpoint: str) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(("event", "title", "text", "document", "document_id", "lease"), str(number))
    row |= {"id": f"{number:04}", "subscription": "s", "agency": endpoint.partition(" ")[0], "endpoint": endpoint}
    row |= {"created_at": number, "next_attempt_at": number + 1, "lease_until": 0, "position": number, "attempts": 0}
    return row | {"channel": "WEBHOOK", "kind": "document.available", "state": "PENDING"}


def _close(database: Database) -> None:
    with database.write() as connection:
        values = {"failures": 9, "openings": 1, "open_until": LIVES, "blocked_until": LIVES}
        connection.execute(circuits.insert(), [{"endpoint": "dead x", **values}])


def _due(database: Database, held: Held) -> list[str]:
    with database.read() as connection:
        found = due_notices(connection, Channel.WEBHOOK, (NOW, NOW), held, SHARE, 9)
    return [one.new.endpoint for one in found]


def test_an_endpoint_that_is_left_alone_hides_no_other(database: Database) -> None:
    """Behind what waits for it each other endpoint has its turn, longest due first."""
    _close(database)
    assert _due(database, Held(Counter(), Counter())) == ["c x", "b x"]


def test_an_agency_or_endpoint_with_its_share_hides_no_other(database: Database) -> None:
    """Behind what waits for it each other endpoint has its turn, longest due first."""
    assert _due(database, Held(Counter({"dead": 2}), Counter())) == ["c x", "b x"]
    assert _due(database, Held(Counter(), Counter({"dead x": 2}))) == ["c x", "b x"]


def test_what_is_longest_due_goes_first(database: Database) -> None:
    """An endpoint that may be called is not made to wait because much waits for it."""
    assert _due(database, Held(Counter(), Counter())) == ["dead x"] * 9


def test_the_oldest_of_an_endpoint_that_is_left_alone_are_given_up(database: Database) -> None:
    """What is too old ends, the oldest first, and nothing that may still be sent."""
    with database.read() as connection:
        assert given_up(connection, Channel.WEBHOOK, (NOW, NOW), LIVES, 9) == []
    _close(database)
    with database.read() as connection:
        found = given_up(connection, Channel.WEBHOOK, (NOW, NOW), 3, 9)
    assert [one.id for one in found] == ["0000", "0001", "0002"]
