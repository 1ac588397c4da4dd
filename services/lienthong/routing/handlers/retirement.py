"""Retirement without a successor: deliveries that nobody can take any more fail, and their senders are told."""

from lienthong.chassis.directory.messages import agency_of
from lienthong.chassis.directory.store import load_agency
from lienthong.chassis.uow import UnitOfWork
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.jobs import Job, Progress
from lienthong.routing.handlers.lifecycle import Failure, fail
from lienthong.routing.storage.deliveries import unfinished_at


def retire_chunk(work: UnitOfWork, desk: Desk, job: Job) -> Progress:
    """Fails the next deliveries of an agency that was retired without a successor."""
    message = load_agency(work.connection, job.subject)
    if message is None:
        return Progress(None)
    agency = agency_of(message)
    if agency.active(work.now) or agency.successors:
        return Progress(None)
    detail = f"agency {agency.code(work.now)} ({agency.name}) was retired and nobody took it over. Send it elsewhere."
    rows = unfinished_at(work.rows, agency.id, desk.limits.chunk)
    for row in rows:
        fail(work, row, Failure("RECIPIENT_RETIRED", detail))
    return Progress(job.place + len(rows) if rows else None)
