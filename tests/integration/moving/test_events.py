"""What is published again after a move: what somebody has not had, and nothing else."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import SqliteDatabase
from lienthong.chassis.events.event import DELIVERIES, DIRECTORY, DOCUMENTS
from lienthong.chassis.events.tables import outbox, positions
from lienthong.moving.events import tell_again
from lienthong.moving.installation import SERVICES

Databases = dict[str, SqliteDatabase]


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Databases]:
    """The databases of all services, empty."""
    made = {service: SqliteDatabase(tmp_path / f"{service}.db") for service in SERVICES}
    for service, database in made.items():
        migrations.upgrade(database, service)
    yield made
    for database in made.values():
        database.close()


def told(databases: Databases, service: str, topic: str, *events: tuple[str, int], published: int | None = 1) -> None:
    """Puts events, given as aggregate and version, into an outbox."""
    rows = [
        {"event_id": f"{subject}-{number}", "shard": 0, "topic": topic, "key": subject, "type": "T", "subject": subject}
        | {"sequence": number, "value": b"", "traceparent": "", "written_at": 1, "published_at": published}
        for subject, number in events
    ]
    with databases[service].write() as connection:
        connection.execute(outbox.insert(), rows)


def heard(databases: Databases, topic: str, versions: Mapping[str, int], *services: str) -> None:
    """Says how far services are with aggregates."""
    rows = [{"topic": topic, "subject": subject, "version": version} for subject, version in versions.items()]
    for service in services:
        with databases[service].write() as connection:
            connection.execute(positions.insert(), rows)


def waiting(databases: Databases, service: str) -> list[str]:
    """Gives the events that wait to be published, in order."""
    found = select(outbox.c.event_id).where(outbox.c.published_at.is_(None)).order_by(outbox.c.id)
    with databases[service].read() as connection:
        return list(connection.execute(found).scalars())


def test_what_one_consumer_lacks_goes_out_again(databases: Databases) -> None:
    """Of each aggregate the events after the slowest consumer's version, also one that it has not heard of at all."""
    told(databases, "intake", DOCUMENTS, ("all", 1), ("all", 2), ("slow", 1), ("slow", 2), ("slow", 3), ("new", 1))
    heard(databases, DOCUMENTS, {"all": 2, "slow": 3}, "signing", "workflow")
    heard(databases, DOCUMENTS, {"all": 2, "slow": 1}, "routing")
    heard(databases, DOCUMENTS, {"all": 2, "slow": 2}, "notification")
    told(databases, "routing", DELIVERIES, ("delivery", 1), ("delivery", 2))
    heard(databases, DELIVERIES, {"delivery": 2}, "workflow")
    heard(databases, DELIVERIES, {"delivery": 1}, "notification")
    assert tell_again(databases) == 4
    assert waiting(databases, "intake") == ["slow-2", "slow-3", "new-1"]
    assert waiting(databases, "routing") == ["delivery-2"]


def test_what_waits_goes_on_waiting_in_its_place(databases: Databases) -> None:
    """Events that were never published go out after those of their aggregate that go out again."""
    told(databases, "intake", DOCUMENTS, ("one", 1))
    told(databases, "intake", DOCUMENTS, ("one", 2), published=None)
    heard(databases, DOCUMENTS, {"one": 1}, "signing", "routing", "notification")
    assert tell_again(databases) == 1
    assert waiting(databases, "intake") == ["one-1", "one-2"]


def test_old_states_of_the_directory_stay_where_they_are(databases: Databases) -> None:
    """The directory is told as it stands, not as it was."""
    told(databases, "routing", DIRECTORY, ("agency", 1), ("agency", 2))
    assert tell_again(databases) == 0
    assert waiting(databases, "routing") == []


def test_many_events_are_compared_in_pages(databases: Databases) -> None:
    """However many there are: only those that somebody lacks go out again."""
    for service, count in {"signing": 1200, "routing": 1200, "workflow": 1200, "notification": 1100}.items():
        heard(databases, DOCUMENTS, {f"d{number:04}": 1 for number in range(count)}, service)
    told(databases, "intake", DOCUMENTS, *((f"d{number:04}", 1) for number in range(1200)))
    assert tell_again(databases) == 100
    assert waiting(databases, "intake")[0] == "d1100-1"
