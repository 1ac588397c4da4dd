"""Which events routing takes, and what it does with each."""

from functools import partial

from lienthong.chassis.events.event import DOCUMENTS, PROGRESS, VERDICTS, Event
from lienthong.chassis.events.inbox import Subscription, handler
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted, RecallRequested
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.events.v1.workflow_progress_pb2 import RecallAsked, SideRequestClosed, StatusRecorded
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.fanout import accept_document
from lienthong.routing.handlers.prepare import prepare
from lienthong.routing.handlers.recalls import ask_recall, close_request, request_recall
from lienthong.routing.handlers.statuses import record_status
from lienthong.routing.handlers.verdicts import reach_verdict


def subscription(desk: Desk) -> Subscription:
    """Makes the subscription of routing."""

    def on_document(work: UnitOfWork, message: DocumentAccepted, _event: Event) -> None:
        accept_document(work, desk, message)

    def on_recall(work: UnitOfWork, message: RecallRequested, _event: Event) -> None:
        request_recall(work, desk, message)

    def on_recall_status(work: UnitOfWork, message: RecallAsked, _event: Event) -> None:
        ask_recall(work, desk, message)

    def on_closed(work: UnitOfWork, message: SideRequestClosed, _event: Event) -> None:
        close_request(work, desk, message)

    def on_status(work: UnitOfWork, message: StatusRecorded, _event: Event) -> None:
        record_status(work, desk, message)

    def on_verdict(work: UnitOfWork, message: VerdictReached, event: Event) -> None:
        reach_verdict(work, desk, message, event.sequence)

    return Subscription(
        (DOCUMENTS, VERDICTS, PROGRESS),
        dict(
            [
                handler(DocumentAccepted, on_document),
                handler(RecallRequested, on_recall),
                handler(RecallAsked, on_recall_status),
                handler(SideRequestClosed, on_closed),
                handler(StatusRecorded, on_status),
                handler(VerdictReached, on_verdict),
            ]
        ),
        partial(prepare, desk),
    )
