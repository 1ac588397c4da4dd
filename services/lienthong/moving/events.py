"""Makes events safe after a move: positions in one log say nothing about another.

What was not published waits in the outboxes, and they moved. What was published and is still to be handled stood in
the old log alone: here each published row of an outbox is compared with how far every consumer of its topic is with
that aggregate, and goes out again when one of them has not had it. Consumers count versions, so those that have had it
drop it. The directory's events carry whole states, and are all told again.
"""

from collections.abc import Mapping
from itertools import chain

from sqlalchemy import Connection, bindparam, select, update

from lienthong.chassis.clock import SystemClock
from lienthong.chassis.directory.store import tell_all
from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.sql import among
from lienthong.chassis.events.aggregates import Key, by_topic, of_one_topic
from lienthong.chassis.events.event import DIRECTORY
from lienthong.chassis.events.tables import outbox, positions
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.topics import CONSUMED, PUBLISHED
from lienthong.chassis.uow import UnitsOfWork

_PAGE = 1000

_PUBLISHED = (
    select(outbox.c.id, outbox.c.topic, outbox.c.subject, outbox.c.sequence)
    .where(outbox.c.id > bindparam("after"), outbox.c.published_at.is_not(None), outbox.c.topic != DIRECTORY)
    .order_by(outbox.c.id)
    .limit(_PAGE)
)
_POSITIONS = of_one_topic(positions)
_AGAIN = update(outbox).where(among(outbox.c.id, "rows")).values(published_at=None)


def tell_again(databases: Mapping[str, Database]) -> int:
    """Marks the events that somebody has not had to be published again, and tells the directory; tells how many.

    Args:
        databases: Of all services, by name; none of them is at work.
    """
    count = sum(_unheard(service, databases) for service, topics in PUBLISHED.items() if set(topics) - {DIRECTORY})
    owner = next(service for service, topics in PUBLISHED.items() if DIRECTORY in topics)
    with UnitsOfWork(databases[owner], SystemClock(), Uuid7Source()).begin() as work:
        return count + tell_all(work)


def _unheard(service: str, databases: Mapping[str, Database]) -> int:
    count, after = 0, 0
    while True:
        with databases[service].read() as connection:
            page = connection.execute(_PUBLISHED, {"after": after}).all()
        if not page:
            return count
        after = page[-1].id
        keys = sorted({(row.topic, row.subject) for row in page})
        heard = _heard(keys, databases)
        again = [row.id for row in page if row.sequence > heard[row.topic, row.subject]]
        if again:
            with databases[service].write() as connection:
                connection.execute(_AGAIN, {"rows": again})
        count += len(again)


def _heard(keys: list[Key], databases: Mapping[str, Database]) -> dict[Key, int]:
    """Tells up to which version every consumer of an aggregate has had its events."""
    found: dict[Key, int] = {}
    for consumer, topics in CONSUMED.items():
        mine = [key for key in keys if key[0] in topics]
        if mine:
            with databases[consumer].read() as connection:
                at = _standing(connection, mine)
            found.update({key: min(found.get(key, at.get(key, 0)), at.get(key, 0)) for key in mine})
    return found


def _standing(connection: Connection, keys: list[Key]) -> dict[Key, int]:
    found = chain.from_iterable(connection.execute(_POSITIONS, some) for some in by_topic(keys))
    return {(row.topic, row.subject): row.version for row in found}
