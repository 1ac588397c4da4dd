"""Parking: items that could not be taken wait for an operator, who puts them back."""

from typing import Any

from sqlalchemy import Connection, Row

from lienthong.chassis.counters import next_value
from lienthong.chassis.errors import not_found, precondition
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryParked, DeliveryRedriven
from lienthong.routing.domain.leases import ItemKind, ItemState
from lienthong.routing.domain.transport import Step
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.lifecycle import move
from lienthong.routing.handlers.telling import tell
from lienthong.routing.storage.deliveries import lock_delivery
from lienthong.routing.storage.items import (
    change_item,
    counter_of,
    exhausted_items,
    free_followers,
    full_items,
    lock_item,
)

LEASES_EXPIRED = "LEASES_EXPIRED"
FAILED_BY_RECIPIENT = "FAILED_BY_RECIPIENT"


def park(work: UnitOfWork, item: Row[Any], reason: str, detail: str, *, lease: str) -> None:
    """Parks an item; what belongs to the delivery itself is told.

    Args:
        work: The transaction.
        item: Read under its lock.
        reason: Stable name.
        detail: What the recipient said.
        lease: Lease under which it was failed, so that a repeat is known; empty when the leases ran out.
    """
    change_item(work.connection, item.id, {"state": ItemState.PARKED.value, "waiting": 0, "lease": lease})
    free_followers(work.connection, item.mailbox, item.chain)
    if item.kind == ItemKind.STATUS.value:
        # It waits for the sender; the recipient's delivery is not concerned.
        return
    row = lock_delivery(work.connection, item.delivery)
    if row is None:
        return
    if item.kind == ItemKind.DOCUMENT.value:
        move(work, row, Step.PARK)
    tell(work, DeliveryParked, row, reason=reason, detail=detail)


def park_exhausted(work: UnitOfWork, desk: Desk, now: int) -> int:
    """Parks items whose last lease expired; tells how many. `now` is the database's time in microseconds."""
    rows = exhausted_items(work.connection, now, desk.limits.lease_attempts, desk.limits.chunk)
    for row in rows:
        park(work, row, LEASES_EXPIRED, f"{row.attempts} leases expired without an answer", lease="")
    return len(rows)


def check_parked(connection: Connection, identifier: str) -> Row[Any]:
    """Reads a parked item with what its document says.

    Raises:
        AxisError: NOT_FOUND; FAILED_PRECONDITION when the item is not parked.
    """
    rows = full_items(connection, [identifier])
    return _parked(rows[0] if rows else None, identifier)


def redrive(work: UnitOfWork, desk: Desk, identifier: str) -> Row[Any]:
    """Puts a parked item back, at the end of its mailbox and with all its leases.

    Raises:
        AxisError: NOT_FOUND; FAILED_PRECONDITION when the item is not parked.
    """
    item = _parked(lock_item(work.connection, identifier), identifier)
    change_item(
        work.connection,
        identifier,
        {
            "state": ItemState.AVAILABLE.value,
            "waiting": 1,
            "attempts": 0,
            "lease": "",
            "lease_until": 0,
            # A new place, so that watches see it.
            "sequence": next_value(work.connection, counter_of(item.mailbox)),
        },
    )
    row = lock_delivery(work.connection, item.delivery)
    if row is not None and item.kind == ItemKind.DOCUMENT.value and move(work, row, Step.REDRIVE):
        tell(work, DeliveryRedriven, row)
    desk.hint(work, item.mailbox)
    return full_items(work.connection, [identifier])[0]


def _parked(item: Row[Any] | None, identifier: str) -> Row[Any]:
    if item is None:
        raise not_found(f"items/{identifier}")
    if item.state != ItemState.PARKED.value:
        state = ItemState(item.state).name
        message = f"items/{identifier} is {state}; only parked items are put back. List them first."
        raise precondition("ITEM_NOT_PARKED", message, item=identifier, state=state)
    return item
