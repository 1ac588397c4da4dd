"""Recalls: asked at intake, decided by routing (QD28 Art. 8, ND30 Art. 18)."""

from collections.abc import Mapping, Sequence
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
from lienthong.intake.config import RECIPIENTS_AT_MOST
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
        AxisError: INVALID_ARGUMENT without a reason, with one that is too long, with more recipients than a document
            has, or with one that the document does not have; NOT_FOUND when the caller sent no such document.
    """
    problems = [*_reason_problems(recall), *_count_problems(recall)]
    if problems:
        raise refusal(problems)
    now = desk.units.clock.now()
    # What a document says never changes: whoever writes does not wait until codes are compared.
    with desk.units.database.look() as connection:
        known = request.recalled(connection)
        if known is not None:
            return known
        stored, agencies = _asked(connection, request, recall, directory, now)
    with desk.units.begin(request.call.traceparent) as work:
        known = request.recalled(work.connection)
        if known is not None:
            return known
        answer = _ask(desk, work, request, recall, stored, agencies)
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
    if _count_problems(recall):
        return problems  # whoever judged the recipients has told so
    return [*problems, *_concerned(recall, stored, directory, now)[1]]


def _reason_problems(recall: Recall) -> list[Problem]:
    if not recall.reason.strip():
        rule = "a recall says why (QD28 Art. 8)"
        return [Problem("REASON_REQUIRED", recall.reason_field, rule, "Give a reason.")]
    if len(recall.reason) > REASON_LENGTH:
        rule = f"a reason has at most {REASON_LENGTH} characters, this has {len(recall.reason)}"
        return [Problem("TEXT_TOO_LONG", recall.reason_field, rule, "Shorten it.")]
    return []


def _count_problems(recall: Recall) -> list[Problem]:
    count = len(recall.codes)
    if count <= RECIPIENTS_AT_MOST:
        return []
    rule = f"a recall names at most {RECIPIENTS_AT_MOST} recipients, as many as a document has"
    remedy = "Name recipients of the document once, or nobody: then all are meant."
    return [Problem("RECIPIENTS_TOO_MANY", recall.codes_field, rule, remedy, str(count))]


def _asked(
    connection: Connection, request: Request, recall: Recall, directory: Directory, now: datetime
) -> tuple[storage.StoredDocument, list[str]]:
    """Finds the document, and the agencies concerned."""
    reach = request.call.caller.reach
    stored = storage.document_by_id(connection, recall.document, reach) if recall.document else None
    if stored is None:
        raise not_found(f"document {recall.document_id or recall.document!r}")
    agencies, problems = _concerned(recall, stored, directory, now)
    if problems:
        raise refusal(problems)
    return stored, agencies


def _ask(
    desk: Desk,
    work: UnitOfWork,
    request: Request,
    recall: Recall,
    stored: storage.StoredDocument,
    agencies: Sequence[str],
) -> pb.Receipt:
    caller = request.call.caller
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
    listed = _Listed.of(recipients)
    meant = {code: listed.meant(code, directory, now) for code in recall.codes}
    agencies = {agency for found in meant.values() for agency in found}
    everybody = all(one.agency in agencies or one.code in meant or one.group_code in meant for one in recipients)
    problems = [
        _not_a_recipient(code, recall.codes_field, listed=code in listed.codes)
        for code, found in meant.items()
        # Of all recipients it may name also those that no agency answers to yet: they will not get the document.
        if not found and not (everybody and code in listed.codes)
    ]
    return [] if everybody else sorted(agencies), problems


@dataclass(frozen=True, slots=True)
class _Listed:
    """The recipients of a document by what it calls them.

    Attributes:
        codes: Codes of recipients and of group members.
        written: Agencies that were known, by their code and by that of the group that they came from.
        agencies: All of them.
    """

    codes: frozenset[str]
    written: Mapping[str, set[str]]
    agencies: frozenset[str]

    @classmethod
    def of(cls, recipients: Sequence[Recipient]) -> "_Listed":
        """Reads the recipients once."""
        written: dict[str, set[str]] = {}
        for one in recipients:
            for code in (one.code, one.group_code):
                if code and one.agency:
                    written.setdefault(code, set()).add(one.agency)
        agencies = frozenset(one.agency for one in recipients if one.agency)
        return cls(frozenset(one.code for one in recipients), written, agencies)

    def meant(self, code: str, directory: Directory, now: datetime) -> set[str]:
        """Finds whom a code means: as the document wrote it, as it is now, or who took them over."""
        written = self.written.get(code, set())
        holder = directory.known(code, now)
        if written or holder is None:
            return written
        # Who was not known at acceptance may have got the document under this code all the same.
        late = {holder.id} if code in self.codes else set()
        return late | (self.agencies & set(directory.mailboxes(holder.id, now)))


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
