"""Statuses as somebody reports them: matched to a delivery of the caller, or kept."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from lienthong.chassis.documents import NAME_LENGTH
from lienthong.chassis.errors import Violation, exhausted, invalid, not_found, precondition
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import AuditEntry, UnitOfWork
from lienthong.workflow import storage
from lienthong.workflow.domain import Actor, ReasonPolicy, Source, check_reason, normalise_code, status_event
from lienthong.workflow.handlers.course import take_status
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.kept import natural_key, settle
from lienthong.workflow.handlers.matching import SEPARATOR, Matched, line_for, match, own_delivery
from lienthong.workflow.storage import StoredDelivery, StoredStatus

_LONGEST = 2 * NAME_LENGTH + 1
"""Characters of a name in a report, at most: a number and a notation, joined."""
_COUNTED = timedelta(days=90)
"""What matched nothing in this time is bounded; it is kept for good, and over the years would fill any bound."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports.

    Attributes:
        agency: The agency for which the call acts.
        name: Its name.
        reach: It and those whose mailbox it took over.
        system: The system that calls.
        person: The person as the system claims.
    """

    agency: str
    name: str
    reach: Collection[str]
    system: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What is reported.

    Attributes:
        code: As written.
        source: How it came.
        description: Free text; the reason for 02, 13, 16.
        staff: Who acted, serialised; empty when not told.
        event_at: When it happened, microseconds since 1970; None means now.
        arrival_number: Number in the incoming register, with 03.
        delivery: Identifier of the delivery, when named.
        document_id: DocumentId as written.
        document_code: Number and notation as written.
        document_date: Date of issue, ISO 8601.
        party: Code of the other party.
        recipients: For 13, codes of the recipients concerned; empty means all.
    """

    code: str
    source: Source
    description: str = ""
    staff: bytes = b""
    event_at: int | None = None
    arrival_number: str = ""
    delivery: str = ""
    document_id: str = ""
    document_code: str = ""
    document_date: str = ""
    party: str = ""
    recipients: tuple[str, ...] = ()


def report(desk: Desk, work: UnitOfWork, reporter: Reporter, said: Report) -> StoredStatus:
    """Takes a status down: it takes its course, answers as the first time, or is kept.

    Whether a document is foreign or absent makes no difference to the answer.

    Raises:
        AxisError: INVALID_ARGUMENT without the reason that the code owes, or with names that are too long,
            RESOURCE_EXHAUSTED when the agency has too many kept statuses.
    """
    check_owed_reason(said)
    _check_names(said)
    status = draft(work, reporter, said)
    matched = match(desk, work, reporter.reach, status)
    if not matched.lines:
        matched = _match_once_more(desk, work, reporter, status)
    if not matched.lines:
        return _keep(desk, work, status, timed=said.event_at is not None)
    if said.event_at is not None:
        first = _first_of(work, matched, status)
        if first is not None:
            return first
        status.natural_key = ""  # set for each delivery
    return settle(desk, work, status, matched)


def _match_once_more(desk: Desk, work: UnitOfWork, reporter: Reporter, status: StoredStatus) -> Matched:
    """Looks again once no other copy of this service is just making deliveries to the reporter."""
    storage.hold_kept(work.rows, {status.reporter})
    work.rows.of(storage.DELIVERIES).forget_missing()
    return match(desk, work, reporter.reach, status)


def report_task(
    desk: Desk, work: UnitOfWork, reporter: Reporter, delivery: StoredDelivery, said: Report
) -> StoredStatus:
    """Reports a code that a task leads to; it takes the same course as if the recipient had called."""
    status = draft(work, reporter, said)
    take_status(desk, work, delivery, status, Actor.RECIPIENT)
    return status


def link(desk: Desk, work: UnitOfWork, reporter: Reporter, status_id: str, delivery_id: str) -> StoredStatus:
    """Links a kept status to one of the caller's own deliveries.

    Raises:
        AxisError: NOT_FOUND when either is not the caller's, FAILED_PRECONDITION when it has a delivery already.
    """
    status = storage.status_by_id(work.rows, status_id)
    if status is None or status.reporter not in reporter.reach:
        raise not_found(f"statuses/{status_id}")
    if not status.waiting:
        raise precondition(
            "STATUS_MATCHED",
            f"statuses/{status_id} has found its delivery already. List the statuses of the document to see it.",
            delivery=f"deliveries/{status.delivery}",
        )
    asks = status.code == "13"
    delivery = own_delivery(work.rows, reporter.reach, delivery_id, sender=asks)
    if delivery is None:
        raise not_found(f"deliveries/{delivery_id}")
    line = delivery if asks else line_for(work.rows, delivery, status.code)
    work.record(
        AuditEntry(
            reporter.system,
            reporter.agency,
            "status.link",
            f"statuses/{status_id}",
            person=reporter.person,
            detail=f"deliveries/{delivery_id}",
        )
    )
    return settle(desk, work, status, Matched(Actor.SENDER if asks else Actor.RECIPIENT, (line,)))


def draft(work: UnitOfWork, reporter: Reporter, said: Report) -> StoredStatus:
    """Writes a report down as a status that has not taken its course yet."""
    return StoredStatus(
        id=work.ids.new(),
        reporter=reporter.agency,
        reporter_name=reporter.name,
        system=reporter.system,
        person=reporter.person,
        source=said.source.value,
        code=normalise_code(said.code),
        description=said.description,
        event_at=work.now_micros if said.event_at is None else said.event_at,
        received_at=work.now_micros,
        staff=said.staff,
        arrival_number=said.arrival_number,
        named_delivery=said.delivery,
        named_document_id=said.document_id,
        named_code=said.document_code,
        named_date=said.document_date,
        named_party=said.party,
        named_recipients=SEPARATOR.join(said.recipients),
    )


def check_owed_reason(said: Report) -> None:
    """Refuses a call that owes a reason, whatever the delivery: the answer tells nothing about it.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    event = status_event(said.code, Actor.RECIPIENT, reason=said.description, source=said.source)
    if check_reason(event) is not ReasonPolicy.REFUSE:
        return
    rule = f"a status {normalise_code(said.code)} says why (QD28 Art. 5)"
    remedy = "Give the reason in the description."
    violation = Violation("description", "REASON_REQUIRED", rule, remedy)
    raise invalid("REASON_REQUIRED", f"description: {rule}. {remedy}", violation)


def _check_names(said: Report) -> None:
    names = {
        "delivery": said.delivery,
        "document_id": said.document_id,
        "document_code": said.document_code,
        "document_date": said.document_date,
        "party": said.party,
    }
    rule = f"a name of a document or an agency has at most {_LONGEST} characters"
    long = [Violation(name, "IDENTIFIER_TOO_LONG", rule) for name, text in names.items() if len(text) > _LONGEST]
    if long:
        raise invalid("IDENTIFIER_TOO_LONG", f"{long[0].field}: {rule}. Name it as its sender did.", *long)


def _keep(desk: Desk, work: UnitOfWork, status: StoredStatus, *, timed: bool) -> StoredStatus:
    named = (status.named_delivery, status.named_document_id, status.named_code, status.named_date, status.named_party)
    if timed:
        status.natural_key = natural_key("\0".join(("named", *named)), status)
        first = storage.status_by_key(work.rows, status.natural_key)
        if first is not None:
            return first
    bound, since = desk.limits.unmatched_per_agency, to_micros(work.now - _COUNTED)
    if storage.count_waiting(work.connection, status.reporter, since, bound) >= bound:
        raise exhausted(
            "UNMATCHED_FULL",
            f"your agency has {bound} statuses of {_COUNTED.days} days that match no delivery; list them, link those "
            "that belong to one of your deliveries, and report with DocumentIds as they were received",
        )
    status.waiting = True
    storage.add_status(work.rows, status)
    entry = AuditEntry(
        status.system,
        status.reporter,
        "status.report",
        f"statuses/{status.id}",
        outcome="kept",
        person=status.person,
        detail=f"{status.code} matches no delivery of the caller",
    )
    work.record(entry)
    return status


def _first_of(work: UnitOfWork, matched: Matched, status: StoredStatus) -> StoredStatus | None:
    keys = [natural_key(line.id, status) for line in matched.lines]
    firsts = [storage.status_by_key(work.rows, key) for key in keys]
    return firsts[0] if all(firsts) else None
