"""Fan-out: one delivery for each recipient of a document, in chunks."""

from collections.abc import Sequence
from dataclasses import dataclass

from lienthong.chassis.directory.model import Directory
from lienthong.chassis.events.event import DELIVERIES, NewEvent
from lienthong.chassis.events.inbox import ParentUnknownError
from lienthong.chassis.text import words
from lienthong.chassis.times import to_timestamp
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1.document_pb2 import DocumentHeader, DocumentKind
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted, RecallRequested, Recipient
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryCreated, DeliveryReference
from lienthong.routing.domain.transport import UNOPENED, Transport
from lienthong.routing.handlers.desk import Desk, micros
from lienthong.routing.handlers.jobs import FAN_OUT, Job, Progress, begin
from lienthong.routing.handlers.lifecycle import fail, release, supersede, withdraw
from lienthong.routing.handlers.links import Links, links_of
from lienthong.routing.handlers.recalls import apply_recall, concerns, recalls_before, recalls_since
from lienthong.routing.handlers.recipients import Destination, destinations
from lienthong.routing.storage.deliveries import add_delivery, add_words, of_document
from lienthong.routing.storage.documents import add_document, document_by_id, recipients_of, the_document
from lienthong.routing.storage.jobs import unfinished
from lienthong.routing.storage.rows import StoredDelivery, StoredDocument

WORDS_AT_MOST = 64
"""Different words of a subject that can be searched for."""

WORD_LENGTH = 40

_AGAIN = 100_000
"""Microseconds after which an update looks again whether its original is delivered everywhere."""

_CHAINED = (DocumentKind.DOCUMENT_KIND_UPDATE, DocumentKind.DOCUMENT_KIND_REPLACEMENT)


@dataclass(frozen=True, slots=True)
class Made:
    """A delivery in the making: its row, where it leads, which earlier deliveries it concerns, what took it back."""

    row: StoredDelivery
    recipient: Recipient
    destination: Destination
    links: Links
    recall: RecallRequested | None


def accept_document(work: UnitOfWork, desk: Desk, accepted: DocumentAccepted) -> None:
    """Takes a document over and makes its first deliveries.

    Raises:
        ParentUnknownError: An earlier document that it updates or replaces has not come in yet.
    """
    _await_affected(work, accepted)
    recipients = DocumentAccepted(recipients=accepted.recipients)
    rest = DocumentAccepted()
    rest.CopyFrom(accepted)
    rest.ClearField("recipients")
    document = StoredDocument(
        accepted.document, accepted.sender_agency, rest.SerializeToString(), len(accepted.recipients)
    )
    add_document(work.rows, document, recipients.SerializeToString())
    begin(work, desk, FAN_OUT, accepted.document, fan_out_chunk)
    work.release(f"document:{accepted.document}")


def fan_out_chunk(work: UnitOfWork, desk: Desk, job: Job) -> Progress:
    """Makes the next deliveries of a document; waits while an original is not delivered everywhere."""
    document = the_document(work.rows, job.subject)
    accepted = DocumentAccepted.FromString(document.accepted)
    if any(unfinished(work.connection, FAN_OUT, one) for one in _affected(accepted)):
        return Progress(job.place, _AGAIN)
    recipients = DocumentAccepted.FromString(recipients_of(work.rows, job.subject)).recipients
    last = job.place + desk.limits.chunk
    chunk = recipients[job.place : last]
    named = {one.agency for one in recipients if one.agency}
    if any(not one.agency for one in chunk):
        # What intake did not know may have turned out, in an earlier chunk, to be the same agency.
        named |= {row.recipient for row in of_document(work.rows, document, 0, job.place)}
    directory, led = _led(work, desk, chunk, named)
    made = [
        _make(work, desk, directory, accepted, recipient, found, ordinal)
        for ordinal, (recipient, found) in enumerate(zip(chunk, led, strict=True), job.place)
    ]
    _write(work, accepted, made)
    told = DocumentHeader()
    told.CopyFrom(accepted.header)
    told.ClearField("recipients")
    for one in made:
        _created(work, accepted, told, one, document.recipient_count)
    _settle(work, desk, document, accepted, made)
    return Progress(last if last < len(recipients) else None)


def _await_affected(work: UnitOfWork, accepted: DocumentAccepted) -> None:
    missing = {one for one in _affected(accepted) if document_by_id(work.rows, one) is None}
    if missing:
        raise ParentUnknownError(f"document:{min(missing)}")


def _affected(accepted: DocumentAccepted) -> set[str]:
    if accepted.header.kind not in _CHAINED:
        return set()
    return {affected.document for affected in accepted.affected if affected.document}


def _led(
    work: UnitOfWork, desk: Desk, recipients: Sequence[Recipient], named: set[str]
) -> tuple[Directory, list[Destination]]:
    directory = desk.directory.get()
    found = destinations(directory, recipients, named, work.now)
    if any(one.failure is not None for one in found):
        # A failure is for good, and another copy may have heard of the agency a moment ago.
        desk.directory.changed()
        known, directory = directory, desk.directory.get()
        if directory is not known:
            found = destinations(directory, recipients, named, work.now)
    return directory, found


def _make(
    work: UnitOfWork,
    desk: Desk,
    directory: Directory,
    accepted: DocumentAccepted,
    recipient: Recipient,
    found: Destination,
    ordinal: int,
) -> Made:
    links = links_of(work, directory, accepted, found.agency)
    identifier = work.ids.new()
    row = StoredDelivery(
        id=identifier,
        document=accepted.document,
        ordinal=ordinal,
        sender=accepted.sender_agency,
        recipient=found.agency,
        state=Transport.HELD.value,
        held_until=work.database_micros + micros(desk.limits.held_seconds),
        created_at=work.now_micros,
        chain=links.original.chain if links.original else identifier,
        number=accepted.header.number,
        notation=accepted.header.notation,
        document_id=accepted.header.document_id,
    )
    asked = recalls_before(work, accepted.document)
    if links.original is not None and links.original.state == Transport.WITHDRAWN.value:
        # What took the original back after this update was sent takes it back too, whichever came in first.
        asked += recalls_since(work, links.original.document, accepted.accept_time)
    recall = next((one for one in asked if concerns(directory, one, found.agency, work.now)), None)
    return Made(row, recipient, found, links, recall)


def _write(work: UnitOfWork, accepted: DocumentAccepted, made: Sequence[Made]) -> None:
    found = sorted({word[:WORD_LENGTH] for word in words(accepted.header.subject)})[:WORDS_AT_MOST]
    for one in made:
        add_delivery(work.rows, one.row)
        if one.destination.agency:
            add_words(work.rows, one.row.recipient, one.row.id, found)


def _created(work: UnitOfWork, accepted: DocumentAccepted, header: DocumentHeader, made: Made, count: int) -> None:
    row, links = made.row, made.links
    event = DeliveryCreated(
        reference=DeliveryReference(
            delivery=row.id,
            document=accepted.document,
            sender_agency=accepted.sender_agency,
            recipient_agency=made.destination.agency,
        ),
        recipient_code=made.recipient.code,
        recipient_name=made.recipient.display_name,
        sender_code=accepted.sender_code,
        sender_name=accepted.sender_name,
        header=header,
        original_delivery=links.original.id if links.original else "",
        replaced_deliveries=links.replaced,
        answers=accepted.answers,
        delivery_count=count,
        create_time=to_timestamp(work.now),
        accept_time=accepted.accept_time,
        takes_place=_takes_place(made),
    )
    work.emit(NewEvent(DELIVERIES, row.id, row.id, event))


def _takes_place(made: Made) -> bool:
    """Tells whether nobody has leased or opened the original; else the update waits behind it in the same chain."""
    lives = made.destination.failure is None and made.recall is None
    return lives and made.links.original is not None and Transport(made.links.original.state) in UNOPENED


def _settle(
    work: UnitOfWork, desk: Desk, document: StoredDocument, accepted: DocumentAccepted, made: Sequence[Made]
) -> None:
    for one in made:
        row = one.row
        if one.destination.failure is not None:
            fail(work, row, one.destination.failure)
            if one.recall is not None:
                apply_recall(work, desk, row, one.recall)
            continue
        if one.recall is not None:
            withdraw(work, row, one.recall.recall, one.recall.reason, unopened=True)
            continue
        if one.links.original is not None and _takes_place(one):
            supersede(work, one.links.original, row.id)
        if document.verdict_version:
            release(work, desk, row, document, accepted)
