"""Rows of jobs: documents that wait to be verified, or are being verified under a lease."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, func, insert, literal, select, update

from lienthong.chassis.engines.sql import MOMENT, first_of_each
from lienthong.chassis.uow import UnitOfWork
from lienthong.signing.domain import Attachment, SizeClass
from lienthong.signing.storage.documents import attachments_of
from lienthong.signing.storage.tables import documents, jobs

_MICROS = 1_000_000
_SENDERS = 16
"""Senders that share a claim, at most."""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A document to be verified.

    Attributes:
        document: Its identifier.
        size: Its class.
        attempts: How often it was claimed, this time included.
        delays: How often it was put off.
        queued_at: Since when it waits, in microseconds since 1970.
        traceparent: Trace that it belongs to, may be empty.
        attachments: Where its attachments stand.
    """

    document: str
    size: SizeClass
    attempts: int
    delays: int
    queued_at: int
    traceparent: str
    attachments: tuple[Attachment, ...]


def add_job(work: UnitOfWork, document: str, size: SizeClass, sender: str) -> None:
    """Asks for a document of a sender to be verified, at once."""
    row = {
        "document": document,
        "size_class": int(size),
        "sender": sender,
        "due_at": work.database_micros,
        "lease": "",
        "attempts": 0,
        "delays": 0,
        "queued_at": work.now_micros,
        "traceparent": work.traceparent,
    }
    work.rows.insert(jobs, [row])


def any_due(connection: Connection, sizes: Iterable[SizeClass]) -> bool:
    """Tells whether a job of these classes may be claimed now."""
    due = exists().where(jobs.c.size_class.in_([int(size) for size in sizes]), jobs.c.due_at <= MOMENT)
    return bool(connection.execute(select(due)).scalar_one())


def claim_jobs(
    connection: Connection, lease: str, size: SizeClass, limit: int, lease_seconds: float
) -> list[StoredJob]:
    """Leases the jobs of a class that are due; a lease that ended is no hindrance.

    Where more are due than are taken, senders have equal shares; what is left of them goes to what is longest due.
    """
    rows = connection.execute(_due(size).limit(limit)).all()
    if len(rows) == limit:
        rows = _shared(connection, size, rows)
    if rows:
        taken = update(jobs).where(jobs.c.document.in_([row.document for row in rows]))
        connection.execute(taken.values(lease=lease, due_at=_after(lease_seconds), attempts=jobs.c.attempts + 1))
    return [
        StoredJob(
            row.document,
            SizeClass(row.size_class),
            row.attempts + 1,
            row.delays,
            row.queued_at,
            row.traceparent,
            attachments_of(row.attachments),
        )
        for row in rows
    ]


def _after(seconds: float) -> ColumnElement[int]:
    """Gives the time of the database so many seconds from now."""
    return MOMENT + int(seconds * _MICROS)


def _due(size: SizeClass) -> Select[Any]:
    return (
        select(jobs, documents.c.attachments)
        .join(documents, documents.c.id == jobs.c.document)
        .where(jobs.c.size_class == int(size), jobs.c.due_at <= MOMENT)
        .order_by(jobs.c.due_at)
        .with_for_update(of=jobs, skip_locked=True)
    )


def _shared(connection: Connection, size: SizeClass, oldest: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Gives as many jobs as the longest due are, an equal share of each sender as far as it has them."""
    senders = _senders(connection, size, min(len(oldest), _SENDERS))
    if len({*senders, *(row.sender for row in oldest)}) == 1:
        return oldest
    due, shared = _due(size).limit(len(oldest) // len(senders)), dict[str, Row[Any]]()
    for sender in senders:
        shared |= {row.document: row for row in connection.execute(due.where(jobs.c.sender == sender))}
    return list((shared | {row.document: row for row in oldest}).values())[: len(oldest)]


def _senders(connection: Connection, size: SizeClass, limit: int) -> Sequence[str]:
    """Names senders for whom something is due: those of whom least is in hand, and then those who wait longest."""
    mine = jobs.c.size_class == int(size)
    first = first_of_each(jobs.c.sender, (jobs.c.due_at,), mine)
    in_hand = select(jobs.c.sender, func.count().label("count")).where(mine, jobs.c.lease > "", jobs.c.due_at > MOMENT)
    held = in_hand.group_by(jobs.c.sender).subquery()
    found = (
        select(jobs.c.sender)
        .join(first, first.c.key == jobs.c.document)
        .outerjoin(held, held.c.sender == jobs.c.sender)
        .where(jobs.c.due_at <= MOMENT)
        .order_by(func.coalesce(held.c.count, 0), jobs.c.due_at, jobs.c.sender)
    )
    return connection.execute(found.limit(limit)).scalars().all()


def held_jobs(connection: Connection, lease: str, identifiers: Sequence[str]) -> set[str]:
    """Tells which of these documents are still under a lease, and holds them; others have taken over the rest."""
    found = select(jobs.c.document).where(jobs.c.document.in_(identifiers), jobs.c.lease == lease)
    return set(connection.execute(found.order_by(jobs.c.document).with_for_update()).scalars())


def renew_leases(connection: Connection, lease: str, identifiers: Sequence[str], lease_seconds: float) -> None:
    """Gives a sign of life for jobs under a lease."""
    if not identifiers:
        return
    held = update(jobs).where(jobs.c.lease == lease, jobs.c.document.in_(identifiers))
    connection.execute(held.values(due_at=_after(lease_seconds)))


def remove_jobs(connection: Connection, identifiers: Sequence[str]) -> None:
    """Removes jobs that are done."""
    if identifiers:
        connection.execute(delete(jobs).where(jobs.c.document.in_(identifiers)))


def delay_job(connection: Connection, identifier: str, seconds: float) -> None:
    """Gives a job back for later; that it was claimed does not count against it."""
    connection.execute(
        update(jobs)
        .where(jobs.c.document == identifier)
        .values(
            lease="",
            due_at=_after(seconds),
            attempts=jobs.c.attempts - 1,
            delays=jobs.c.delays + 1,
        )
    )


def release_jobs(connection: Connection, lease: str) -> None:
    """Gives all jobs under a lease back, for somebody else to take at once."""
    connection.execute(
        update(jobs).where(jobs.c.lease == lease).values(lease="", due_at=MOMENT, attempts=jobs.c.attempts - 1)
    )


def reopen_documents(connection: Connection, verdict: str, trust: str, since: int, now: int, limit: int = 500) -> int:
    """Asks for documents to be verified again whose verdict was reached under another trust; tells how many.

    Args:
        connection: For statements.
        verdict: Which verdict.
        trust: Fingerprint of the trust in force.
        since: Documents verified before are left alone; microseconds since 1970.
        now: Microseconds since 1970.
        limit: How many at most.
    """
    found = (
        select(documents.c.id, documents.c.size_class, MOMENT, literal(""), literal(0), literal(0), literal(now))
        .add_columns(literal(""))
        .where(
            documents.c.verdict == verdict,
            documents.c.verified_at >= since,
            documents.c.trust != trust,
            ~exists().where(jobs.c.document == documents.c.id),
        )
        .limit(limit)
    )
    columns = ["document", "size_class", "due_at", "lease", "attempts", "delays", "queued_at", "traceparent"]
    # On PostgreSQL the toolkit forgets how many rows an INSERT made, unless it is told to keep that.
    added = insert(jobs).from_select(columns, found).execution_options(preserve_rowcount=True)
    return connection.execute(added).rowcount


def waiting_jobs(connection: Connection) -> dict[SizeClass, tuple[int, int]]:
    """Counts the jobs of each class, and gives the time since when the oldest waits, in microseconds since 1970."""
    found = select(jobs.c.size_class, func.count(), func.min(jobs.c.queued_at)).group_by(jobs.c.size_class)
    return {SizeClass(size): (count, oldest) for size, count, oldest in connection.execute(found).tuples()}
