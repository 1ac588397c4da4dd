"""Putting items into mailboxes."""

from typing import Any

from sqlalchemy import Row

from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.routing.domain.leases import ItemKind
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.storage.items import insert_item


def put_item(
    work: UnitOfWork, desk: Desk, kind: ItemKind, delivery: Row[Any], accepted: DocumentAccepted, **more: object
) -> None:
    """Puts an item about a delivery into a mailbox, the recipient's unless `mailbox` says otherwise.

    Args:
        work: The transaction.
        desk: What handlers have at hand.
        kind: What it is.
        delivery: The delivery that it is about.
        accepted: Its document.
        more: Other columns of the item.
    """
    values: dict[str, object] = {
        "id": work.ids.new(),
        "mailbox": delivery.recipient,
        "kind": kind.value,
        "rank": -accepted.header.priority,
        "delivery": delivery.id,
        "document": delivery.document,
        "chain": delivery.chain,
        "created_at": work.now_micros,
        "status_code": "",
        "description": "",
        "content_size": 0,
        "facts": b"",
    }
    values |= more
    insert_item(work.connection, values)
    desk.hint(work, str(values["mailbox"]))
