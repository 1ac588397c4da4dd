"""Recalls: asked at intake, decided by routing (QD28 Art. 8, ND30 Art. 18)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from lienthong.chassis.directory.model import Directory
from lienthong.chassis.documents import staff_message
from lienthong.chassis.errors import not_found
from lienthong.chassis.events.event import DOCUMENTS, NewEvent
from lienthong.chassis.times import to_micros, to_timestamp
from lienthong.chassis.uow import AuditEntry, UnitOfWork
from lienthong.common.v1.document_pb2 import Staff
from lienthong.events.v1.intake_documents_pb2 import RecallRequested, Recipient
from lienthong.intake import storage
from lienthong.intake.domain import Problem, ReceiptFacts, field_of, receipt_subject
from lienthong.intake.handlers.accept import Desk, Request
from lienthong.intake.handlers.prepare import Prepared, refusal
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
        reason_field: Where the reason stands in what was handed in.
        codes_field: Where the recipients stand.
    """

    document: str
    document_id: str
    reason: str
    codes: tuple[str, ...] = ()
    staff: Staff | None = None
    received_sha256: str = ""
    received_size: int = 0
    reason_field: str = "reason"
    codes_field: str = "recipient_codes"


def recall_of(prepared: Prepared, target: str) -> Recall:
    """Reads a recall from a document of type 1."""
    document, business = prepared.document, prepared.document.business
    fields = ("TraceHeaderList/Bussiness/BussinessDocReason", "MessageHeader/To")
    return Recall(
        target,
        document.document_id,
        business.reason if business else "",
        tuple(one.organ_id for one in document.recipients),
        staff_message(business.staff) if business else None,
        prepared.received_sha256,
        prepared.received_size,
        *(map(field_of, fields) if prepared.typed else fields),
    )


def ask_recall(desk: Desk, request: Request, recall: Recall, directory: Directory) -> pb.Receipt:
    """Takes a recall down and tells routing.

    Raises:
        AxisError: INVALID_ARGUMENT without a reason, with one that is too long, or with a recipient that the document
            does not have; NOT_FOUND when the caller sent no such document.
    """
    problems = _reason_problems(recall)
    if problems:
        raise refusal(problems)
    with desk.units.begin(request.call.traceparent) as work:
        known = request.recalled(work.connection)
        if known is not None:
            return known
        answer = _ask(desk, work, request, recall, directory)
        request.remember(work, answer)
        return answer


def recall_problems(
    connection: Connection, recall: Recall, reach: Sequence[str], directory: Directory, now: datetime
) -> list[Problem]:
    """Tells for what `ask_recall` would refuse a recall."""
    problems = _reason_problems(recall)
    stored = storage.document_by_id(connection, recall.document, reach) if recall.document else None
    if stored is None:
        error = not_found(f"document {recall.document_id or recall.document!r}")
        return [*problems, Problem(error.reason, "MessageHeader/DocumentId", error.message)]
    return [*problems, *_concerned(recall, stored, directory, now)[1]]


def _reason_problems(recall: Recall) -> list[Problem]:
    if not recall.reason.strip():
        rule = "a recall says why (QD28 Art. 8)"
        return [Problem("REASON_REQUIRED", recall.reason_field, rule, "Give a reason.")]
    if len(recall.reason) > REASON_LENGTH:
        rule = f"a reason has at most {REASON_LENGTH} characters, this has {len(recall.reason)}"
        return [Problem("TEXT_TOO_LONG", recall.reason_field, rule, "Shorten it.")]
    return []


def _ask(desk: Desk, work: UnitOfWork, request: Request, recall: Recall, directory: Directory) -> pb.Receipt:
    caller = request.call.caller
    stored = storage.document_by_id(work.connection, recall.document, caller.reach) if recall.document else None
    if stored is None:
        raise not_found(f"document {recall.document_id or recall.document!r}")
    agencies, problems = _concerned(recall, stored, directory, work.now)
    if problems:
        raise refusal(problems)
    event = RecallRequested(
        document=stored.id,
        recall=work.ids.new(),
        sender_agency=caller.acting().id,
        reason=recall.reason,
        agencies=agencies,
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
    recall: Recall, stored: storage.StoredDocument, directory: Directory, now: datetime
) -> tuple[list[str], list[Problem]]:
    """Finds the agencies concerned, none when it is everybody; and what is wrong with the codes."""
    recipients = stored.event.recipients
    meant = {code: _meant(code, recipients, directory, now) for code in recall.codes}
    agencies = {agency for found in meant.values() for agency in found}
    everybody = all(agencies & {one.agency} or meant.keys() & {one.code, one.group_code} for one in recipients)
    written = {one.code for one in recipients}
    problems = [
        _not_a_recipient(code, recall.codes_field, listed=code in written)
        for code, found in meant.items()
        # Of all recipients it may name also those that no agency answers to yet: they will not get the document.
        if not found and not (everybody and code in written)
    ]
    return [] if everybody else sorted(agencies), problems


def _meant(code: str, recipients: Sequence[Recipient], directory: Directory, now: datetime) -> set[str]:
    """Finds whom a code means among the recipients: as the document wrote it, as it is now, or who took them over."""
    written = {one.agency for one in recipients if code in (one.code, one.group_code) and one.agency}
    holder = directory.known(code, now)
    if written or holder is None:
        return written
    # Who was not known at acceptance may have got the document under this code all the same.
    late = {holder.id} if any(one.code == code for one in recipients) else set()
    had = {one.agency for one in recipients if one.agency}
    return late | (had & set(directory.mailboxes(holder.id, now)))


def _not_a_recipient(code: str, field: str, *, listed: bool) -> Problem:
    rule = f"{code} is no recipient of this document"
    if listed:
        rule = f"{code} is not in the directory, and from it alone nothing can be taken back"
    return Problem("NOT_A_RECIPIENT", field, rule, "Name recipients of the document, or all of them.", code)


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
