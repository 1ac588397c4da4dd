"""What a process finds out about its services and its engines when `lienthong doctor` asks.

An engine that is away is a finding, never an error of the question.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Table, select, text

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
_TABLES: Final = text(
    "SELECT name, found IS NOT NULL AS there, coalesce(bool_and(has_table_privilege(found, wanted)), false) AS usable "
    "FROM unnest(CAST(:names AS text[])) AS name "
    "CROSS JOIN LATERAL (SELECT to_regclass(quote_ident(name))::oid AS found) AS place "
    "CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS wanted "
    "GROUP BY name, found ORDER BY name"
)
_A_WRITE: Final = select(outbox.c.id).limit(1).with_for_update(skip_locked=True)


def watched(running: RunningComponent, tables: Sequence[Table]) -> RunningComponent:
    """Adds to what a component says of itself what is known of its consumer and its database.

    Args:
        running: The component.
        tables: Its tables.
    """
    component, consumer = running.component, running.consumer

    def examine() -> Iterable[Check]:
        if consumer is not None:
            yield of_consumer(consumer.halted)
        if running.relay.refused.reasons:
            yield of_refused(running.relay.refused.reasons)
        yield asked("database", lambda: of_writes(running.component.context.database))
        yield asked("schema", lambda: _schema(running))
        if not component.context.database.exclusive:
            yield asked("tables", lambda: of_tables(running.component.context.database, tables))
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


def of_tables(database: Database, tables: Sequence[Table]) -> Check:
    """Looks whether every table is there and may be used: whoever took one away made all wait that needs it.

    Raises:
        AxisError: The database is away.
    """
    with database.read() as connection:
        rows = connection.execute(_TABLES, {"names": [table.name for table in tables]}).all()
    missing = [row.name for row in rows if not row.there]
    shut = [row.name for row in rows if row.there and not row.usable]
    found = {"missing": missing, "not to be used by this role": shut}
    wrong = "; ".join(f"{what}: {', '.join(names)}" for what, names in found.items() if names)
    restore = "Put the table back under its name, or restore the backup. " if missing else ""
    remedy = f"{restore}`lienthong db provision` gives rights back."
    return Check("tables", not wrong, wrong or f"{len(rows)} are there and may be used", remedy)


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
