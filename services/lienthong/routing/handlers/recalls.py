"""Recalls: routing alone decides, under the delivery row's lock, whether one is in time."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from lienthong.chassis.directory.model import Directory
from lienthong.chassis.events.inbox import ParentUnknownError
from lienthong.chassis.times import timestamp_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1.lifecycle_pb2 import SideRequest
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted, RecallRequested
from lienthong.events.v1.routing_deliveries_pb2 import RequestDelivered
from lienthong.events.v1.workflow_progress_pb2 import RecallAsked, SideRequestClosed
from lienthong.routing.domain.leases import ItemKind
from lienthong.routing.domain.recall import RecallDecision, decide
from lienthong.routing.domain.transport import Transport
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.jobs import RECALL, Job, Progress, begin
from lienthong.routing.handlers.lifecycle import withdraw
from lienthong.routing.handlers.links import standing
from lienthong.routing.handlers.mailbox import put_item
from lienthong.routing.handlers.telling import tell
from lienthong.routing.papers import recall_size
from lienthong.routing.storage.deliveries import delivery_by_id, of_document, save_delivery
from lienthong.routing.storage.documents import document_by_id, keep_recall, recall_by_id, recalls_of, the_document
from lienthong.routing.storage.items import end_untaken_requests
from lienthong.routing.storage.rows import StoredDelivery, StoredRecall


def request_recall(work: UnitOfWork, desk: Desk, asked: RecallRequested) -> None:
    """Takes a recall that came in at intake; it stays known for deliveries that are made later.

    Raises:
        ParentUnknownError: The document has not come in yet.
    """
    if document_by_id(work.rows, asked.document) is None:
        raise ParentUnknownError(f"document:{asked.document}")
    keep_recall(work.rows, StoredRecall(asked.recall, asked.document, asked.SerializeToString()))
    begin(work, desk, RECALL, asked.document, recall_chunk, asked.recall)


def recall_chunk(work: UnitOfWork, desk: Desk, job: Job) -> Progress:
    """Applies a recall to the next deliveries of its document."""
    asked = RecallRequested.FromString(recall_by_id(work.rows, job.argument).asked)
    document = the_document(work.rows, job.subject)
    directory = desk.directory.get()
    last = job.place + desk.limits.chunk
    for row in of_document(work.rows, document, job.place, desk.limits.chunk):
        if concerns(directory, asked, row.recipient, work.now):
            apply_recall(work, desk, standing(work, row), asked)
    return Progress(last if last < document.recipient_count else None)


def ask_recall(work: UnitOfWork, desk: Desk, asked: RecallAsked) -> None:
    """Takes a recall that the sender reported as status 13.

    Raises:
        ParentUnknownError: There is no such delivery.
    """
    row = delivery_by_id(work.rows, asked.reference.delivery)
    if row is None:
        raise ParentUnknownError(f"delivery:{asked.reference.delivery}")
    request = RecallRequested(
        document=row.document,
        recall=asked.recall,
        sender_agency=row.sender,
        reason=asked.reason,
        request_time=asked.event_time,
    )
    apply_recall(work, desk, row, request)


def apply_recall(work: UnitOfWork, desk: Desk, row: StoredDelivery, asked: RecallRequested) -> None:
    """Decides a recall for one delivery: takes it back, asks the recipient, only tells of it, or does nothing."""
    decision = decide(Transport(row.state), recall_open=bool(row.recall))
    if decision is RecallDecision.WITHDRAW:
        withdraw(work, row, asked.recall, asked.reason, unopened=True)
    elif decision is RecallDecision.ASK:
        _ask(work, desk, row, asked)
    elif decision is RecallDecision.TELL:
        _tell_asked(work, row, asked)


def close_request(work: UnitOfWork, desk: Desk, closed: SideRequestClosed) -> None:
    """Takes the recipient's answer to a recall: 15 withdraws the delivery, 16 makes room for another recall.

    Its question leaves the mailbox unless somebody has it in hand. One that the sender asked after the 16 may have come
    in before it, by another topic.

    Raises:
        ParentUnknownError: There is no such delivery.
    """
    if closed.request != SideRequest.SIDE_REQUEST_RECALL:
        return
    row = delivery_by_id(work.rows, closed.reference.delivery)
    if row is None:
        raise ParentUnknownError(f"delivery:{closed.reference.delivery}")
    if closed.agreed:
        withdraw(work, row, row.recall, row.recall_reason or closed.reason, unopened=False)
    elif row.recall:
        later = _asked_after(work, row, closed)
        row.recall = row.recall_reason = ""
        save_delivery(work.rows, row)
        end_untaken_requests(work.rows, row.id, row.recipient)
        for asked in later:
            if concerns(desk.directory.get(), asked, row.recipient, work.now):
                apply_recall(work, desk, row, asked)


def recalls_before(work: UnitOfWork, document: str) -> list[RecallRequested]:
    """Gives the recalls of a document that came in by now."""
    return [RecallRequested.FromString(one.asked) for one in recalls_of(work.rows, document)]


def recalls_since(work: UnitOfWork, document: str, moment: Timestamp) -> list[RecallRequested]:
    """Gives the recalls of a document that came in by now and were asked after a moment."""
    after = timestamp_micros(moment)
    return [one for one in recalls_before(work, document) if timestamp_micros(one.request_time) > after]


def concerns(directory: Directory, asked: RecallRequested, recipient: str, at: datetime) -> bool:
    """Tells whether a recall concerns a recipient: all, itself, or whoever took it over."""
    if not asked.agencies or recipient in asked.agencies:
        return True
    return any(heir.id in asked.agencies for heir in directory.heirs(recipient, at))


def _asked_after(work: UnitOfWork, row: StoredDelivery, closed: SideRequestClosed) -> list[RecallRequested]:
    # Clocks differ: what is answered, and what came before that, is never asked again.
    answered = [one.request_time for one in recalls_before(work, row.document) if one.recall == row.recall]
    return recalls_since(work, row.document, max([closed.event_time, *answered], key=timestamp_micros))


def _ask(work: UnitOfWork, desk: Desk, row: StoredDelivery, asked: RecallRequested) -> None:
    accepted = DocumentAccepted.FromString(the_document(work.rows, row.document).accepted)
    put_item(
        work,
        desk,
        ItemKind.REQUEST,
        row,
        accepted,
        description=asked.reason,
        facts=asked.SerializeToString(),
        content_size=recall_size(accepted, asked, desk.directory.get().agencies.get(row.recipient), work.now),
    )
    _tell_asked(work, row, asked)


def _tell_asked(work: UnitOfWork, row: StoredDelivery, asked: RecallRequested) -> None:
    row.recall, row.recall_reason = asked.recall, asked.reason
    save_delivery(work.rows, row)
    tell(
        work,
        RequestDelivered,
        row,
        request=SideRequest.SIDE_REQUEST_RECALL,
        request_id=asked.recall,
        reason=asked.reason,
    )
