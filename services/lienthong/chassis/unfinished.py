"""A mark in a database that an import is still filling: no service works with a part of an installation."""

from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import Connection, delete, select

from lienthong.chassis.engines.sql import upsert
from lienthong.chassis.events.tables import counters

_MARK = "import "
"""What the name of the mark begins with; the export's identifier follows."""

OTHERS = ~counters.c.name.startswith(_MARK)
"""Counters that are no mark."""


class Stage(IntEnum):
    """How far an import is."""

    FILLING = 0
    VERIFIED = 1


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An import that did not end.

    Attributes:
        export: From which export.
        stage: How far it is.
    """

    export: str
    stage: Stage


def mark(connection: Connection, export: str, stage: Stage) -> None:
    """Marks a database as being filled from an export."""
    upsert(connection, counters, {"name": f"{_MARK}{export}", "value": stage}, ("name",), ("value",))


def finish(connection: Connection) -> None:
    """Takes the mark away."""
    connection.execute(delete(counters).where(~OTHERS))


def unfinished(connection: Connection) -> Unfinished | None:
    """Gives the import that is still filling a database; None when it is whole."""
    row = connection.execute(select(counters).where(~OTHERS)).first()
    return None if row is None else Unfinished(row.name.removeprefix(_MARK), Stage(row.value))
