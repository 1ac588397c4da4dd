"""Rows of tasks."""

from collections.abc import Collection

from sqlalchemy import Connection, literal, select, tuple_, update

from lienthong.workflow.storage.rows import StoredTask, values_of
from lienthong.workflow.storage.tables import tasks

TASKS_AT_ONCE = 10_000
"""Tasks of one delivery that a decision looks at."""


def add_task(connection: Connection, task: StoredTask) -> None:
    """Stores a new task."""
    connection.execute(tasks.insert(), values_of(task))


def save_task(connection: Connection, task: StoredTask) -> None:
    """Stores the state of a task."""
    connection.execute(update(tasks).where(tasks.c.id == task.id).values(values_of(task)))


def task_by_id(connection: Connection, identifier: str) -> StoredTask | None:
    """Finds a task."""
    row = connection.execute(select(tasks).where(tasks.c.id == identifier)).mappings().one_or_none()
    return None if row is None else StoredTask(**row)


def open_tasks(connection: Connection, delivery: str) -> list[StoredTask]:
    """Lists the open tasks of a delivery, oldest first."""
    found = select(tasks).where(tasks.c.delivery == delivery, tasks.c.open.is_(True))
    rows = connection.execute(found.order_by(tasks.c.created_at, tasks.c.id).limit(TASKS_AT_ONCE)).mappings()
    return [StoredTask(**row) for row in rows]


def list_tasks(
    connection: Connection,
    recipients: Collection[str],
    flags: tuple[bool | None, str | None],
    after: tuple[int, str] | None,
    limit: int,
) -> list[StoredTask]:
    """Lists tasks, newest first.

    Args:
        connection: For statements.
        recipients: Agencies at which they were given.
        flags: Only open ones or only closed ones, None for both; only of one delivery, None for all.
        after: Position of the last row of the page before.
        limit: Rows, at most.
    """
    is_open, delivery = flags
    found = select(tasks).where(tasks.c.recipient.in_(recipients))
    if is_open is not None:
        found = found.where(tasks.c.open.is_(is_open))
    if delivery is not None:
        found = found.where(tasks.c.delivery == delivery)
    if after is not None:
        found = found.where(tuple_(tasks.c.created_at, tasks.c.id) < tuple_(*map(literal, after)))
    rows = connection.execute(found.order_by(tasks.c.created_at.desc(), tasks.c.id.desc()).limit(limit)).mappings()
    return [StoredTask(**row) for row in rows]
