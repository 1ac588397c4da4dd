"""Recalls: asked at intake, decided by routing (QD28 Art. 8, ND30 Art. 18)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lienthong import edxml
from lienthong.chassis.directory.model import Directory
from lienthong.chassis.documents import staff_message
from lienthong.chassis.errors import AxisError, Violation, invalid, not_found
from lienthong.chassis.events.event import DOCUMENTS, NewEvent
from lienthong.chassis.times import to_micros, to_timestamp
from lienthong.chassis.uow import AuditEntry, UnitOfWork
from lienthong.common.v1.document_pb2 import Staff
from lienthong.events.v1.intake_documents_pb2 import RecallRequested, Recipient
from lienthong.intake import storage
from lienthong.intake.domain import ReceiptFacts, receipt_subject
from lienthong.intake.handlers.accept import Desk, Request
from lienthong.intake.v1 import intake_pb2 as pb

REASON_LENGTH = 4000
"""Characters of a reason, at most: it is told to every recipient."""


@dataclass(frozen=True, slots=True)
class Recall:
    """What is asked.

    Attributes:
        document: Identifier of the document; empty when it is not known.
        document_id: As written.
        reason: Why; obligatory.
        codes: Recipients concerned as written; empty means all.
        staff: Who asks.
        received_sha256: Hash of the file as received; empty for a call in types.
        received_size: Its length in bytes.
    """

    document: str
    document_id: str
    reason: str
    codes: tuple[str, ...] = ()
    staff: Staff | None = None
    received_sha256: str = ""
    received_size: int = 0


def recall_of(document: edxml.Document, target: str, sha256: str, size: int) -> Recall:
    """Reads a recall from an edXML message of type 1."""
    business = document.business
    return Recall(
        target,
        document.document_id,
        business.reason if business else "",
        tuple(one.organ_id for one in document.recipients),
        staff_message(business.staff) if business else None,
        sha256,
        size,
    )


def ask_recall(desk: Desk, request: Request, recall: Recall, directory: Directory) -> pb.Receipt:
    """Takes a recall down and tells routing.

    Raises:
        AxisError: INVALID_ARGUMENT without a reason, with one that is too long, or with a recipient that the document
            does not have; NOT_FOUND when the caller sent no such document.
    """
    if not recall.reason.strip():
        rule = "a recall says why (QD28 Art. 8)"
        raise invalid(
            "REASON_REQUIRED", f"reason: {rule}", Violation("reason", "REASON_REQUIRED", rule, "Give a reason.")
        )
    if len(recall.reason) > REASON_LENGTH:
        rule = f"a reason has at most {REASON_LENGTH} characters, this has {len(recall.reason)}"
        violation = Violation("reason", "TEXT_TOO_LONG", rule, "Shorten it.")
        raise invalid("TEXT_TOO_LONG", f"reason: {rule}. Shorten it.", violation)
    with desk.units.begin(request.call.traceparent) as work:
        known = request.recalled(work.connection)
        if known is not None:
            return known
        answer = _ask(desk, work, request, recall, directory)
        request.remember(work, answer)
        return answer


def _ask(desk: Desk, work: UnitOfWork, request: Request, recall: Recall, directory: Directory) -> pb.Receipt:
    caller = request.call.caller
    stored = storage.document_by_id(work.connection, recall.document, caller.reach) if recall.document else None
    if stored is None:
        raise not_found(f"document {recall.document_id or recall.document!r}")
    event = RecallRequested(
        document=stored.id,
        recall=work.ids.new(),
        sender_agency=caller.acting().id,
        reason=recall.reason,
        agencies=_concerned(recall.codes, stored, directory, work),
        staff=recall.staff,
        request_time=to_timestamp(work.now),
    )
    answer = _receipt(desk, work, request, recall, stored, event)
    storage.add_recall(
        work.connection,
        event,
        answer.name.removeprefix("receipts/"),
        answer.SerializeToString(deterministic=True),
        to_micros(work.now),
    )
    work.emit(NewEvent(DOCUMENTS, stored.id, stored.id, event))
    work.record(
        AuditEntry(
            caller.system.id,
            caller.scope,
            "document.recall",
            f"documents/{stored.id}",
            person=caller.person,
            detail=recall.reason,
        )
    )
    return answer


def _concerned(
    codes: Sequence[str], stored: storage.StoredDocument, directory: Directory, work: UnitOfWork
) -> list[str]:
    agencies: set[str] = set()
    for code in codes:
        meant = _meant(code, stored.event.recipients, directory, work.now)
        if not meant:
            raise _not_a_recipient(code)
        agencies |= meant
    everybody = all(one.agency in agencies for one in stored.event.recipients)
    return [] if everybody else sorted(agencies)


def _meant(code: str, recipients: Sequence[Recipient], directory: Directory, now: datetime) -> set[str]:
    """Finds whom a code means among the recipients: as the document wrote it, as it is now, or who took them over."""
    written = {one.agency for one in recipients if one.code == code and one.agency}
    holder = directory.known(code, now)
    if written or holder is None:
        return written
    # Who was not known at acceptance may have got the document under this code all the same.
    late = {holder.id} if any(one.code == code for one in recipients) else set()
    had = {one.agency for one in recipients if one.agency}
    return late | (had & set(directory.mailboxes(holder.id, now)))


def _not_a_recipient(code: str) -> AxisError:
    rule = f"{code} is no recipient of this document"
    violation = Violation(
        "recipient_codes", "NOT_A_RECIPIENT", rule, "Name recipients of the document, or none for all."
    )
    return invalid("NOT_A_RECIPIENT", f"recipient_codes: {rule}", violation)


def _receipt(
    desk: Desk,
    work: UnitOfWork,
    request: Request,
    recall: Recall,
    stored: storage.StoredDocument,
    event: RecallRequested,
) -> pb.Receipt:
    receipt, sender = work.ids.new(), request.call.caller.acting()
    facts = ReceiptFacts(
        receipt=receipt,
        document=stored.id,
        document_id=stored.event.header.document_id,
        kind="recall",
        sender_agency=sender.id,
        sender_code=sender.code(work.now),
        system=request.call.caller.system.id,
        accepted=work.now,
        received_sha256=recall.received_sha256,
        received_size=recall.received_size,
        attachments=(),
        rendition_sha256="",
        rendition_size=0,
        recipients=(),
        fingerprint="",
    )
    subject = receipt_subject(facts) | {"recall": event.recall, "reason": recall.reason}
    seal = desk.seal.seal(subject, work.now)
    return pb.Receipt(
        name=f"receipts/{receipt}",
        document=f"documents/{stored.id}",
        document_id=stored.event.header.document_id,
        subject=seal.subject_bytes,
        seal=seal.cms_der,
        accept_time=to_timestamp(work.now),
    )
