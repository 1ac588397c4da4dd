"""Content that comes with a pull. The leases, and so the openings, are committed by then."""

from collections.abc import Sequence
from datetime import datetime
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

_OF_ONE = frozenset({"CONTENT_GONE", "CONTENT_DAMAGED"})
"""What the store says of one content; it may have the others."""


def fill(units: UnitsOfWork, desk: Desk, renderer: Renderer, pulled: Pulled, items: Sequence[pb.Item]) -> None:
    """Puts content into the items that were chosen.

    Content that cannot be read now is left out: the item is leased, and its content can be read by name. Once the store
    does not answer it is asked no more: each try takes its time, and the caller waits.
    """
    away = False
    for row, item in zip(pulled.rows, items, strict=True):
        stored = row.kind == ItemKind.DOCUMENT.value
        if row.id not in pulled.inline or (stored and away):
            continue
        try:
            item.content = _stored(renderer, row) if stored else _written(desk, row, units.clock.now())
        except (AxisError, edxml.EdxmlError, OSError) as error:
            away = isinstance(error, AxisError) and error.reason not in _OF_ONE
            _log.warning("content is left out of an answer", item=row.id, error=str(error))


def _stored(renderer: Renderer, row: Row[Any]) -> bytes:
    return b"".join(renderer.document(DocumentAccepted.FromString(row.accepted)).read(0))


def _written(desk: Desk, row: Row[Any], now: datetime) -> bytes:
    agency = desk.directory.get().agencies.get(row.mailbox)
    return item_paper(row.kind, row.accepted, row.facts, agency, now) or b""
