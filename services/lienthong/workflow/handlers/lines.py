"""A stored delivery as the lifecycle sees it, and back."""

import json

from lienthong.chassis.engines.rows import Rows
from lienthong.workflow import storage
from lienthong.workflow.domain import (
    FINAL_STATES,
    Decision,
    DeliveryCase,
    DeliveryState,
    Effect,
    Event,
    Request,
    SideRequest,
)
from lienthong.workflow.storage import StoredDelivery

LINKS_AT_MOST = 1000
"""Updates in a row; a bound against damaged data."""


def case_of(delivery: StoredDelivery) -> DeliveryCase:
    """Gives what the lifecycle knows of a delivery."""
    requests = tuple(Request(SideRequest(kind), key) for kind, key, _reason in json.loads(delivery.requests))
    return DeliveryCase(DeliveryState(delivery.state), requests, delivery.answered_at is not None)


def reason_of(delivery: StoredDelivery, request: Request) -> str:
    """Gives the reason that the sender gave with a request."""
    asked = {(kind, key): str(reason) for kind, key, reason in json.loads(delivery.requests)}
    return asked.get((request.kind.value, request.key), "")


def move(delivery: StoredDelivery, decision: Decision, event: Event) -> None:
    """Puts the delivery where a decision leads it."""
    reasons = {(kind, key): reason for kind, key, reason in json.loads(delivery.requests)}
    after = decision.after
    rows = [[one.kind.value, one.key, reasons.get((one.kind.value, one.key), event.reason)] for one in after.requests]
    delivery.requests = json.dumps(rows, ensure_ascii=False)
    if after.state is not None:
        delivery.state = after.state.value
    if Effect.ADOPT_VERSION in decision.effects:
        delivery.version = decision.closed[0].key
    delivery.owing = after.state not in FINAL_STATES and not after.answered


def line_of(rows: Rows, delivery: StoredDelivery) -> StoredDelivery:
    """Gives the delivery whose main line a report moves: an update that waits has none, its original's does."""
    current = delivery
    for _ in range(LINKS_AT_MOST):
        if current.own_line:
            break
        original = storage.delivery_by_id(rows, current.original)
        if original is None:
            break
        current = original
    return current


def latest_of(rows: Rows, delivery: StoredDelivery) -> StoredDelivery:
    """Gives the delivery that stands where a report is about one: its main line, or what took the place of that."""
    return standing_of(rows, line_of(rows, delivery))


def standing_of(rows: Rows, delivery: StoredDelivery) -> StoredDelivery:
    """Gives the update that took the place of one that nobody had opened, itself when none did."""
    current = delivery
    for _ in range(LINKS_AT_MOST):
        following = storage.delivery_by_id(rows, current.successor) if current.successor else None
        if following is None:
            break
        current = following
    return current
