"""Which delivery a status is about: by its name, by DocumentId, else by number, notation, date and other party."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lienthong.chassis.directory.model import Directory
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.uow import UnitOfWork
from lienthong.edxml.codes import STATUS_NAMES
from lienthong.workflow import storage
from lienthong.workflow.domain import Actor, Trigger
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.lines import latest_of, line_of, standing_of
from lienthong.workflow.storage import StoredDelivery, StoredStatus

SEPARATOR = "\n"
_ANSWERS = frozenset({Trigger.STATUS_15, Trigger.STATUS_16})


@dataclass(frozen=True, slots=True)
class Matched:
    """The deliveries that a status is about; several only for a recall by the sender."""

    actor: Actor
    lines: tuple[StoredDelivery, ...]


NOTHING = Matched(Actor.RECIPIENT, ())


def match(desk: Desk, work: UnitOfWork, reach: Collection[str], status: StoredStatus) -> Matched:
    """Finds the caller's own deliveries that a status is about; none when it is not clear which one is meant."""
    directory = desk.directory.get()
    if status.code == Trigger.STATUS_13:
        return Matched(Actor.SENDER, _sent(work, directory, reach, status))
    found = _received(work, directory, reach, status)
    if found or status.code in STATUS_NAMES:
        return Matched(Actor.RECIPIENT, found)
    # A code that nobody knows may come from either side.
    lines = _sent(work, directory, reach, status)
    return Matched(Actor.SENDER, lines if len(lines) == 1 else ())


def own_delivery(rows: Rows, reach: Collection[str], identifier: str, *, sender: bool = False) -> StoredDelivery | None:
    """Finds a delivery that the caller received, or sent; held ones are not found by their recipient."""
    delivery = storage.delivery_by_id(rows, identifier)
    if delivery is None:
        return None
    theirs = delivery.sender in reach if sender else delivery.visible and delivery.recipient in reach
    return delivery if theirs else None


def meant(rows: Rows, reach: Collection[str], named: str, document_id: str, code: str) -> list[StoredDelivery]:
    """Gives the deliveries of the caller that a report may be about, with their main lines; by what it names first."""
    if named:
        own = own_delivery(rows, reach, named)
        found = [own] if own is not None else []
    elif document_id:
        found = storage.received(rows, reach, document_id=document_id)
    else:
        found = storage.received(rows, reach, code=code) if code else []
    return [*found, *(line_of(rows, one) for one in found)]


def line_for(rows: Rows, delivery: StoredDelivery, code: str) -> StoredDelivery:
    """Gives the delivery that a code moves: the main line, or an update that itself waits for a 15 or 16."""
    if code in _ANSWERS and json.loads(delivery.requests):
        return delivery
    return line_of(rows, delivery)


def _received(
    work: UnitOfWork, directory: Directory, reach: Collection[str], status: StoredStatus
) -> tuple[StoredDelivery, ...]:
    rows = work.rows
    if status.named_delivery:
        named = own_delivery(rows, reach, status.named_delivery)
        return () if named is None else (line_for(rows, named, status.code),)
    if status.named_document_id:
        exact = storage.received(rows, reach, document_id=status.named_document_id)
        if exact:
            # DocumentId is exact enough by itself; the party decides only where it tells candidates apart.
            return _only(rows, _from_party(exact, directory, status, work) or exact, status.code)
    if status.named_code and status.named_party:
        alike = storage.received(rows, reach, code=status.named_code)
        dated = [one for one in alike if not status.named_date or one.promulgated == status.named_date]
        return _only(rows, _from_party(dated, directory, status, work), status.code)
    return ()


def _from_party(
    found: list[StoredDelivery], directory: Directory, status: StoredStatus, work: UnitOfWork
) -> list[StoredDelivery]:
    if not status.named_party:
        return found
    party = directory.known(status.named_party, work.now)
    # Whoever took a sender over is meant as that sender.
    senders = directory.mailboxes(party.id, work.now) if party else ()
    return [one for one in found if status.named_party == one.sender_code or one.sender in senders]


def _only(rows: Rows, found: Iterable[StoredDelivery], code: str) -> tuple[StoredDelivery, ...]:
    """Gives the one line that candidates lead to; the latest of several is never guessed."""
    candidates = list(found)
    recalled = [one for one in candidates if not one.own_line and line_for(rows, one, code) is one]
    if recalled and len(candidates) == 1:
        return (recalled[0],)
    lines = {line.id: line for line in (latest_of(rows, one) for one in candidates)}
    return tuple(lines.values()) if len(lines) == 1 else ()


def _sent(
    work: UnitOfWork, directory: Directory, reach: Collection[str], status: StoredStatus
) -> tuple[StoredDelivery, ...]:
    rows = work.rows
    if status.named_delivery:
        named = own_delivery(rows, reach, status.named_delivery, sender=True)
        return () if named is None else (named,)
    found = storage.sent(rows, reach, status.named_document_id) if status.named_document_id else []
    if not found:
        return _sent_to(work, directory, reach, status)
    if len({one.sender for one in found}) != 1 or not all(_complete(rows, *one) for one in _counted(found)):
        return ()
    return tuple(_concerned(_standing_of_all(rows, found), directory, status, work))


def _counted(found: list[StoredDelivery]) -> Iterable[tuple[str, int]]:
    """Counts the deliveries of each document: updates may repeat the DocumentId."""
    return Counter(one.document for one in found).items()


def _complete(rows: Rows, document: str, made: int) -> bool:
    """Tells whether routing has made all deliveries of a document; else a status waits for the last one."""
    case = storage.case_by_document(rows, document)
    return case is not None and made >= case.delivery_count


def _standing_of_all(rows: Rows, found: Iterable[StoredDelivery]) -> list[StoredDelivery]:
    standing = (_standing(rows, delivery) for delivery in found)
    return list({one.id: one for one in standing}.values())


def _standing(rows: Rows, delivery: StoredDelivery) -> StoredDelivery:
    """Gives what stands of a document at a recipient; an update under a DocumentId of its own is meant alone."""
    line = line_of(rows, delivery)
    return standing_of(rows, line if line.document_id == delivery.document_id else delivery)


def _sent_to(
    work: UnitOfWork, directory: Directory, reach: Collection[str], status: StoredStatus
) -> tuple[StoredDelivery, ...]:
    """Finds by number, notation, date and the recipient; one SDK writes the first two where the last one belongs."""
    names = (status.named_code, status.named_recipients)
    for code, organ in (names, names[::-1]):
        party = directory.known(organ, work.now) if code and organ else None
        if party is None:
            continue
        alike = storage.sent_to(work.rows, reach, directory.mailboxes(party.id, work.now), code)
        found = [one for one in alike if status.named_date in ("", one.promulgated)]
        if found:
            standing = _standing_of_all(work.rows, found)
            return tuple(standing) if len(standing) == 1 else ()
    return ()


def _concerned(
    found: list[StoredDelivery], directory: Directory, status: StoredStatus, work: UnitOfWork
) -> list[StoredDelivery]:
    codes = [code for code in status.named_recipients.split(SEPARATOR) if code]
    if not codes:
        return found
    parties = [party for party in (directory.known(code, work.now) for code in codes) if party]
    # Whoever took a recipient over is meant as that recipient.
    agencies = {one for party in parties for one in directory.mailboxes(party.id, work.now)}
    return [one for one in found if one.recipient_code in codes or one.recipient in agencies]
