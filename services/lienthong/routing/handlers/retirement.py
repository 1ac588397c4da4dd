"""Agencies that end: joined into others or retired, now or from a day on.

Where nobody in force took over, deliveries that nobody can take any more fail, and their senders are told.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from lienthong.chassis.clock import VIETNAM
from lienthong.chassis.directory.messages import agency_of, resource_id
from lienthong.chassis.directory.model import Agency
from lienthong.chassis.directory.store import load_agency
from lienthong.chassis.errors import precondition
from lienthong.chassis.times import from_timestamp, to_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1 import directory_pb2 as pb
from lienthong.routing.domain.effect import midnight
from lienthong.routing.handlers.agencies import id_of, load, refused, save
from lienthong.routing.handlers.desk import DIRECTORY_LOCK, Desk
from lienthong.routing.handlers.jobs import RETIRE, Job, Progress, plan
from lienthong.routing.handlers.lifecycle import Failure, fail
from lienthong.routing.stamps import stamp
from lienthong.routing.storage.deliveries import unfinished_at

SUCCESSORS_AT_MOST = 16
HEARD_MICROS = 30_000_000
"""Microseconds after which every copy of routing knows what became of an agency: several times the age of what it
keeps in hand."""


def merge_agencies(
    work: UnitOfWork, desk: Desk, names: Sequence[str], successor: str, at: datetime | None
) -> list[pb.Agency]:
    """Joins agencies into one: each is retired, and the successor has their mailboxes from then on.

    Raises:
        AxisError: As `retire_agency`; INVALID_ARGUMENT when none, too many or the successor itself is named.
    """
    work.lock(DIRECTORY_LOCK)
    if not 1 <= len(names) <= SUCCESSORS_AT_MOST * SUCCESSORS_AT_MOST:
        raise refused("names", "AGENCIES_MISSING", "between 1 and 256 agencies are joined at a time")
    named = dict.fromkeys(load(work.connection, desk, name, work.now).name for name in names)
    return [retire_agency(work, desk, name, [successor], at) for name in named]


def retire_agency(work: UnitOfWork, desk: Desk, name: str, successors: Sequence[str], at: datetime | None) -> pb.Agency:
    """Retires an agency.

    Until the day has come, another day or other successors may be named: days of reforms are put off. One that ended
    without a successor may still be given some, who have its mailbox from now on.

    Args:
        work: The transaction.
        desk: What handlers have at hand.
        name: Resource name with the identifier or a code.
        successors: Who takes over; without any, its open deliveries fail.
        at: On which day, from 00:00 Viet Nam time; None means now.

    Raises:
        AxisError: NOT_FOUND; FAILED_PRECONDITION when it is retired already or a successor is not in force then;
            INVALID_ARGUMENT when it would succeed itself.
    """
    work.lock(DIRECTORY_LOCK)
    agency = load(work.connection, desk, name, work.now)
    effective = midnight(at) if at is not None else work.now
    if agency.HasField("retire_time") and from_timestamp(agency.retire_time) <= work.now:
        effective = from_timestamp(agency.retire_time)
        if agency.successors or not successors:
            when = effective.isoformat()
            raise precondition("AGENCY_RETIRED", f"{agency.name} is retired from {when} on. Nothing is to be done.")
    if len(successors) > SUCCESSORS_AT_MOST:
        raise refused("successors", "SUCCESSORS_TOO_MANY", f"at most {SUCCESSORS_AT_MOST} agencies take over")
    stamp(agency.retire_time, effective)
    agency.ClearField("successors")
    for successor in successors:
        agency.successors.append(_successor(work, desk, agency, successor, max(effective, work.now)))
    save(work, desk, agency)
    # Other copies hear of it within seconds: what one delivered meanwhile fails the second time.
    for due in (to_micros(effective), to_micros(max(effective, work.now)) + HEARD_MICROS):
        plan(work, RETIRE, id_of(agency), "", due)
    work.after_commit(desk.nudge)
    return agency


def retire_chunk(work: UnitOfWork, desk: Desk, job: Job) -> Progress:
    """Fails the next deliveries of an agency that ended and of those that it had taken over, where nobody follows."""
    # Another copy may have heard a moment ago who takes over, or that nobody does.
    desk.directory.changed()
    directory = desk.directory.get()
    for identifier in directory.mailboxes(job.subject, work.now):
        agency = directory.agencies.get(identifier)
        if agency is None or directory.heirs(identifier, work.now):
            continue
        code = agency.code(work.now)
        detail = f"agency {code} ({agency.name}) was retired and nobody took it over. Send it elsewhere."
        rows = unfinished_at(work.rows, identifier, desk.limits.chunk)
        for row in rows:
            fail(work, row, Failure("RECIPIENT_RETIRED", detail))
        if rows:
            return Progress(job.place + len(rows))
    return Progress(None)


def _successor(work: UnitOfWork, desk: Desk, agency: pb.Agency, name: str, at: datetime) -> str:
    successor = load(work.connection, desk, name, work.now)
    if successor.name == agency.name:
        raise refused("successors", "SUCCESSOR_IS_ITSELF", f"{agency.name} cannot take over from itself")
    if agency.name in _following(work.connection, successor):
        message = f"{successor.name} is to end in favour of {agency.name}, and nobody would be left of the two. "
        raise precondition("SUCCESSOR_ENDS_HERE", f"{message}Name another successor.", successor=successor.name)
    known: Agency = agency_of(successor)
    if not known.active(at.astimezone(UTC)):
        day = at.astimezone(VIETNAM).date().isoformat()
        message = f"{successor.name} is not in force on {day}. Name whoever took it over."
        raise precondition("SUCCESSOR_RETIRED", message, successor=successor.name)
    return successor.name


def _following(connection: Connection, agency: pb.Agency) -> set[str]:
    """Names all agencies that take over from one, and from those again, whenever that is to be."""
    found: set[str] = set()
    frontier = list(agency.successors)
    while frontier:
        name = frontier.pop()
        following = None if name in found else load_agency(connection, resource_id(name, "agencies"))
        found.add(name)
        frontier += following.successors if following else ()
    return found
