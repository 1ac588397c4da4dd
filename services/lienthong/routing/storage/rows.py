"""Documents, deliveries, items and recalls as they stand in their rows. Fields as in the tables."""

from dataclasses import dataclass


@dataclass(slots=True)
class StoredDocument:
    """A document; `accepted` is its DocumentAccepted without the recipients."""

    id: str
    sender: str
    accepted: bytes
    recipient_count: int
    verdict: int = 0
    verdict_vi: str = ""
    verdict_en: str = ""
    verdict_version: int = 0


@dataclass(slots=True)
class StoredRecipients:
    """The recipients of a document: a DocumentAccepted with nothing else."""

    document: str
    recipients: bytes


@dataclass(slots=True)
class StoredDelivery:
    """One document for one recipient."""

    id: str
    document: str
    ordinal: int
    sender: str
    recipient: str
    state: str
    held_until: int
    created_at: int
    chain: str
    number: str
    notation: str
    document_id: str
    visible: int = 0
    available_at: int | None = None
    opened_at: int | None = None
    acknowledged_at: int | None = None
    successor: str = ""
    recall: str = ""
    recall_reason: str = ""
    shown_version: int = 0


@dataclass(slots=True)
class StoredItem:
    """Something that waits, or waited, in a mailbox."""

    id: str
    mailbox: str
    sequence: int
    kind: int
    state: int
    rank: int
    delivery: str
    document: str
    chain: str
    created_at: int
    waiting: int = 1
    attempts: int = 0
    lease: str = ""
    lease_until: int = 0
    status_code: str = ""
    description: str = ""
    content_size: int = 0
    facts: bytes = b""


@dataclass(slots=True)
class StoredRecall:
    """A recall of a whole document, for deliveries that are made later."""

    id: str
    document: str
    asked: bytes
