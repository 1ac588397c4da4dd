"""What a receipt says: a JSON object that is sealed in its RFC 8785 form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lienthong.intake.domain.addressing import Addressed

TYPE = "lienthong.receipt.v1"


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """Everything that a receipt promises.

    Attributes:
        receipt: Identifier of the receipt.
        document: Identifier of the document.
        document_id: The sender's identifier.
        kind: `new`, `recall`, `update` or `replacement`.
        sender_agency: Identifier of the sender.
        sender_code: Its code.
        system: System that handed it in.
        accepted: When.
        received_sha256: Hash of the file as received; empty for a document given in types.
        received_size: Its length in bytes.
        attachments: Name, length and hash of each, in order.
        rendition_sha256: Hash of the canonical rendition; empty for a recall.
        rendition_size: Its length in bytes.
        recipients: Who gets it, and how each was resolved.
        fingerprint: Hash of the normalised document.
    """

    receipt: str
    document: str
    document_id: str
    kind: str
    sender_agency: str
    sender_code: str
    system: str
    accepted: datetime
    received_sha256: str
    received_size: int
    attachments: Sequence[tuple[str, int, str]]
    rendition_sha256: str
    rendition_size: int
    recipients: Sequence[Addressed]
    fingerprint: str


def receipt_subject(facts: ReceiptFacts) -> dict[str, Any]:
    """Makes the object that is sealed. Lengths are text: JSON numbers are exact only up to 2**53."""
    return {
        "type": TYPE,
        "receipt": facts.receipt,
        "document": facts.document,
        "documentId": facts.document_id,
        "kind": facts.kind,
        "sender": {"agency": facts.sender_agency, "code": facts.sender_code, "system": facts.system},
        "acceptedAt": facts.accepted.isoformat().replace("+00:00", "Z"),
        "received": {"sha256": facts.received_sha256, "size": str(facts.received_size)},
        "attachments": [
            {"name": name, "size": str(size), "sha256": sha256} for name, size, sha256 in facts.attachments
        ],
        "rendition": {"sha256": facts.rendition_sha256, "size": str(facts.rendition_size)},
        "recipients": [
            {
                "code": one.organization.organ_id,
                "agency": one.agency,
                "resolution": one.how.name.lower(),
                "group": one.group,
            }
            for one in facts.recipients
        ],
        "fingerprint": facts.fingerprint,
    }
