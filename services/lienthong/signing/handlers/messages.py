"""What was found out, as messages."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from lienthong.chassis.times import to_timestamp
from lienthong.common.v1 import lifecycle_pb2
from lienthong.events.v1 import signing_verdicts_pb2 as events
from lienthong.signing.domain import Attachment, Conclusion, File
from lienthong.signing.storage import StoredDocument
from lienthong.signing.v1 import signing_pb2 as pb
from lienthong.signing.verification.report import SignatureReport, SignatureState
from lienthong.signing.verification.words import DocumentVerdict, of_signature

MOST_SIGNATURES = 500
"""Signatures of one document that are told, the first: an event has to fit into a record, an answer into a message."""


def verdict_event(document: StoredDocument, conclusion: Conclusion, at: datetime) -> events.VerdictReached:
    """Makes the event that tells of a conclusion."""
    return events.VerdictReached(
        document=document.id,
        sender_agency=document.parties.sender,
        verdict=_verdict(conclusion.verdict),
        text_vi=conclusion.text.vi,
        text_en=conclusion.text.en,
        attachments=[_told_attachment(file, told) for file, told in _told(conclusion.files)],
        verify_time=to_timestamp(at),
    )


def verification_message(
    document: StoredDocument, conclusion: Conclusion | None, at: datetime | None
) -> pb.Verification:
    """Makes the report on a document; without a conclusion, that there is none yet."""
    if conclusion is None:
        return pb.Verification(document=f"documents/{document.id}")
    known = {attachment.ordinal: attachment for attachment in document.attachments}
    return pb.Verification(
        document=f"documents/{document.id}",
        verdict=_verdict(conclusion.verdict),
        text_vi=conclusion.text.vi,
        text_en=conclusion.text.en,
        attachments=[
            _attachment(known[file.ordinal], file, told)
            for file, told in _told(conclusion.files)
            if file.ordinal in known
        ],
        verify_time=to_timestamp(at),
    )


def _verdict(verdict: DocumentVerdict) -> lifecycle_pb2.Verdict.ValueType:
    return lifecycle_pb2.Verdict.Value(f"VERDICT_{verdict.value}")


def _told(files: Iterable[File]) -> Iterator[tuple[File, Sequence[SignatureReport]]]:
    """Gives each file with those of its signatures that are told."""
    room = MOST_SIGNATURES
    for file in files:
        told = file.report.signatures[:room]
        room -= len(told)
        yield file, told


def _told_attachment(file: File, told: Sequence[SignatureReport]) -> events.AttachmentVerdict:
    return events.AttachmentVerdict(
        ordinal=file.ordinal,
        status=file.report.overall.value,
        signatures=[_told_signature(signature) for signature in told],
    )


def _told_signature(signature: SignatureReport) -> events.SignatureVerdict:
    return events.SignatureVerdict(
        signer=signature.signer,
        organization=signature.organisation,
        kind=signature.kind.value,
        valid=signature.state is SignatureState.VALID,
        problems=[problem.value for problem in signature.problems],
        claimed_time=to_timestamp(signature.claimed_at),
    )


def _attachment(attachment: Attachment, file: File, told: Sequence[SignatureReport]) -> pb.AttachmentVerification:
    return pb.AttachmentVerification(
        ordinal=attachment.ordinal,
        name=attachment.name,
        status=file.report.overall.value,
        signatures=[_signature(signature) for signature in told],
        sha256=attachment.sha256,
    )


def _signature(signature: SignatureReport) -> pb.SignatureVerification:
    text = of_signature(signature)
    return pb.SignatureVerification(
        field=signature.field_name,
        signer=signature.signer,
        organization=signature.organisation,
        kind=signature.kind.value,
        valid=signature.state is SignatureState.VALID,
        intact=signature.intact,
        trusted=signature.trusted,
        revocation=signature.revocation.value,
        modification=signature.modification.value,
        problems=[problem.value for problem in signature.problems],
        claimed_time=to_timestamp(signature.claimed_at),
        judged_time=to_timestamp(signature.judged_at),
        issuer=signature.issuer,
        serial=signature.serial,
        text_vi=text.vi,
        text_en=text.en,
    )
