"""Answers of intake as messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lienthong.chassis.seals import Seal
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1.document_pb2 import Finding
from lienthong.events.v1 import intake_documents_pb2 as events
from lienthong.intake.domain import Addressed
from lienthong.intake.storage import StoredDocument, StoredUpload
from lienthong.intake.v1 import intake_pb2 as pb


def receipt_message(
    receipt: str,
    event: events.DocumentAccepted,
    seal: Seal,
    warnings: Sequence[Finding],
    recipients: Sequence[Addressed],
) -> pb.Receipt:
    """Makes the receipt of a document."""
    return pb.Receipt(
        name=f"receipts/{receipt}",
        document=f"documents/{event.document}",
        document_id=event.header.document_id,
        subject=seal.subject_bytes,
        seal=seal.cms_der,
        accept_time=event.accept_time,
        warnings=warnings,
        recipients=[addressed_message(one) for one in recipients],
    )


def addressed_message(one: Addressed) -> pb.ResolvedRecipient:
    """Makes the message of a recipient that was just resolved."""
    return pb.ResolvedRecipient(
        code=one.organization.organ_id,
        display_name=one.organization.name,
        agency=f"agencies/{one.agency}" if one.agency else "",
        group_code=one.group,
        nearest_codes=one.nearest,
    )


def document_message(stored: StoredDocument, recalls: Sequence[tuple[Any, Sequence[str]]] = ()) -> pb.Document:
    """Makes the message of a document that was sent."""
    event = stored.event
    return pb.Document(
        name=f"documents/{event.document}",
        header=event.header,
        attachments=[one.attachment for one in event.attachments],
        recipients=[
            pb.ResolvedRecipient(
                code=one.code,
                display_name=one.display_name,
                agency=f"agencies/{one.agency}" if one.agency else "",
                group_code=one.group_code,
            )
            for one in event.recipients
        ],
        accept_time=event.accept_time,
        rendition_size=event.rendition.size,
        rendition_sha256=event.rendition.sha256,
        sender=f"agencies/{event.sender_agency}",
        recalls=[
            pb.RecallState(
                recall=row.id, reason=row.reason, agencies=agencies, request_time=to_timestamp(row.requested_at)
            )
            for row, agencies in recalls
        ],
        warnings=stored.warnings,
    )


def upload_message(upload: StoredUpload, expires: datetime) -> pb.Upload:
    """Makes the message of an upload."""
    return pb.Upload(
        name=f"uploads/{upload.id}",
        committed_size=upload.committed,
        complete=upload.complete,
        sha256=upload.sha256,
        expire_time=to_timestamp(expires),
        size=upload.expected,
    )
