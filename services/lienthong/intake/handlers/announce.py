"""What is told of an accepted document: its event, and the facts that its receipt seals."""

from datetime import datetime

from lienthong import edxml
from lienthong.chassis.documents import header_message
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1 import document_pb2
from lienthong.events.v1 import intake_documents_pb2 as events
from lienthong.intake.domain import ReceiptFacts
from lienthong.intake.handlers import contents
from lienthong.intake.handlers.judge import Judgement
from lienthong.intake.handlers.prepare import Prepared

KIND_NAMES = {
    edxml.BusinessKind.NEW: "new",
    edxml.BusinessKind.RECALL: "recall",
    edxml.BusinessKind.UPDATE: "update",
    edxml.BusinessKind.REPLACE: "replacement",
}


def accepted_event(
    identifier: str, call: Call, prepared: Prepared, judgement: Judgement, accepted: datetime
) -> events.DocumentAccepted:
    """Makes the event of an accepted document; whoever fixes its rendition puts that in."""
    document, sender = prepared.document, call.caller.acting()
    return events.DocumentAccepted(
        document=identifier,
        sender_agency=sender.id,
        sender_system=call.caller.system.id,
        sender_code=sender.code(accepted),
        sender_name=sender.name,
        header=_header(document, judgement),
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
        affected=[
            events.AffectedDocument(document=one.document, document_id=one.document_id, agencies=one.agencies)
            for one in judgement.targets
        ],
        answers=judgement.answers,
        accept_time=to_timestamp(accepted),
    )


def _header(document: edxml.Document, judgement: Judgement) -> document_pb2.DocumentHeader:
    """Makes the header, and names in it each earlier document that the axis knows."""
    header = header_message(document)
    for answer, known in zip(header.response_for, judgement.answered, strict=True):
        answer.document = f"documents/{known}" if known else ""
    found = {one.document_id: one.document for one in judgement.targets}
    for target in header.targets:
        # An update may name what it updates by its own DocumentId.
        known = found.get(target.document_id or document.document_id, "")
        target.document = f"documents/{known}" if known else ""
    return header


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


def receipt_facts(
    receipt: str, event: events.DocumentAccepted, prepared: Prepared, judgement: Judgement, accepted: datetime
) -> ReceiptFacts:
    """Gathers what the receipt of an accepted document promises."""
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
