"""Documents that were accepted: each becomes a job."""

from lienthong.chassis.times import timestamp_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.signing import storage
from lienthong.signing.config import SigningSection
from lienthong.signing.domain import Attachment, Parties, size_class


def take_document(work: UnitOfWork, accepted: DocumentAccepted, section: SigningSection) -> None:
    """Writes the job; nothing is verified here."""
    attachments = [
        Attachment(one.attachment.ordinal, one.attachment.name, one.blob.key, one.blob.size, one.attachment.sha256)
        for one in accepted.attachments
    ]
    parties = Parties(
        accepted.sender_agency,
        tuple(dict.fromkeys(one.agency for one in accepted.recipients if one.agency)),
        tuple(dict.fromkeys(one.code for one in accepted.recipients if not one.agency)),
    )
    size = size_class(attachments, section.small_bytes)
    accepted_at = timestamp_micros(accepted.accept_time)
    storage.add_document(work.rows, accepted.document, parties, attachments, size, accepted_at)
    storage.add_job(work, accepted.document, size, parties.sender)
