"""Parking: items that could not be taken wait for an operator, who puts them back."""

from collections.abc import Iterable
from typing import Any, TypeVar

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
from lienthong.routing.storage.deliveries import delivery_by_id
from lienthong.routing.storage.items import (
    counter_of,
    exhausted_items,
    free_followers,
    full_items,
    item_by_id,
    save_item,
)
from lienthong.routing.storage.rows import StoredItem

Parked = TypeVar("Parked", StoredItem, Row[Any])

LEASES_EXPIRED = "LEASES_EXPIRED"
FAILED_BY_RECIPIENT = "FAILED_BY_RECIPIENT"


def park(work: UnitOfWork, desk: Desk, item: StoredItem, reason: str, detail: str, *, lease: str) -> None:
    """Parks an item; what belongs to the delivery itself is told.

    Args:
        work: The transaction.
        desk: What handlers have at hand.
        item: Read under its lock.
        reason: Stable name.
        detail: What the recipient said.
        lease: Lease under which it was failed, so that a repeat is known; empty when the leases ran out.
    """
    item.state, item.waiting, item.lease = ItemState.PARKED.value, 0, lease
    save_item(work.rows, item)
    for mailbox in free_followers(work.rows, [(item.mailbox, item.chain)]):
        desk.hint(work, mailbox)
    if item.kind == ItemKind.STATUS.value:
        # It waits for the sender; the recipient's delivery is not concerned.
        return
    row = delivery_by_id(work.rows, item.delivery)
    if row is None:
        return
    if item.kind == ItemKind.DOCUMENT.value:
        move(work, row, Step.PARK)
    tell(work, DeliveryParked, row, reason=reason, detail=detail)


def park_exhausted(work: UnitOfWork, desk: Desk, now: int) -> int:
    """Parks items whose last lease expired; tells how many. `now` is the database's time in microseconds."""
    rows = exhausted_items(work.rows, now, desk.limits.lease_attempts, desk.limits.chunk)
    park_spent(work, desk, rows)
    return len(rows)


def park_spent(work: UnitOfWork, desk: Desk, items: Iterable[StoredItem]) -> None:
    """Parks items whose last lease expired, read under their locks."""
    for item in items:
        park(work, desk, item, LEASES_EXPIRED, f"{item.attempts} leases expired without an answer", lease="")


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
    item = _parked(item_by_id(work.rows, identifier), identifier)
    item.state, item.waiting, item.attempts = ItemState.AVAILABLE.value, 1, 0
    item.lease, item.lease_until = "", 0
    # A new place, so that watches see it.
    item.sequence = next_value(work.rows, counter_of(item.mailbox))
    save_item(work.rows, item)
    row = delivery_by_id(work.rows, item.delivery)
    if row is not None and item.kind == ItemKind.DOCUMENT.value and move(work, row, Step.REDRIVE):
        tell(work, DeliveryRedriven, row)
    desk.hint(work, item.mailbox)
    return full_items(work.connection, [identifier])[0]


def _parked(item: Parked | None, identifier: str) -> Parked:
    if item is None:
        raise not_found(f"items/{identifier}")
    if item.state != ItemState.PARKED.value:
        state = ItemState(item.state).name
        message = f"items/{identifier} is {state}; only parked items are put back. List them first."
        raise precondition("ITEM_NOT_PARKED", message, item=identifier, state=state)
    return item
