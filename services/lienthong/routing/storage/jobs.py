"""Work that goes on in chunks."""

from sqlalchemy import Connection, Row, delete, select, update

from lienthong.routing.storage.tables import jobs


def insert_job(connection: Connection, values: dict[str, object]) -> None:
    """Adds a job."""
    connection.execute(jobs.insert().values(values))


def lock_job(connection: Connection, identifier: str) -> Row[tuple[object, ...]] | None:
    """Reads a job under its lock; None when it is done."""
    return connection.execute(select(jobs).where(jobs.c.id == identifier).with_for_update()).one_or_none()


def due_job(connection: Connection, now: int) -> str | None:
    """Gives the job that has been due longest; `now` is domain time in microseconds."""
    found = select(jobs.c.id).where(jobs.c.due_at <= now).order_by(jobs.c.due_at, jobs.c.id).limit(1)
    return connection.execute(found).scalar_one_or_none()


def unfinished(connection: Connection, kind: str, subject: str) -> bool:
    """Tells whether a job of a kind about a subject is not done."""
    found = select(jobs.c.id).where(jobs.c.subject == subject, jobs.c.kind == kind).limit(1)
    return connection.execute(found).first() is not None


def keep_place(connection: Connection, identifier: str, place: int, due_at: int) -> None:
    """Notes where a job goes on, and when."""
    connection.execute(update(jobs).where(jobs.c.id == identifier).values(place=place, due_at=due_at))


def remove_job(connection: Connection, identifier: str) -> None:
    """Ends a job."""
    connection.execute(delete(jobs).where(jobs.c.id == identifier))
