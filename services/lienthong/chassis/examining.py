"""What a process finds out about its services and its engines when `lienthong doctor` asks.

An engine that is away is a finding, never an error of the question.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from sqlalchemy import select

from lienthong.chassis import migrations
from lienthong.chassis.checks import Check, of_consumer, of_refused, of_schema, of_time
from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.engines.database import Database
from lienthong.chassis.errors import AxisError, Code, cause_of
from lienthong.chassis.events.tables import outbox
from lienthong.chassis.observe import skew
from lienthong.chassis.service import RunningComponent

_NOBODYS: Final = "00000000-0000-0000-0000-000000000000"
"""A key that may be one, so that the store is asked."""
_A_WRITE: Final = select(outbox.c.id).limit(1).with_for_update(skip_locked=True)


def watched(running: RunningComponent) -> RunningComponent:
    """Adds to what a component says of itself what is known of its consumer and its database."""
    component, consumer = running.component, running.consumer

    def examine() -> Iterable[Check]:
        if consumer is not None:
            yield of_consumer(consumer.halted)
        if running.relay.refused.reasons:
            yield of_refused(running.relay.refused.reasons)
        yield asked("database", lambda: of_writes(running.component.context.database))
        yield asked("schema", lambda: _schema(running))
        yield asked("clock beside the database's", lambda: of_time(skew(running)))
        yield from component.examine()

    running.component = replace(component, examine=examine)
    return running


def of_writes(database: Database) -> Check:
    """Looks whether a database takes writes: one that was set to read-only answers every question.

    Raises:
        AxisError: It does not.
    """
    with database.write() as connection:
        connection.execute(_A_WRITE)
    return Check("database", well=True, text="takes writes")


def of_contents(blobs: BlobStore) -> Iterator[Check]:
    """Looks whether the store of contents answers, by asking for what nobody has."""
    yield asked("contents", lambda: _contents(blobs))


def asked(subject: str, look: Callable[[], Check]) -> Check:
    """Looks at what an engine must answer for; gives why it does not where that is so."""
    try:
        return look()
    except AxisError as error:
        return Check(subject, well=False, text=f"{error.reason}: {cause_of(error)}", remedy=_REMEDY)
    except ConfigError as error:
        # The next start would be refused with the same words.
        return Check(
            subject, well=False, text="; ".join(error.problems), remedy="Do what it says before the next start."
        )


_REMEDY = "The engine is away or refuses: see its own log, and the network between."


def _schema(running: RunningComponent) -> Check:
    context = running.component.context
    found = migrations.standing(context.database, context.name)
    return of_schema(found.current, found.newest, found.ahead)


def _contents(blobs: BlobStore) -> Check:
    try:
        blobs.open(_NOBODYS).close()
    except AxisError as error:
        if error.code is not Code.NOT_FOUND:
            raise
    return Check("contents", well=True, text="the store answers")
