"""What routing tells of deliveries, and what follows from it in the lifecycle."""

from lienthong.chassis.events.inbox import ParentUnknownError
from lienthong.chassis.times import timestamp_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1.lifecycle_pb2 import SideRequest as WireRequest
from lienthong.events.v1 import routing_deliveries_pb2 as events
from lienthong.workflow import storage
from lienthong.workflow.domain import Effect, Trigger
from lienthong.workflow.handlers.answers import SEPARATOR, note_answers, note_known_answers
from lienthong.workflow.handlers.cases import changed
from lienthong.workflow.handlers.course import take_fact
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.documents import case_for, code_of, day_of
from lienthong.workflow.handlers.kept import match_received, match_sent
from lienthong.workflow.handlers.lines import latest_of, line_of
from lienthong.workflow.storage import StoredDelivery

_PRIORITIES = range(5)


def created(desk: Desk, work: UnitOfWork, event: events.DeliveryCreated) -> None:
    """Makes a delivery: its main line begins at SENT, unless it is an update that waits behind its original.

    Raises:
        ParentUnknownError: The delivery that it updates is not known yet.
    """
    original = _original(desk, work, event)
    if storage.delivery_by_id(work.rows, event.reference.delivery) is not None:
        return
    case = case_for(work, event)
    delivery = _delivery(event, original, case.due_at)
    storage.add_delivery(work.rows, delivery)
    changed(desk, work, delivery)
    work.release(f"delivery:{delivery.id}")
    note_known_answers(desk, work, delivery)
    case.deliveries_made += 1
    if case.deliveries_made >= event.delivery_count:
        match_sent(desk, work, delivery)


def available(desk: Desk, work: UnitOfWork, event: events.DeliveryAvailable) -> None:
    """Lets the recipient see a delivery; a replacement asks its question at each delivery that it replaces.

    Raises:
        ParentUnknownError: The delivery, or one that it replaces, is not known yet.
    """
    delivery = _known(work, event.reference.delivery)
    replaced = [_known(work, one) for one in delivery.replaced.split(SEPARATOR) if one]
    delivery.visible, delivery.verdict = True, event.verdict
    changed(desk, work, delivery)
    at = timestamp_micros(event.event_time)
    for old in replaced:
        line = latest_of(work.rows, old)
        take_fact(desk, work, line, Trigger.REPLACEMENT_DELIVERED, at, delivery.reason, delivery.id)
    match_received(desk, work, delivery)


def verdict_changed(desk: Desk, work: UnitOfWork, event: events.DeliveryVerdictChanged) -> None:
    """Shows a later verdict.

    Raises:
        ParentUnknownError: The delivery is not known yet.
    """
    delivery = _known(work, event.reference.delivery)
    delivery.verdict = event.verdict
    changed(desk, work, delivery)


def acknowledged(desk: Desk, work: UnitOfWork, event: events.DeliveryAcknowledged) -> None:
    """Reports 01 by itself (ND30 Art. 21); of a waiting update it opens the request at its original.

    Raises:
        ParentUnknownError: The delivery is not known yet.
    """
    delivery = _known(work, event.reference.delivery)
    at = timestamp_micros(event.event_time)
    delivery.acknowledged_at = delivery.acknowledged_at or at
    storage.save_delivery(work.rows, delivery)
    if delivery.own_line or _starts_anew(desk, work, delivery, at):
        take_fact(desk, work, delivery, Trigger.ACKNOWLEDGED, at)
    note_answers(desk, work, delivery)


def _starts_anew(desk: Desk, work: UnitOfWork, update: StoredDelivery, at: int) -> bool:
    original = line_of(work.rows, update)
    decision = take_fact(desk, work, original, Trigger.UPDATE_ACKNOWLEDGED, at, update.reason, update.id)
    update.own_line = Effect.START_NEW_LINE in decision.effects
    return update.own_line


def failed(desk: Desk, work: UnitOfWork, event: events.DeliveryFailed) -> None:
    """Ends a delivery that cannot be delivered, with the nearest codes for the sender.

    Raises:
        ParentUnknownError: The delivery is not known yet.
    """
    delivery = _known(work, event.reference.delivery)
    nearest = f" ({', '.join(event.nearest_codes)})" if event.nearest_codes else ""
    delivery.failure = f"{event.reason}: {event.detail}{nearest}"
    take_fact(desk, work, delivery, Trigger.FAILED, timestamp_micros(event.event_time), event.detail)


def withdrawn(desk: Desk, work: UnitOfWork, event: events.DeliveryWithdrawn) -> None:
    """Ends a delivery that routing took back; when nobody had opened it, the sender gets a 15 that says so.

    Raises:
        ParentUnknownError: The delivery is not known yet.
    """
    delivery = _known(work, event.reference.delivery)
    trigger = Trigger.WITHDRAWN_UNOPENED if event.unopened else Trigger.WITHDRAWN_AGREED
    at = timestamp_micros(event.event_time)
    take_fact(desk, work, delivery, trigger, at, event.reason, event.recall)
    for line in _asked_of(work, delivery):
        take_fact(desk, work, line, Trigger.REQUEST_TAKEN_BACK, at, key=delivery.id)


def _asked_of(work: UnitOfWork, delivery: StoredDelivery) -> list[StoredDelivery]:
    """Gives the lines of which an update that waits, or a replacement, asked something."""
    replaced = [latest_of(work.rows, _known(work, one)) for one in delivery.replaced.split(SEPARATOR) if one]
    if delivery.own_line or not delivery.original:
        return replaced
    return [line_of(work.rows, _known(work, delivery.original)), *replaced]


def superseded(desk: Desk, work: UnitOfWork, event: events.DeliverySuperseded) -> None:
    """Ends a delivery that nobody had opened; the update in its place begins at SENT in the same case.

    Raises:
        ParentUnknownError: One of the two is not known yet.
    """
    delivery = _known(work, event.reference.delivery)
    successor = _known(work, event.successor_delivery)
    delivery.successor = successor.id
    if delivery.own_line:
        successor.own_line = True
        changed(desk, work, successor)
    take_fact(desk, work, delivery, Trigger.SUPERSEDED, timestamp_micros(event.event_time), key=successor.id)


def request_delivered(desk: Desk, work: UnitOfWork, event: events.RequestDelivered) -> None:
    """Opens a recall that waits for the recipient. Updates and replacements open by their own deliveries.

    Raises:
        ParentUnknownError: The delivery is not known yet.
    """
    delivery = _known(work, event.reference.delivery)
    if event.request != WireRequest.SIDE_REQUEST_RECALL:
        return
    at = timestamp_micros(event.event_time)
    # A recall of an update concerns the update alone, so it stands at its own delivery; the original goes on.
    take_fact(desk, work, delivery, Trigger.RECALL_DELIVERED, at, event.reason, event.request_id)


def _known(work: UnitOfWork, identifier: str) -> StoredDelivery:
    delivery = storage.delivery_by_id(work.rows, identifier)
    if delivery is None:
        raise ParentUnknownError(f"delivery:{identifier}")
    return delivery


def _original(desk: Desk, work: UnitOfWork, event: events.DeliveryCreated) -> StoredDelivery | None:
    """Gives the delivery that is updated. Nobody joins the case of another sender, whatever an event says."""
    if not event.original_delivery:
        return None
    original = _known(work, event.original_delivery)
    sender = event.reference.sender_agency
    senders = {sender, *desk.directory.get().mailboxes(sender, work.now)}
    return original if original.sender in senders else None


def _delivery(event: events.DeliveryCreated, original: StoredDelivery | None, due_at: int | None) -> StoredDelivery:
    header, about = event.header, event.reference
    return StoredDelivery(
        id=about.delivery,
        document=about.document,
        case_document=original.case_document if original else about.document,
        sender=about.sender_agency,
        sender_code=event.sender_code,
        recipient=about.recipient_agency,
        recipient_code=event.recipient_code,
        recipient_name=event.recipient_name,
        document_id=header.document_id,
        code=code_of(header),
        promulgated=day_of(header),
        created_at=timestamp_micros(event.create_time),
        priority=min(max(header.priority, _PRIORITIES.start), _PRIORITIES.stop - 1),
        due_at=due_at,
        own_line=original is None or (event.takes_place and original.own_line),
        original=original.id if original else "",
        replaced=SEPARATOR.join(event.replaced_deliveries),
        reason=header.reason,
        answers=SEPARATOR.join(event.answers),
    )
