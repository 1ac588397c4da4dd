"""Which events notification takes, and what it does with each: all topics, since people are told of all of them."""

from functools import partial

from lienthong.chassis.directory.store import directory_handlers
from lienthong.chassis.events.event import DELIVERIES, DIRECTORY, DOCUMENTS, PROGRESS, VERDICTS
from lienthong.chassis.events.inbox import Subscription, handler
from lienthong.chassis.pace import Pace
from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.events.v1 import workflow_progress_pb2 as workflow
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.notification.handlers import learn, occasions, progress
from lienthong.notification.handlers.desk import Desk

_PACE = Pace(least=0.1, most=0.3)
"""People read notices: what happens to a document within a moment is taken together."""


def subscription(desk: Desk) -> Subscription:
    """Makes the subscription of notification."""
    rows = [
        *directory_handlers(desk.directory.changed),
        handler(DocumentAccepted, learn.on_accepted),
        handler(VerdictReached, partial(occasions.on_verdict, desk)),
        handler(routing.DeliveryCreated, learn.on_created),
        handler(routing.DeliveryAvailable, partial(occasions.on_available, desk)),
        handler(routing.DeliveryVerdictChanged, partial(occasions.on_delivery_verdict, desk)),
        handler(routing.DeliveryFailed, partial(occasions.on_failed, desk)),
        handler(routing.DeliveryParked, partial(occasions.on_parked, desk)),
        handler(routing.DeliveryWithdrawn, partial(occasions.on_withdrawn, desk)),
        handler(routing.DeliverySuperseded, partial(occasions.on_superseded, desk)),
        handler(routing.RequestDelivered, partial(occasions.on_request, desk)),
        handler(workflow.StatusRecorded, partial(progress.on_status, desk)),
        handler(workflow.SideRequestOpened, partial(progress.on_request_opened, desk)),
        handler(workflow.TaskAssigned, partial(progress.on_task_assigned, desk)),
        handler(workflow.HoldersInstructed, partial(progress.on_holders_instructed, desk)),
        handler(workflow.TaskHandedOver, partial(progress.on_task_handed_over, desk)),
        handler(workflow.TaskCompleted, partial(progress.on_task_completed, desk)),
        handler(workflow.DeliveryAnswered, partial(progress.on_answered, desk)),
        handler(workflow.CaseClosed, partial(progress.on_case_closed, desk)),
        handler(workflow.CaseAlert, partial(progress.on_case_alert, desk)),
    ]
    topics = (DOCUMENTS, VERDICTS, DELIVERIES, PROGRESS, DIRECTORY)
    return Subscription(topics, dict(rows), partial(learn.prepare, desk), _PACE)
