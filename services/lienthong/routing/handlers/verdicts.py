"""Verdicts on signatures: they release what is held, and later ones are told. They never change who gets a document."""

from itertools import groupby

from lienthong.chassis.events.inbox import ParentUnknownError
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryVerdictChanged
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.routing.domain.leases import ItemKind
from lienthong.routing.domain.transport import FINAL, Transport
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.jobs import VERDICT, Job, Progress, begin
from lienthong.routing.handlers.lifecycle import release
from lienthong.routing.handlers.mailbox import put_item
from lienthong.routing.handlers.telling import tell
from lienthong.routing.storage.deliveries import due_held, of_document, save_delivery
from lienthong.routing.storage.documents import document_by_id, save_document, the_document
from lienthong.routing.storage.rows import StoredDelivery, StoredDocument


def reach_verdict(work: UnitOfWork, desk: Desk, reached: VerdictReached, version: int) -> None:
    """Takes a verdict.

    Args:
        work: The transaction.
        desk: What handlers have at hand.
        reached: The verdict.
        version: Which one of its document, from 1.

    Raises:
        ParentUnknownError: The document has not come in yet.
    """
    document = document_by_id(work.rows, reached.document)
    if document is None:
        raise ParentUnknownError(f"document:{reached.document}")
    first = not document.verdict_version
    before = (document.verdict, document.verdict_vi, document.verdict_en)
    document.verdict, document.verdict_version = reached.verdict, version
    document.verdict_vi, document.verdict_en = reached.text_vi, reached.text_en
    save_document(work.rows, document)
    if first or before != (reached.verdict, reached.text_vi, reached.text_en):
        begin(work, desk, VERDICT, document.id, verdict_chunk)


def verdict_chunk(work: UnitOfWork, desk: Desk, job: Job) -> Progress:
    """Shows or tells the verdict to the next recipients of a document."""
    document = the_document(work.rows, job.subject)
    accepted = DocumentAccepted.FromString(document.accepted)
    last = job.place + desk.limits.chunk
    for row in of_document(work.rows, document, job.place, desk.limits.chunk):
        if row.state == Transport.HELD.value:
            release(work, desk, row, document, accepted)
        elif row.visible and Transport(row.state) not in FINAL and row.shown_version < document.verdict_version:
            _tell_later(work, desk, row, document, accepted)
    return Progress(last if last < document.recipient_count else None)


def release_due(work: UnitOfWork, desk: Desk) -> int:
    """Shows deliveries that waited long enough, as not verified yet; tells how many."""
    rows = due_held(work.rows, work.database_micros, desk.limits.chunk)
    for name, held in groupby(sorted(rows, key=_document_of), key=_document_of):
        document = the_document(work.rows, name)
        accepted = DocumentAccepted.FromString(document.accepted)
        for row in held:
            release(work, desk, row, document, accepted)
    return len(rows)


def _document_of(row: StoredDelivery) -> str:
    return row.document


def _tell_later(
    work: UnitOfWork, desk: Desk, row: StoredDelivery, document: StoredDocument, accepted: DocumentAccepted
) -> None:
    row.shown_version = document.verdict_version
    save_delivery(work.rows, row)
    put_item(work, desk, ItemKind.VERDICT, row, accepted)
    tell(work, DeliveryVerdictChanged, row, verdict=document.verdict)
