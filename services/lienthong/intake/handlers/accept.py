"""Accepting a document: contents durable first, then one transaction with everything that the receipt promises.

Natural keys: kinds 0 and 3 are unique by (sender, DocumentId); an update repeats the latest update of its target when
the fingerprint is the same. A repeat is answered with the first receipt. Documents that come at the same time share a
transaction; two that are about the same thing never do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from unicodedata import normalize

from google.protobuf.message import Message
from sqlalchemy import Connection

from lienthong import edxml
from lienthong.chassis.documents import differences, header_message
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.errors import AxisError, Code, not_found
from lienthong.chassis.events.event import DOCUMENTS, NewEvent
from lienthong.chassis.grouping import Act, GroupCommit
from lienthong.chassis.idempotency import RequestKey, answered_among, key_of, recall_answer, remember_answer
from lienthong.chassis.renditions import keep_plan
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.sealing import SealKey
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import AuditEntry, UnitOfWork, UnitsOfWork
from lienthong.intake import storage
from lienthong.intake.domain import Problem, receipt_subject
from lienthong.intake.handlers import carried, contents
from lienthong.intake.handlers.announce import accepted_event, receipt_facts
from lienthong.intake.handlers.judge import Judgement, Target
from lienthong.intake.handlers.messages import receipt_message
from lienthong.intake.handlers.prepare import Prepared
from lienthong.intake.handlers.rendition import fix_rendition
from lienthong.intake.reading import Readers
from lienthong.intake.storage.documents import natural_key
from lienthong.intake.v1 import intake_pb2 as pb

_TOGETHER = 64
"""Documents that share a transaction, at most."""


@dataclass(frozen=True, slots=True)
class Request:
    """Which request hands the document in: who calls, its key, what it asks for as a hash, what its uploads carry."""

    call: Call
    request_id: str
    content: bytes
    uploads: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def key(self) -> RequestKey:
        """The key under which its answer is remembered."""
        return key_of(self.call, self.request_id)

    def recalled(self, connection: Connection) -> pb.Receipt | None:
        """Gives the first answer to this request.

        Raises:
            AxisError: ALREADY_EXISTS when other content came under the same key.
        """
        return recall_answer(connection, self.call, self.request_id, self.content, pb.Receipt)

    def remember(self, work: UnitOfWork, answer: Message) -> None:
        """Keeps the answer."""
        remember_answer(work, self.call, self.request_id, self.content, answer)
        carried.remember(work, self.call.caller.scope, self.uploads)


@dataclass(frozen=True, slots=True)
class Handed:
    """A document that is ready to be stored.

    Attributes:
        request: Which request hands it in.
        prepared: The document.
        target: What an update concerns; empty for other kinds.
        fingerprint: Hash of the normalised document.
        new: What is stored; None when only a repeat is expected.
        accepted_at: When, microseconds since 1970.
    """

    request: Request
    prepared: Prepared
    target: str
    fingerprint: bytes
    new: storage.NewDocument | None = None
    accepted_at: int = 0

    @property
    def natural(self) -> str:
        """What is unique: the document of its sender, or the update of its target."""
        return self.target or natural_key(self.request.call.caller.acting().id, self.prepared.document.document_id)

    @property
    def is_update(self) -> bool:
        """Whether it changes an earlier document."""
        return self.prepared.document.kind is edxml.BusinessKind.UPDATE

    def keys(self) -> tuple[RequestKey, tuple[str, bool]]:
        """Gives what it is about."""
        return self.request.key, (self.natural, self.is_update)

    def first(self, connection: Connection) -> storage.StoredDocument | None:
        """Gives the document of which this one is a repeat, or with which it clashes."""
        if self.is_update:
            latest = storage.latest_update(connection, self.target)
            return latest if latest is not None and latest.event.fingerprint == self.fingerprint else None
        return storage.document_by_natural_key(connection, self.natural)


@dataclass(frozen=True, slots=True)
class Desk:
    """What accepting needs.

    Attributes:
        units: Opens transactions.
        blobs: Where contents stand.
        seal: Seals receipts.
        readers: Child processes for what is large.
        group: Stores documents that come at the same time.
    """

    units: UnitsOfWork
    blobs: BlobStore
    seal: SealKey
    readers: Readers
    group: GroupCommit[Handed, pb.Receipt]


def open_desk(units: UnitsOfWork, blobs: BlobStore, seal: SealKey, readers: Readers) -> Desk:
    """Makes the desk."""
    return Desk(units, blobs, seal, readers, GroupCommit(units, _begin, Handed.keys, _TOGETHER))


def accept(desk: Desk, request: Request, prepared: Prepared, judgement: Judgement) -> pb.Receipt:
    """Accepts a judged document of kind 0, 2 or 3.

    Raises:
        AxisError: ALREADY_EXISTS when other content came under the same DocumentId, RESOURCE_EXHAUSTED when the disk
            is full.
        RefusedError: It cannot be written in the canonical form.
    """
    target = _update_target(prepared.document, judgement.targets, request.call)
    handed = Handed(request, prepared, target, bytes.fromhex(edxml.fingerprint(prepared.document)))
    with desk.units.database.look() as connection:
        repeated = handed.first(connection) is not None
    if repeated:
        contents.drop(desk.blobs, prepared.document.attachments)
        return desk.group.run(handed)
    ready = _ready(desk, handed, judgement)
    receipt = desk.group.run(ready)
    # By the name, not by how it went: after a commit that was tried again the document found is this one itself.
    if ready.new is not None and receipt.document != f"documents/{ready.new.event.document}":
        contents.drop(desk.blobs, prepared.document.attachments)
        if ready.new.event.rendition.plan.key:
            desk.blobs.delete(ready.new.event.rendition.plan.key)
    return receipt


def clashes(connection: Connection, agency: str, prepared: Prepared) -> list[Problem]:
    """Tells for what `accept` would refuse a document of an agency as ALREADY_EXISTS."""
    document = prepared.document
    if document.kind is edxml.BusinessKind.UPDATE:
        return []
    first = storage.document_by_key(connection, agency, document.document_id)
    if first is None or first.event.fingerprint == bytes.fromhex(edxml.fingerprint(document)):
        return []
    return [_clash(first, prepared)]


def _ready(desk: Desk, handed: Handed, judgement: Judgement) -> Handed:
    """Makes contents durable and seals the receipt; nothing of it counts before the transaction."""
    request, prepared = handed.request, handed.prepared
    document, accepted = prepared.document, desk.units.clock.now()
    fixed = fix_rendition(document, judgement.addressing.recipients, accepted, desk.blobs, desk.readers)
    contents.commit(document.attachments)
    event = accepted_event(desk.units.ids.new(), request.call, prepared, judgement, accepted)
    keep_plan(event.rendition, fixed.plan, desk.blobs)
    event.rendition.size, event.rendition.sha256 = fixed.size, fixed.sha256
    event.fingerprint = handed.fingerprint
    receipt = desk.units.ids.new()
    seal = desk.seal.seal(receipt_subject(receipt_facts(receipt, event, prepared, judgement, accepted)), accepted)
    answer = receipt_message(receipt, event, seal, judgement.warnings, judgement.addressing.recipients)
    new = storage.NewDocument(
        event,
        None if handed.is_update else handed.natural,
        handed.target,
        receipt,
        answer.SerializeToString(deterministic=True),
        judgement.warnings,
        prepared.outside,
    )
    return Handed(request, prepared, handed.target, handed.fingerprint, new, to_micros(accepted))


def _begin(work: UnitOfWork, group: Sequence[Handed]) -> Act[Handed, pb.Receipt]:
    """Finds out in two statements which of the documents may be repeats; only those are looked at one by one."""
    # No key is unique to an update: those of one document take turns.
    work.lock(*(f"update {one.target}" for one in group if one.is_update))
    answered = answered_among(work.connection, [one.request.key for one in group])
    taken = storage.natural_keys_among(work.connection, [one.natural for one in group if not one.is_update])
    return partial(_act, work, answered, taken)


def _act(work: UnitOfWork, answered: set[RequestKey], taken: set[str], handed: Handed) -> pb.Receipt:
    work.traceparent = handed.request.call.traceparent
    if handed.request.key in answered or handed.natural in taken or handed.is_update:
        known = handed.request.recalled(work.connection) or _known(work, handed)
        if known is not None:
            return known
    if handed.new is None:
        raise AxisError(Code.ABORTED, "DOCUMENT_VANISHED", "The document vanished while it was looked at. Try again.")
    return _store(work, handed, handed.new)


def _store(work: UnitOfWork, handed: Handed, new: storage.NewDocument) -> pb.Receipt:
    answer = pb.Receipt.FromString(new.answer)
    uploaded = contents.uploaded_of(handed.prepared.document.attachments)
    # A sender may attach what it uploaded to several documents.
    held = storage.held_blobs(work.connection, [one.key for one in uploaded]) if uploaded else ()
    storage.add_document(work.rows, new, handed.accepted_at, held)
    for one in uploaded:
        if not storage.use_upload(work.connection, one.upload) and one.key not in held:
            raise not_found(f"uploads/{one.upload}")  # its time was over while it was read
    work.emit(NewEvent(DOCUMENTS, new.event.document, new.event.document, new.event))
    handed.request.remember(work, answer)
    caller = handed.request.call.caller
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
    return answer


def _known(work: UnitOfWork, handed: Handed) -> pb.Receipt | None:
    first = handed.first(work.connection)
    if first is None:
        return None
    if first.event.fingerprint != handed.fingerprint:
        raise _conflict(first, handed.prepared)
    answer = pb.Receipt.FromString(storage.receipt_of(work.connection, first.id))
    handed.request.remember(work, answer)
    return answer


def _conflict(first: storage.StoredDocument, prepared: Prepared) -> AxisError:
    clash = _clash(first, prepared)
    return AxisError(
        Code.ALREADY_EXISTS,
        "DOCUMENT_ID_TAKEN",
        f"{clash.rule}; different: {clash.found}. {clash.remedy}",
        {"first": f"documents/{first.id}", "different": clash.found},
    )


def _clash(first: storage.StoredDocument, prepared: Prepared) -> Problem:
    changed = differences(first.event.header, header_message(prepared.document))
    stored = (one.attachment for one in first.event.attachments)
    before = [_compared(one.name, one.description, one.sha256.hex()) for one in stored]
    after = [_compared(one.name, one.description, one.content.sha256) for one in prepared.document.attachments]
    differs = ", ".join([*changed, *(["attachments"] if before != after else [])]) or "the header"
    return Problem(
        "DOCUMENT_ID_TAKEN",
        "MessageHeader/DocumentId",
        f"DocumentId {first.event.header.document_id!r} was accepted before with other content",
        "Send new content for it as an update (BussinessDocType 2 that names it in Bussiness/DocumentId), or take a "
        "new DocumentId.",
        differs,
    )


def _compared(name: str, description: str, sha256: str) -> tuple[str, str, str]:
    """Gives what the fingerprint has of an attachment."""
    return normalize("NFC", name).strip(), normalize("NFC", description).strip(), sha256


def _update_target(document: edxml.Document, targets: Sequence[Target], call: Call) -> str:
    if document.kind is not edxml.BusinessKind.UPDATE or not targets:
        return ""
    # A target that the axis does not know still counts its updates, under what the sender calls it.
    return targets[0].document or natural_key(call.caller.acting().id, targets[0].document_id)
