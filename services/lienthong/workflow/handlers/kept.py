"""Statuses that were kept because they matched no delivery: matched by themselves when its event comes."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from functools import partial

from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.races import again
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import UnitOfWork, UnitsOfWork
from lienthong.workflow import storage
from lienthong.workflow.domain import Actor, Outcome, normalise_code
from lienthong.workflow.handlers.cases import changed
from lienthong.workflow.handlers.course import take_status
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.matching import Matched, match
from lienthong.workflow.storage import StoredDelivery, StoredStatus

_AGAIN = timedelta(minutes=2)

REPEAT = "REPEAT"
"""Warning on a kept status that said what another one had said already."""


def natural_key(target: str, status: StoredStatus) -> str:
    """Makes the key under which a status is said once: what it is about, reporter, code, time.

    The delivery stands for the document, because one reporter may have several deliveries of it: the sender of a
    recall, or an agency that took another one over.
    """
    parts = (target, status.reporter, normalise_code(status.code), str(status.event_at))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def match_received(desk: Desk, work: UnitOfWork, delivery: StoredDelivery) -> None:
    """Lets statuses take their course that the recipient reported before the delivery was known here."""
    _match_waiting(desk, work, delivery, delivery.recipient)


def match_sent(desk: Desk, work: UnitOfWork, delivery: StoredDelivery) -> None:
    """Lets statuses take their course that the sender reported before its deliveries were known here."""
    _match_waiting(desk, work, delivery, delivery.sender)


def match_again(units: UnitsOfWork, desk: Desk) -> bool:
    """Looks again at what was kept in the last minutes.

    A status and the delivery that it is about may be written at the same moment by two copies of this service, so that
    neither saw the other.
    """
    since = to_micros(units.clock.now() - _AGAIN)
    with units.database.read() as connection:
        kept = storage.kept_since(Rows(connection), since)
    # One by one: a transaction that holds several deliveries in any order and one of events wait for each other.
    for status in kept:
        again(partial(_match_one, units, desk, status))
    return False


def _match_one(units: UnitsOfWork, desk: Desk, status: StoredStatus) -> None:
    with units.begin() as work:
        # First the delivery, then the status: so do events of a delivery.
        matched = match(desk, work, desk.directory.get().mailboxes(status.reporter, work.now), status)
        kept = storage.status_by_id(work.rows, status.id) if matched.lines else None
        if kept is not None and kept.waiting:
            settle(desk, work, kept, matched)


def _match_waiting(desk: Desk, work: UnitOfWork, delivery: StoredDelivery, agency: str) -> None:
    directory = desk.directory.get()
    reporters = {agency, *(heir.id for heir in directory.heirs(agency, work.now))}
    found = storage.waiting_for(work.rows, reporters, delivery.id, delivery.document_id, delivery.code)
    for status in found:
        reach = directory.mailboxes(status.reporter, work.now)
        matched = match(desk, work, reach, status)
        if matched.lines:
            settle(desk, work, status, matched)


def settle(desk: Desk, work: UnitOfWork, status: StoredStatus, matched: Matched) -> StoredStatus:
    """Lets a kept status take its course at each delivery that it is about; gives what became of the first."""
    timed = status.natural_key is not None
    unsettled = replace(status)
    settled: list[StoredStatus] = []
    for number, line in enumerate(matched.lines):
        one = status if number == 0 else replace(unsettled, id=work.ids.new(), waiting=False)
        one.natural_key = natural_key(line.id, one) if timed else None
        settled.append(_settle_one(desk, work, line, one, matched.actor))
    return settled[0]


def _settle_one(desk: Desk, work: UnitOfWork, line: StoredDelivery, status: StoredStatus, actor: Actor) -> StoredStatus:
    first = storage.status_by_key(work.rows, status.natural_key) if status.natural_key else None
    if first is None:
        take_status(desk, work, line, status, actor)
        return status
    if not status.waiting:
        return first
    status.natural_key, status.waiting, status.warnings = None, False, REPEAT
    status.delivery, status.case_document, status.recipient = line.id, line.case_document, line.recipient
    status.outcome, status.rule, status.actor = Outcome.HISTORY.value, first.rule, actor.value
    status.from_state = status.to_state = line.state
    status.position = changed(desk, work, line)
    storage.save_status(work.rows, status)
    return status
