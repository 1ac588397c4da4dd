"""Content that comes with a pull. The leases, and so the openings, are committed by then."""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Row

from lienthong import edxml
from lienthong.chassis.errors import AxisError
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.uow import UnitsOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.routing.contents import Renderer
from lienthong.routing.domain.leases import ItemKind
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.leasing import audit_of
from lienthong.routing.handlers.reading import item_paper
from lienthong.routing.v1 import mailbox_pb2 as pb

_log = structlog.get_logger(__name__)


def fill(
    units: UnitsOfWork,
    desk: Desk,
    renderer: Renderer,
    call: Call,
    rows: Sequence[Row[Any]],
    items: Sequence[pb.Item],
    limit: int,
) -> None:
    """Puts content into items that are small enough, as long as the answer has room; each is audited as a reading.

    Content that cannot be read now is left out: the item is leased, and its content can be read by name.
    """
    room = desk.limits.answer_bytes_at_most
    wanted = min(limit, desk.limits.inline_bytes_at_most)
    chosen = []
    for row, item in zip(rows, items, strict=True):
        if 0 < row.content_size <= min(wanted, room):
            room -= row.content_size
            chosen.append((row, item))
    if not chosen:
        return
    with units.begin(call.traceparent) as work:
        for row, _item in chosen:
            work.record(audit_of(call, "content.read", f"deliveries/{row.delivery}", f"inline, items/{row.id}"))
    for row, item in chosen:
        item.content = _content(units, desk, renderer, row)


def _content(units: UnitsOfWork, desk: Desk, renderer: Renderer, row: Row[Any]) -> bytes:
    if row.kind == ItemKind.DOCUMENT.value:
        try:
            return b"".join(renderer.document(DocumentAccepted.FromString(row.accepted)).read(0))
        except (AxisError, edxml.EdxmlError, OSError) as error:
            _log.warning("content is left out of an answer", item=row.id, error=str(error))
            return b""
    agency = desk.directory.get().agencies.get(row.mailbox)
    return item_paper(row.kind, row.accepted, row.facts, agency, units.clock.now()) or b""
