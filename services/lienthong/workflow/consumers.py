"""Which events workflow takes, and what it does with each."""

from collections.abc import Callable
from functools import partial
from typing import Any

from google.protobuf.message import Message

from lienthong.chassis.directory.store import directory_handlers
from lienthong.chassis.events.event import DELIVERIES, DIRECTORY, DOCUMENTS, VERDICTS, Event
from lienthong.chassis.events.inbox import Handler, Subscription, handler
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.routing_deliveries_pb2 import (
    DeliveryAcknowledged,
    DeliveryAvailable,
    DeliveryCreated,
    DeliveryFailed,
    DeliverySuperseded,
    DeliveryVerdictChanged,
    DeliveryWithdrawn,
    RequestDelivered,
)
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.workflow.handlers import deliveries, documents
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.prepare import prepare

Taken = Callable[[Desk, UnitOfWork, Any], None]

# RecallRequested, DeliveryOpened, DeliveryParked and DeliveryRedriven are counted and change nothing here: routing
# decides on recalls, and tells by RequestDelivered or DeliveryWithdrawn.
_TAKEN: tuple[tuple[type[Message], Taken], ...] = (
    (DocumentAccepted, documents.document_accepted),
    (VerdictReached, documents.verdict_reached),
    (DeliveryCreated, deliveries.created),
    (DeliveryAvailable, deliveries.available),
    (DeliveryVerdictChanged, deliveries.verdict_changed),
    (DeliveryAcknowledged, deliveries.acknowledged),
    (DeliveryFailed, deliveries.failed),
    (DeliveryWithdrawn, deliveries.withdrawn),
    (DeliverySuperseded, deliveries.superseded),
    (RequestDelivered, deliveries.request_delivered),
)


def subscription(desk: Desk) -> Subscription:
    """Says which events workflow takes."""
    rows = [handler(kind, _with(desk, taken)) for kind, taken in _TAKEN]
    topics = (DOCUMENTS, VERDICTS, DELIVERIES, DIRECTORY)
    handlers = dict([*rows, *directory_handlers(desk.directory.changed)])
    return Subscription(topics, handlers, partial(prepare, desk))


def _with(desk: Desk, taken: Taken) -> Handler:
    def act(work: UnitOfWork, message: Message, _event: Event) -> None:
        taken(desk, work, message)

    return act
