"""Counters that follow commit order: taken under their row's lock inside the transaction, never from a sequence."""

from sqlalchemy import Connection, text

_TAKE = text(
    "INSERT INTO counters (name, value) VALUES (:name, :count) "
    "ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value"
)


def next_value(connection: Connection, name: str, count: int = 1) -> int:
    """Counts on.

    Args:
        connection: The transaction; the next one waits for its end.
        name: Which counter.
        count: By how much.

    Returns:
        The last of the `count` values taken.
    """
    return int(connection.execute(_TAKE, {"name": name, "count": count}).scalar_one())
