"""Steps of a delivery in transport, each with its event. The row was read under its lock in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from lienthong.chassis.times import from_timestamp
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.routing_deliveries_pb2 import (
    DeliveryAcknowledged,
    DeliveryAvailable,
    DeliveryFailed,
    DeliveryOpened,
    DeliverySuperseded,
    DeliveryWithdrawn,
)
from lienthong.routing.domain.leases import ItemKind, ItemState
from lienthong.routing.domain.transport import Step, Transport, after
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.mailbox import put_item
from lienthong.routing.handlers.telling import tell
from lienthong.routing.storage.deliveries import save_delivery
from lienthong.routing.storage.items import end_items
from lienthong.routing.storage.rows import StoredDelivery, StoredDocument


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a delivery cannot be made.

    Attributes:
        reason: Stable name.
        detail: The thing, the rule and the remedy.
        nearest: Codes in the directory that are nearest to the one written.
    """

    reason: str
    detail: str
    nearest: Sequence[str] = ()


def move(work: UnitOfWork, row: StoredDelivery, step: Step, **values: object) -> bool:
    """Takes a step; False when the state has no such step, and then nothing changes."""
    state = after(Transport(row.state), step)
    if state is None:
        return False
    row.state = state.value
    for name, value in values.items():
        setattr(row, name, value)
    save_delivery(work.rows, row)
    return True


def release(
    work: UnitOfWork, desk: Desk, row: StoredDelivery, document: StoredDocument, accepted: DocumentAccepted
) -> None:
    """Shows a delivery to its recipient, with the verdict known by now.

    Args:
        work: The transaction.
        desk: What handlers have at hand.
        row: The delivery, read under its lock.
        document: The row of its document.
        accepted: The same, parsed once for all deliveries of a chunk: its header may name two thousand recipients.
    """
    shown = {"visible": 1, "available_at": work.now_micros, "shown_version": document.verdict_version}
    if not move(work, row, Step.RELEASE, **shown):
        return
    put_item(work, desk, ItemKind.DOCUMENT, row, accepted, content_size=accepted.rendition.size)
    tell(work, DeliveryAvailable, row, verdict=document.verdict)
    age = (work.now - from_timestamp(accepted.accept_time)).total_seconds()
    work.after_commit(partial(desk.shown, age))


def open_delivery(work: UnitOfWork, row: StoredDelivery, system: str) -> None:
    """Notes the first lease or reading; later ones change nothing."""
    if move(work, row, Step.OPEN, opened_at=work.now_micros):
        tell(work, DeliveryOpened, row, system=system)


def acknowledge_delivery(work: UnitOfWork, row: StoredDelivery, system: str) -> None:
    """Notes that the recipient's software has stored the document."""
    if move(work, row, Step.ACKNOWLEDGE, acknowledged_at=work.now_micros):
        tell(work, DeliveryAcknowledged, row, system=system)


def withdraw(work: UnitOfWork, row: StoredDelivery, recall: str, reason: str, *, unopened: bool) -> None:
    """Takes a delivery back: what waits about it at the recipient leaves the mailbox."""
    if move(work, row, Step.WITHDRAW, recall="", recall_reason=""):
        if row.visible:
            end_items(work.rows, row.id, row.recipient, ItemState.GONE)
        tell(work, DeliveryWithdrawn, row, recall=recall, unopened=unopened, reason=reason)


def supersede(work: UnitOfWork, row: StoredDelivery, successor: str) -> None:
    """Ends a delivery that an update overtook before anybody opened it."""
    if move(work, row, Step.SUPERSEDE, successor=successor):
        end_items(work.rows, row.id, row.recipient, ItemState.GONE)
        tell(work, DeliverySuperseded, row, successor_delivery=successor)


def fail(work: UnitOfWork, row: StoredDelivery, failure: Failure) -> None:
    """Ends a delivery that cannot be made."""
    if move(work, row, Step.FAIL):
        if row.visible:
            end_items(work.rows, row.id, row.recipient, ItemState.GONE)
        tell(
            work,
            DeliveryFailed,
            row,
            reason=failure.reason,
            detail=failure.detail,
            nearest_codes=list(failure.nearest),
        )
