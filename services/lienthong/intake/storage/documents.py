"""Rows of documents, receipts and recalls."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from sqlalchemy import Connection, Select, bindparam, case, select

from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.engines.search import holds
from lienthong.chassis.engines.sql import among
from lienthong.chassis.text import words as words_of
from lienthong.common.v1.document_pb2 import Finding
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted, RecallRequested
from lienthong.intake.storage.tables import blobs, documents, recalls, receipts, words

WORDS_AT_MOST = 64
WORD_LENGTH = 64
_SEPARATOR = "\n"
_TAKEN = select(documents.c.natural_key).where(among(documents.c.natural_key, "keys"))
_BY_KEY = select(documents).where(documents.c.natural_key == bindparam("natural_key"))


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What is stored when a document is accepted.

    Attributes:
        event: The event that tells of it.
        natural_key: Unique key for kinds 0 and 3, None for updates.
        target: Identifier of the document that an update concerns, else empty.
        receipt: Identifier of the receipt.
        answer: The receipt as it is answered, serialised.
        warnings: What was read with tolerance.
        outside: The bytes outside the payloads as received, compressed.
    """

    event: DocumentAccepted
    natural_key: str | None
    target: str
    receipt: str
    answer: bytes
    warnings: Sequence[Finding]
    outside: bytes


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as it was stored."""

    event: DocumentAccepted
    warnings: tuple[Finding, ...]
    outside: bytes

    @property
    def id(self) -> str:
        """Its identifier."""
        return self.event.document


def add_document(rows: Rows, new: NewDocument, accepted_at: int, held: Collection[str] = ()) -> None:
    """Stores a document with its receipt.

    Args:
        rows: Of the transaction.
        new: The document.
        accepted_at: Microseconds since 1970.
        held: Keys of its contents that an earlier document of the sender holds already.
    """
    event, header = new.event, new.event.header
    day = header.promulgation_date
    subject = words_of(header.subject)
    row = {
        "id": event.document,
        "sender": event.sender_agency,
        "document_id": header.document_id,
        "natural_key": new.natural_key,
        "kind": header.kind,
        "target": new.target,
        "fingerprint": event.fingerprint,
        "number": header.number,
        "notation": header.notation,
        "promulgated": f"{day.year:04}-{day.month:02}-{day.day:02}" if day.year else "",
        "words": " ".join(subject),
        "accepted_at": accepted_at,
        "accepted": event.SerializeToString(deterministic=True),
        "warnings": _packed(new.warnings),
        "outside": new.outside,
    }
    rows.insert(documents, [row])
    rows.insert(receipts, [{"id": new.receipt, "document": event.document, "recall": False, "answer": new.answer}])
    keys = dict.fromkeys([*(stored.blob.key for stored in event.attachments), event.rendition.plan.key])
    rows.insert(blobs, [{"key": key, "document": event.document} for key in keys if key and key not in held])
    unique = sorted({word[:WORD_LENGTH] for word in subject})[:WORDS_AT_MOST]
    rows.insert(words, [{"word": word, "sender": event.sender_agency, "document": event.document} for word in unique])


def add_recall(connection: Connection, event: RecallRequested, receipt: str, answer: bytes, requested_at: int) -> None:
    """Stores a recall with its receipt; `requested_at` in microseconds since 1970."""
    connection.execute(
        recalls.insert().values(
            id=event.recall,
            document=event.document,
            reason=event.reason,
            agencies=_SEPARATOR.join(event.agencies),
            requested_at=requested_at,
        )
    )
    connection.execute(receipts.insert().values(id=receipt, document=event.document, recall=True, answer=answer))


def document_by_id(connection: Connection, identifier: str, sender: Sequence[str]) -> StoredDocument | None:
    """Finds a document that one of these agencies sent."""
    return _one(connection, select(documents).where(documents.c.id == identifier, documents.c.sender.in_(sender)))


def document_by_key(connection: Connection, sender: str, document_id: str) -> StoredDocument | None:
    """Finds the document of kind 0 or 3 that a sender gave this DocumentId."""
    return document_by_natural_key(connection, natural_key(sender, document_id))


def document_by_natural_key(connection: Connection, key: str) -> StoredDocument | None:
    """Finds the document of kind 0 or 3 with a natural key."""
    row = connection.execute(_BY_KEY, {"natural_key": key}).one_or_none()
    return None if row is None else stored_document(row)


def natural_keys_among(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Tells which of some natural keys are taken."""
    return set(connection.execute(_TAKEN, {"keys": keys}).scalars())


def document_by_code(
    connection: Connection, sender: Sequence[str], number: str, notation: str, promulgated: str
) -> StoredDocument | None:
    """Finds a document by number, notation and date; only when there is exactly one, its updates aside.

    Without a date none is found: numbers begin anew each year (ND30 Art. 15).
    """
    if not promulgated:
        return None
    same = (
        documents.c.sender.in_(sender),
        holds(documents.c.number, number),
        holds(documents.c.notation, notation),
        documents.c.promulgated == promulgated,
    )
    original = case((documents.c.target != "", documents.c.target), else_=documents.c.id)
    found = connection.execute(select(original).where(*same).distinct().limit(2)).scalars().all()
    if len(found) != 1:
        return None
    # Of an original that did not come through the axis the first update stands for it.
    first = select(documents).where(*same, documents.c.target == found[0]).order_by(documents.c.id).limit(1)
    return _one(connection, select(documents).where(documents.c.id == found[0])) or _one(connection, first)


def latest_update(connection: Connection, target: str) -> StoredDocument | None:
    """Finds the latest update of a document."""
    found = select(documents).where(documents.c.target == target)
    return _one(connection, found.order_by(documents.c.accepted_at.desc(), documents.c.id.desc()).limit(1))


def natural_key(sender: str, document_id: str) -> str:
    """Makes the key under which a sender's document of kind 0 or 3 is unique, however its accents are composed."""
    return f"{sender}{_SEPARATOR}{normalize('NFC', document_id)}"


def receipt_of(connection: Connection, document: str) -> bytes:
    """Gives the receipt that a document got at acceptance, serialised."""
    found = select(receipts.c.answer).where(receipts.c.document == document, ~receipts.c.recall)
    return bytes(connection.execute(found).scalar_one())


def list_recalls(connection: Connection, document: str) -> Sequence[Any]:
    """Lists recalls of a document, oldest first; `agencies` is a tuple."""
    found = select(recalls).where(recalls.c.document == document).order_by(recalls.c.requested_at, recalls.c.id)
    return [(row, tuple(filter(None, row.agencies.split(_SEPARATOR)))) for row in connection.execute(found)]


def _one(connection: Connection, found: Select[Any]) -> StoredDocument | None:
    row = connection.execute(found).one_or_none()
    return None if row is None else stored_document(row)


def stored_document(row: Any) -> StoredDocument:
    """Reads a row."""
    return StoredDocument(DocumentAccepted.FromString(row.accepted), _unpacked(row.warnings), row.outside)


def _packed(findings: Sequence[Finding]) -> bytes:
    return b"".join(
        len(data).to_bytes(4, "big") + data for data in (finding.SerializeToString() for finding in findings)
    )


def _unpacked(data: bytes) -> tuple[Finding, ...]:
    found, place = [], 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        found.append(Finding.FromString(data[place + 4 : place + 4 + size]))
        place += 4 + size
    return tuple(found)
