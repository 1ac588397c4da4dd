"""Work in chunks: the first chunk at once, the rest by a background worker, one transaction each."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from lienthong.chassis.uow import UnitOfWork
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.storage.jobs import insert_job, keep_place, lock_job, remove_job

FAN_OUT: Final = "FAN_OUT"
RECALL: Final = "RECALL"
VERDICT: Final = "VERDICT"
RETIRE: Final = "RETIRE"
RENAME: Final = "RENAME"

PLANNED: Final = (RETIRE, RENAME)
"""Kinds that may be due on an effective date, however far ahead."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a chunk came.

    Attributes:
        place: Where to go on; None when all is done.
        wait: Microseconds until then.
    """

    place: int | None
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """Work of some length.

    Attributes:
        id: Which.
        kind: What is done.
        subject: To what: a document or an agency.
        argument: With what.
        place: Where to go on.
    """

    id: str
    kind: str
    subject: str
    argument: str
    place: int


Chunk = Callable[[UnitOfWork, Desk, Job], Progress]


def begin(work: UnitOfWork, desk: Desk, kind: str, subject: str, chunk: Chunk, argument: str = "") -> None:
    """Does the first chunk and leaves the rest, where there is one, to the worker."""
    job = Job(work.ids.new(), kind, subject, argument, 0)
    progress = chunk(work, desk, job)
    if progress.place is None:
        return
    _write(work, replace(job, place=progress.place), work.now_micros + progress.wait)
    if not progress.wait:
        work.after_commit(desk.nudge)


def plan(work: UnitOfWork, kind: str, subject: str, argument: str, due_at: int) -> Job:
    """Writes down work that has its time; `due_at` is domain time in microseconds."""
    job = Job(work.ids.new(), kind, subject, argument, 0)
    _write(work, job, due_at)
    return job


def advance(work: UnitOfWork, desk: Desk, job: Job, chunk: Chunk) -> None:
    """Does one chunk and notes how far it came."""
    progress = chunk(work, desk, job)
    if progress.place is None:
        remove_job(work.connection, job.id)
        return
    keep_place(work.connection, job.id, progress.place, work.now_micros + progress.wait)
    if not progress.wait:
        work.after_commit(desk.nudge)


def _write(work: UnitOfWork, job: Job, due_at: int) -> None:
    insert_job(work.connection, asdict(job) | {"due_at": due_at})


def take(work: UnitOfWork, identifier: str) -> Job | None:
    """Takes a job to go on with; None when it is done."""
    row: Any = lock_job(work.connection, identifier)
    return None if row is None else Job(row.id, row.kind, row.subject, row.argument, row.place)
