"""Counters that follow commit order: taken under their row's lock inside the transaction, never from a sequence."""

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from lienthong.chassis.events.tables import counters


def next_value(connection: Connection, name: str, count: int = 1) -> int:
    """Counts on.

    Args:
        connection: The transaction; the next one waits for its end.
        name: Which counter.
        count: By how much.

    Returns:
        The last of the `count` values taken.
    """
    statement = insert(counters).values(name=name, value=count)
    grown = statement.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + count})
    return int(connection.execute(grown.returning(counters.c.value)).scalar_one())
