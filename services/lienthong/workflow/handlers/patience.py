"""A moment's patience with what was made just now.

Workflow keeps a copy that is a few hundredths of a second behind routing. Whoever has pulled a document a moment ago
may report about it, or give a task, before its event has come here: the call waits for that, shortly and only where it
can be the reason. What does not come in time is answered as what it is now.
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.times import to_micros
from lienthong.workflow import storage
from lienthong.workflow.storage import StoredDelivery

WAIT_SECONDS = 1.0
"""On a busy machine events came after more than half of it."""

ASKED_AT_MOST = 16
"""Answers of one call whose requests are waited for: each is looked for by itself."""

NOTHING_ASKED = "[]"
Meant = Callable[[Rows], Sequence[StoredDelivery]]
"""Finds the deliveries that an answer may be about."""

RECENT = timedelta(seconds=60)
_PAUSE_SECONDS = 0.02
_TIME_ORDERED = 7


def await_deliveries(database: Database, identifiers: Iterable[str], asked: Sequence[Meant], now: datetime) -> None:
    """Waits until deliveries that were made just now are visible here, and have the requests that are answered.

    Args:
        database: Workflow's own.
        identifiers: Deliveries that a call is about.
        asked: What answers to requests of senders are about, however old it is; `ASKED_AT_MOST` are looked at.
        now: The time.
    """
    recent = {one for one in identifiers if _is_recent(one, now)}
    asked = asked[:ASKED_AT_MOST]

    def missing(rows: Rows) -> bool:
        rows.of(storage.DELIVERIES).load(recent)
        found = [storage.delivery_by_id(rows, one) for one in recent]
        if any(row is None or not row.visible for row in found):
            return True
        # One that is not found may be on its way, with what is asked of it.
        return any(all(row.requests == NOTHING_ASKED for row in look(rows)) for look in asked)

    if recent or asked:
        _await(database, missing)


def await_document(database: Database, document: str, reach: Collection[str], now: datetime) -> None:
    """Waits until a document that was accepted just now has a delivery here that some agencies may see."""

    def missing(rows: Rows) -> bool:
        shown = storage.deliveries_shown(rows, document)
        return not any(one.sender in reach or (one.visible and one.recipient in reach) for one in shown)

    if _is_recent(document, now):
        _await(database, missing)


def _await(database: Database, missing: Callable[[Rows], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while True:
        with database.read() as connection:
            if not missing(Rows(connection)):
                return
        if time.monotonic() > end:
            return
        time.sleep(_PAUSE_SECONDS)


def _is_recent(identifier: str, now: datetime) -> bool:
    """Tells whether an identifier of the axis was made within the last minute: its first bits are the time."""
    try:
        parsed = UUID(identifier)
    except ValueError:
        return False
    made = (parsed.int >> 80) * 1000
    return parsed.version == _TIME_ORDERED and abs(to_micros(now) - made) < RECENT // timedelta(microseconds=1)
