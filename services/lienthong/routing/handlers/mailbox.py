"""Putting items into mailboxes."""

from typing import Any

from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.routing.domain.leases import ItemKind, ItemState
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.storage.items import add_item
from lienthong.routing.storage.rows import StoredDelivery, StoredItem


def put_item(
    work: UnitOfWork,
    desk: Desk,
    kind: ItemKind,
    delivery: StoredDelivery,
    accepted: DocumentAccepted,
    *,
    mailbox: str = "",
    **more: Any,
) -> None:
    """Puts an item about a delivery into a mailbox.

    Args:
        work: The transaction.
        desk: What handlers have at hand.
        kind: What it is.
        delivery: The delivery that it is about.
        accepted: Its document.
        mailbox: Whose; the recipient's when empty.
        more: Other fields of the item.
    """
    item = StoredItem(
        id=work.ids.new(),
        mailbox=mailbox or delivery.recipient,
        sequence=0,  # taken when it is put in
        kind=kind.value,
        state=ItemState.AVAILABLE.value,
        rank=-accepted.header.priority,
        delivery=delivery.id,
        document=delivery.document,
        chain=delivery.chain,
        created_at=work.now_micros,
        **more,
    )
    add_item(work.rows, item)
    desk.hint(work, item.mailbox)
