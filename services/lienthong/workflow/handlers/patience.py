"""A moment's patience with what was made just now.

Workflow keeps a copy that is a few hundredths of a second behind routing. Whoever has pulled a document a moment ago
may report about it, or give a task, before its event has come here: the call waits for that, shortly and only where it
can be the reason. What does not come in time is answered as what it is now.
"""

import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.times import to_micros
from lienthong.workflow import storage

WAIT_SECONDS = 1.0
"""On a busy machine events came after more than half of it."""

RECENT = timedelta(seconds=60)
_PAUSE_SECONDS = 0.02
_TIME_ORDERED = 7


def await_deliveries(database: Database, identifiers: Iterable[str], asked: Collection[str], now: datetime) -> None:
    """Waits until deliveries that were made just now are visible here.

    Args:
        database: Workflow's own.
        identifiers: Deliveries that a call is about.
        asked: Those of them that are said to answer a request of the sender, however old they are.
        now: The time.
    """
    recent = {one for one in identifiers if _is_recent(one, now)}

    def missing(rows: Rows) -> bool:
        rows.of(storage.DELIVERIES).load(recent.union(asked))
        found = {one: storage.delivery_by_id(rows, one) for one in recent.union(asked)}
        unseen = any((row := found[one]) is None or not row.visible for one in recent)
        return unseen or any((row := found[one]) is not None and row.requests == "[]" for one in asked)

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
