"""Accepting a document: contents durable first, then one transaction with everything that the receipt promises.

Natural keys: kinds 0 and 3 are unique by (sender, DocumentId); an update repeats the latest update of its target when
the fingerprint is the same. A repeat is answered with the first receipt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.message import Message
from sqlalchemy import Connection

from lienthong import edxml
from lienthong.chassis.documents import differences, header_message
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.events.event import DOCUMENTS, NewEvent
from lienthong.chassis.idempotency import recall_answer, remember_answer
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.sealing import SealKey
from lienthong.chassis.times import to_micros, to_timestamp
from lienthong.chassis.uow import AuditEntry, UnitOfWork, UnitsOfWork
from lienthong.common.v1 import document_pb2
from lienthong.events.v1 import intake_documents_pb2 as events
from lienthong.intake import storage
from lienthong.intake.domain import ReceiptFacts, receipt_subject
from lienthong.intake.handlers import contents
from lienthong.intake.handlers.judge import Judgement, Target
from lienthong.intake.handlers.messages import receipt_message
from lienthong.intake.handlers.prepare import Prepared
from lienthong.intake.handlers.rendition import Fixed, fix_rendition
from lienthong.intake.reading import Readers
from lienthong.intake.storage.documents import natural_key
from lienthong.intake.v1 import intake_pb2 as pb

KIND_NAMES = {
    edxml.BusinessKind.NEW: "new",
    edxml.BusinessKind.RECALL: "recall",
    edxml.BusinessKind.UPDATE: "update",
    edxml.BusinessKind.REPLACE: "replacement",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What accepting needs.

    Attributes:
        units: Opens transactions.
        blobs: Where contents stand.
        seal: Seals receipts.
        readers: Child processes for what is large.
    """

    units: UnitsOfWork
    blobs: BlobStore
    seal: SealKey
    readers: Readers


@dataclass(frozen=True, slots=True)
class Request:
    """Which request hands the document in: who calls, its key, what it asks for as a hash."""

    call: Call
    request_id: str
    content: bytes

    def recalled(self, connection: Connection) -> pb.Receipt | None:
        """Gives the first answer to this request.

        Raises:
            AxisError: ALREADY_EXISTS when other content came under the same key.
        """
        return recall_answer(connection, self.call, self.request_id, self.content, pb.Receipt)

    def remember(self, work: UnitOfWork, answer: Message) -> None:
        """Keeps the answer."""
        remember_answer(work, self.call, self.request_id, self.content, answer)


def accept(desk: Desk, request: Request, prepared: Prepared, judgement: Judgement) -> pb.Receipt:
    """Accepts a judged document of kind 0, 2 or 3.

    Raises:
        AxisError: ALREADY_EXISTS when other content came under the same DocumentId, RESOURCE_EXHAUSTED when the disk
            is full.
        RefusedError: It cannot be written in the canonical form.
    """
    target = _update_target(prepared.document, judgement.targets, request.call)
    fingerprint = bytes.fromhex(edxml.fingerprint(prepared.document))
    with desk.units.database.read() as connection:
        if _first(connection, prepared, target, fingerprint, request.call):
            contents.drop(desk.blobs, prepared.document.attachments)
            return _repeat(desk, request, prepared, target, fingerprint)
    accepted = desk.units.clock.now()
    new = _stored(desk, request, prepared, judgement, accepted, target, fingerprint)
    with desk.units.begin(request.call.traceparent) as work:
        answer = request.recalled(work.connection) or _known(work, request, prepared, target, fingerprint)
        if answer is None:
            answer = pb.Receipt.FromString(new.answer)
            _store(work, request, new, answer, to_micros(accepted), contents.uploads_of(prepared.document.attachments))
            return answer
    _forget(desk, new, prepared)
    return answer


def _stored(
    desk: Desk,
    request: Request,
    prepared: Prepared,
    judgement: Judgement,
    accepted: datetime,
    target: str,
    fingerprint: bytes,
) -> storage.NewDocument:
    document = prepared.document
    fixed = fix_rendition(document, judgement.addressing.recipients, accepted, desk.blobs, desk.readers)
    contents.commit(document.attachments)
    event = _event(desk, request.call, prepared, judgement, accepted, fixed, fingerprint)
    receipt = desk.units.ids.new()
    seal = desk.seal.seal(receipt_subject(_facts(receipt, event, prepared, judgement, accepted)), accepted)
    answer = receipt_message(receipt, event, seal, judgement.warnings, judgement.addressing.recipients)
    unique = document.kind is not edxml.BusinessKind.UPDATE
    return storage.NewDocument(
        event,
        natural_key(event.sender_agency, document.document_id) if unique else None,
        target,
        receipt,
        answer.SerializeToString(deterministic=True),
        judgement.warnings,
        prepared.outside,
    )


def _store(
    work: UnitOfWork,
    request: Request,
    new: storage.NewDocument,
    answer: pb.Receipt,
    accepted_at: int,
    uploads: Sequence[str],
) -> None:
    storage.add_document(work.connection, new, accepted_at)
    for upload in uploads:
        storage.use_upload(work.connection, upload)
    work.emit(NewEvent(DOCUMENTS, new.event.document, new.event.document, new.event))
    request.remember(work, answer)
    caller = request.call.caller
    work.record(
        AuditEntry(
            caller.system.id,
            caller.scope,
            "document.accept",
            answer.document,
            person=caller.person,
            detail=new.event.header.document_id,
        )
    )


def _first(
    connection: Connection, prepared: Prepared, target: str, fingerprint: bytes, call: Call
) -> storage.StoredDocument | None:
    if prepared.document.kind is edxml.BusinessKind.UPDATE:
        latest = storage.latest_update(connection, target)
        return latest if latest is not None and latest.event.fingerprint == fingerprint else None
    agency = call.caller.acting().id
    return storage.document_by_key(connection, agency, prepared.document.document_id)


def _repeat(desk: Desk, request: Request, prepared: Prepared, target: str, fingerprint: bytes) -> pb.Receipt:
    with desk.units.begin(request.call.traceparent) as work:
        answer = request.recalled(work.connection) or _known(work, request, prepared, target, fingerprint)
    if answer is None:
        raise AxisError(Code.ABORTED, "DOCUMENT_VANISHED", "The document vanished while it was looked at. Try again.")
    return answer


def _known(
    work: UnitOfWork, request: Request, prepared: Prepared, target: str, fingerprint: bytes
) -> pb.Receipt | None:
    first = _first(work.connection, prepared, target, fingerprint, request.call)
    if first is None:
        return None
    if first.event.fingerprint != fingerprint:
        raise _conflict(first, prepared)
    answer = pb.Receipt.FromString(storage.receipt_of(work.connection, first.id))
    request.remember(work, answer)
    return answer


def _conflict(first: storage.StoredDocument, prepared: Prepared) -> AxisError:
    changed = differences(first.event.header, header_message(prepared.document))
    before = [stored.attachment.sha256.hex() for stored in first.event.attachments]
    after = [attachment.content.sha256 for attachment in prepared.document.attachments]
    differs = ", ".join([*changed, *(["attachments"] if before != after else [])]) or "the header"
    return AxisError(
        Code.ALREADY_EXISTS,
        "DOCUMENT_ID_TAKEN",
        f"DocumentId {first.event.header.document_id!r} was accepted before with other content; different: {differs}. "
        "Send new content for it as an update (BussinessDocType 2 that names it in Bussiness/DocumentId), or take a "
        "new DocumentId.",
        {"first": f"documents/{first.id}", "different": differs},
    )


def _update_target(document: edxml.Document, targets: Sequence[Target], call: Call) -> str:
    if document.kind is not edxml.BusinessKind.UPDATE or not targets:
        return ""
    # A target that the axis does not know still counts its updates, under what the sender calls it.
    return targets[0].document or natural_key(call.caller.acting().id, targets[0].document_id)


def _forget(desk: Desk, new: storage.NewDocument, prepared: Prepared) -> None:
    contents.drop(desk.blobs, prepared.document.attachments)
    desk.blobs.delete(new.event.rendition.plan.key)


def _event(
    desk: Desk,
    call: Call,
    prepared: Prepared,
    judgement: Judgement,
    accepted: datetime,
    fixed: Fixed,
    fingerprint: bytes,
) -> events.DocumentAccepted:
    document, sender = prepared.document, call.caller.acting()
    header = header_message(document)
    for answer, known in zip(header.response_for, judgement.answers, strict=False):
        answer.document = f"documents/{known}"
    with desk.blobs.create() as writer:
        writer.write(fixed.plan)
    return events.DocumentAccepted(
        document=desk.units.ids.new(),
        sender_agency=sender.id,
        sender_system=call.caller.system.id,
        sender_code=sender.code(accepted),
        sender_name=sender.name,
        header=header,
        recipients=[
            events.Recipient(
                ordinal=number,
                code=one.organization.organ_id,
                display_name=one.organization.name,
                agency=one.agency,
                resolution=events.Resolution.ValueType(one.how.value),
                group_code=one.group,
            )
            for number, one in enumerate(judgement.addressing.recipients)
        ],
        attachments=[_attachment(number, one) for number, one in enumerate(document.attachments)],
        rendition=events.Rendition(
            plan=document_pb2.BlobReference(key=writer.key, size=len(fixed.plan)),
            size=fixed.size,
            sha256=fixed.sha256,
        ),
        affected=[
            events.AffectedDocument(
                document=one.document, document_id=one.document_id, agencies=_concerned(one, judgement)
            )
            for one in judgement.targets
        ],
        answers=judgement.answers,
        accept_time=to_timestamp(accepted),
        fingerprint=fingerprint,
    )


def _concerned(target: Target, judgement: Judgement) -> list[str]:
    codes = {one.organization.organ_id: one.agency for one in judgement.addressing.recipients}
    return [codes[code] for code in target.codes if codes.get(code)]


def _attachment(number: int, one: edxml.Attachment) -> events.StoredAttachment:
    sha256 = bytes.fromhex(one.content.sha256)
    return events.StoredAttachment(
        attachment=document_pb2.Attachment(
            ordinal=number,
            name=one.name,
            safe_name=edxml.safe_file_name(one.name),
            description=one.description,
            media_type=one.declared.attachment_type,
            size=one.content.size,
            sha256=sha256,
        ),
        blob=document_pb2.BlobReference(key=contents.key_of(one), size=one.content.size, sha256=sha256),
    )


def _facts(
    receipt: str, event: events.DocumentAccepted, prepared: Prepared, judgement: Judgement, accepted: datetime
) -> ReceiptFacts:
    document = prepared.document
    return ReceiptFacts(
        receipt=receipt,
        document=event.document,
        document_id=document.document_id,
        kind=KIND_NAMES[document.kind or edxml.BusinessKind.NEW],
        sender_agency=event.sender_agency,
        sender_code=event.sender_code,
        system=event.sender_system,
        accepted=accepted,
        received_sha256=prepared.received_sha256,
        received_size=prepared.received_size,
        attachments=[(one.name, one.content.size, one.content.sha256) for one in document.attachments],
        rendition_sha256=event.rendition.sha256.hex(),
        rendition_size=event.rendition.size,
        recipients=judgement.addressing.recipients,
        fingerprint=event.fingerprint.hex(),
    )
