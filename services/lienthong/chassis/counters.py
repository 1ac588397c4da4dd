"""Counters that follow commit order: taken under their row's lock inside the transaction, never from a sequence."""

from collections.abc import Iterable
from dataclasses import dataclass

from lienthong.chassis.engines.rows import Kind, Rows
from lienthong.chassis.engines.sql import upsert
from lienthong.chassis.events.tables import counters


@dataclass(slots=True)
class Counter:
    """The last value that was taken."""

    name: str
    value: int


COUNTERS = Kind(counters, Counter, key="name")


def load_counters(rows: Rows, names: Iterable[str]) -> None:
    """Reads counters that will be taken, under their locks, in one statement."""
    rows.of(COUNTERS).load(names)


def next_value(rows: Rows, name: str, count: int = 1) -> int:
    """Counts on.

    Args:
        rows: Of the transaction; the next one that counts here waits for its end.
        name: Which counter.
        count: By how much.

    Returns:
        The last of the `count` values taken.
    """
    shelf = rows.of(COUNTERS)
    counter = shelf.get(name)
    if counter is None:
        # Whoever comes second waits here for whoever made the row.
        upsert(rows.connection, counters, {"name": name, "value": 0}, ("name",))
        counter = shelf.reread(name)
    counter.value += count
    shelf.save(counter)
    return counter.value
