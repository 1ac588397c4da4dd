"""Content that comes with a pull. The leases, and so the openings, are committed by then."""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Row

from lienthong import edxml
from lienthong.chassis.errors import AxisError
from lienthong.chassis.uow import UnitsOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.routing.contents import Renderer
from lienthong.routing.domain.leases import ItemKind
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.leasing import Pulled
from lienthong.routing.handlers.reading import item_paper
from lienthong.routing.v1 import mailbox_pb2 as pb

_log = structlog.get_logger(__name__)


def fill(units: UnitsOfWork, desk: Desk, renderer: Renderer, pulled: Pulled, items: Sequence[pb.Item]) -> None:
    """Puts content into the items that were chosen.

    Content that cannot be read now is left out: the item is leased, and its content can be read by name.
    """
    for row, item in zip(pulled.rows, items, strict=True):
        if row.id in pulled.inline:
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
