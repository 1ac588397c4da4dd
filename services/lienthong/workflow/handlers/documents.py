"""Cases are made from what intake tells of documents, or from the first delivery when that comes earlier."""

from datetime import date, datetime, time, timedelta

from google.type.date_pb2 import Date

from lienthong.chassis.events.inbox import ParentUnknownError
from lienthong.chassis.times import from_date, timestamp_micros, to_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1.document_pb2 import DocumentHeader
from lienthong.edxml import VIETNAM_TIME
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryCreated
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.workflow import storage
from lienthong.workflow.handlers.answers import SEPARATOR, note_answers
from lienthong.workflow.handlers.cases import changed
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.storage import StoredCase

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


def document_accepted(desk: Desk, work: UnitOfWork, event: DocumentAccepted) -> None:
    """Makes the case of a document, or completes the one that its first delivery made."""
    known = storage.case_by_document(work.rows, event.document)
    case = known or StoredCase(event.document)
    _fill(case, event.header, event.sender_agency, event.sender_name)
    case.accepted_at = timestamp_micros(event.accept_time)
    case.answers = SEPARATOR.join(event.answers)
    storage.save_case(work.rows, case)
    work.release(f"document:{event.document}")
    if known is None or not case.answers:
        return
    for delivery in storage.deliveries_of_document(work.rows, event.document):
        if delivery.acknowledged_at is not None:
            note_answers(desk, work, delivery)


def case_for(work: UnitOfWork, event: DeliveryCreated) -> StoredCase:
    """Gives the case of a new delivery; the order of the two topics is not known."""
    document = event.reference.document
    case = storage.case_by_document(work.rows, document)
    if case is None:
        case = StoredCase(document, accepted_at=timestamp_micros(event.accept_time))
        _fill(case, event.header, event.reference.sender_agency, event.sender_name)
        storage.save_case(work.rows, case)
        work.release(f"document:{document}")
    if case.delivery_count != event.delivery_count:
        case.delivery_count = event.delivery_count
        storage.save_case(work.rows, case)
    return case


def verdict_reached(desk: Desk, work: UnitOfWork, event: VerdictReached) -> None:
    """Shows a verdict with every delivery of its document.

    Raises:
        ParentUnknownError: The document is not known yet.
    """
    case = storage.case_by_document(work.rows, event.document)
    if case is None:
        raise ParentUnknownError(f"document:{event.document}")
    case.verdict = event.verdict
    storage.save_case(work.rows, case)
    for delivery in storage.deliveries_of_document(work.rows, event.document):
        changed(desk, work, delivery)


def code_of(header: DocumentHeader) -> str:
    """Writes number and notation in one string, as status messages name a document."""
    return f"{header.number}/{header.notation}" if header.notation else header.number


def day_of(header: DocumentHeader) -> str:
    """Writes the date of issue; empty when there is none."""
    day = _real(header.promulgation_date)
    return "" if day is None else day.isoformat()


def due_at(header: DocumentHeader) -> int | None:
    """Gives the last microsecond of the day of the deadline in Viet Nam: who answers on that day is in time."""
    day = _real(header.due_date)
    if day is None or day == date.max:
        return None
    return to_micros(datetime.combine(day + _DAY, time.min, VIETNAM_TIME) - _MICROSECOND)


def _fill(case: StoredCase, header: DocumentHeader, sender: str, name: str) -> None:
    case.document_id, case.subject = header.document_id, header.subject
    case.code, case.due_at = code_of(header), due_at(header)
    case.sender, case.sender_name = sender, name


def _real(day: Date) -> date | None:
    try:
        return from_date(day)
    except ValueError:
        return None  # a date that does not exist was reported at acceptance; nothing depends on it here
