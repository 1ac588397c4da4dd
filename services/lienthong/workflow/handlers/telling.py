"""Events of workflow: who is told what about a delivery."""

from google.protobuf.message import Message

from lienthong.chassis.events.event import PROGRESS, NewEvent
from lienthong.chassis.times import to_timestamp
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1 import document_pb2, lifecycle_pb2
from lienthong.events.v1 import workflow_progress_pb2 as events
from lienthong.workflow.domain import Actor, Decision, DeliveryState, Effect, SideRequest, Trigger
from lienthong.workflow.domain import Event as Happening
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.lines import reason_of
from lienthong.workflow.storage import StoredCase, StoredDelivery, StoredStatus, open_tasks

_TAKEN_AWAY = {DeliveryState.WITHDRAWN, DeliveryState.SUPERSEDED}
_PEOPLE_AT_MOST = 500
"""Whom one event names: it must find room in a record."""
_FORWARDED = {Effect.FORWARD_TO_SENDER, Effect.FORWARD_TO_RECIPIENT, Effect.EMIT_01, Effect.EMIT_15}


def state_number(state: str | DeliveryState | None) -> lifecycle_pb2.DeliveryState.ValueType:
    """Gives the number of a state on the wire; unspecified for none."""
    return lifecycle_pb2.DeliveryState.Value(f"DELIVERY_STATE_{state or 'UNSPECIFIED'}")


def request_number(kind: SideRequest) -> lifecycle_pb2.SideRequest.ValueType:
    """Gives the number of a request on the wire."""
    name = "UNSPECIFIED" if kind is SideRequest.NONE else kind.value
    return lifecycle_pb2.SideRequest.Value(f"SIDE_REQUEST_{name}")


def reference(delivery: StoredDelivery) -> events.ProgressReference:
    """Says which delivery an event is about."""
    return events.ProgressReference(
        delivery=delivery.id,
        document=delivery.document,
        sender_agency=delivery.sender,
        recipient_agency=delivery.recipient,
    )


def tell(work: UnitOfWork, delivery: StoredDelivery, message: Message) -> None:
    """Tells what happened to a delivery."""
    work.emit(NewEvent(PROGRESS, delivery.id, delivery.id, message))


def tell_case_closed(work: UnitOfWork, case: StoredCase) -> None:
    """Tells that a case was closed."""
    message = events.CaseClosed(
        document=case.document,
        sender_agency=case.sender,
        document_id=case.document_id,
        subject=case.subject,
        event_time=to_timestamp(work.now),
    )
    work.emit(NewEvent(PROGRESS, case.document, f"case:{case.document}", message))


def party_of(desk: Desk, work: UnitOfWork, delivery: StoredDelivery, agency: str) -> tuple[str, str]:
    """Gives code and name of an agency from the directory's copy, or as the delivery's event wrote them."""
    known = desk.directory.get().agencies.get(agency)
    if known is not None:
        return known.code(work.now), known.name
    if agency == delivery.sender:
        return delivery.sender_code, ""
    return delivery.recipient_code, delivery.recipient_name


def other_party(delivery: StoredDelivery, actor: Actor) -> str:
    """Gives the agency that shall know of a status."""
    return delivery.recipient if actor is Actor.SENDER else delivery.sender


def facts_of(desk: Desk, work: UnitOfWork, delivery: StoredDelivery, status: StoredStatus) -> events.StatusFacts:
    """Puts a status into the terms of a status message."""
    to_agency = other_party(delivery, Actor(status.actor))
    from_code, from_name = party_of(desk, work, delivery, status.reporter)
    return events.StatusFacts(
        status=status.id,
        code=status.code,
        description=status.description,
        staff=document_pb2.Staff.FromString(status.staff) if status.staff else None,
        from_agency=status.reporter,
        from_code=from_code,
        from_name=from_name or status.reporter_name,
        to_agency=to_agency,
        to_code=party_of(desk, work, delivery, to_agency)[0],
        document_id=delivery.document_id,
        document_code=delivery.code,
        event_time=to_timestamp(status.event_at),
        receive_time=to_timestamp(status.received_at),
        source=status.source,
    )


def tell_status(
    work: UnitOfWork, delivery: StoredDelivery, status: StoredStatus, decision: Decision, facts: events.StatusFacts
) -> None:
    """Tells of a status: recorded when it took effect or the other side must see it, else kept as history."""
    about = reference(delivery)
    if not decision.recorded:
        state = state_number(delivery.state)
        kept = events.StatusKeptAsHistory(reference=about, facts=facts, state=state, rule=status.rule)
        tell(work, delivery, kept)
        return
    recorded = events.StatusRecorded(
        reference=about,
        facts=facts,
        from_state=state_number(decision.before.state),
        to_state=state_number(decision.after.state),
        # A recall that is answered by the axis itself needs no word to the recipient: nothing lies there.
        forward=bool(decision.effects & _FORWARDED) and status.code != Trigger.STATUS_13,
    )
    tell(work, delivery, recorded)


def tell_requests(work: UnitOfWork, before: StoredDelivery, decision: Decision, event: Happening) -> None:
    """Tells which requests ended and which one the next 15 or 16 answers. `before` holds the reasons."""
    about, when = reference(before), to_timestamp(work.now)
    taken_back = event.trigger in {Trigger.WITHDRAWN_UNOPENED, Trigger.WITHDRAWN_AGREED}
    for number, request in enumerate(decision.closed):
        message = events.SideRequestClosed(
            reference=about,
            request=request_number(request.kind),
            # Only the open request is answered; those behind it end because the delivery did.
            agreed=number == 0
            and (event.trigger is Trigger.STATUS_15 or (taken_back and request.kind is SideRequest.RECALL)),
            reason=event.reason,
            event_time=when,
        )
        tell(work, before, message)
    if Effect.OPEN_REQUEST in decision.effects:
        opened = decision.after.requests[0]
        known = opened in decision.before.requests
        reason = reason_of(before, opened) if known else event.reason
        kind = request_number(opened.kind)
        tell(work, before, events.SideRequestOpened(reference=about, request=kind, reason=reason, event_time=when))
    instruct_holders(work, before, decision, event)


def instruct_holders(work: UnitOfWork, before: StoredDelivery, decision: Decision, event: Happening) -> None:
    """Tells whoever has an open task to wait, to go on or to stop, when a request was opened, answered or ended."""
    state, requests = decision.after.state, decision.closed or decision.after.requests
    if Effect.OPEN_REQUEST in decision.effects:
        instruction, requests = events.WORK_INSTRUCTION_PAUSE, decision.after.requests
    elif state in _TAKEN_AWAY and decision.before.state not in _TAKEN_AWAY:
        instruction = events.WORK_INSTRUCTION_STOP
    elif decision.closed:
        instruction = events.WORK_INSTRUCTION_RESUME
    else:
        return
    people = list(dict.fromkeys(task.person for task in open_tasks(work.connection, before.id) if task.person))
    if people:
        message = events.HoldersInstructed(
            reference=reference(before),
            instruction=instruction,
            request=request_number(requests[0].kind if requests else SideRequest.NONE),
            people=people[:_PEOPLE_AT_MOST],
            reason=event.reason,
            event_time=to_timestamp(work.now),
        )
        tell(work, before, message)


def tell_recall_closed(work: UnitOfWork, delivery: StoredDelivery, reason: str, *, agreed: bool) -> None:
    """Tells of a recall that ended without being open here: of an update with its original, or of what was refused."""
    kind, when = request_number(SideRequest.RECALL), to_timestamp(work.now)
    closed = events.SideRequestClosed(
        reference=reference(delivery), request=kind, agreed=agreed, reason=reason, event_time=when
    )
    tell(work, delivery, closed)


def tell_alert(work: UnitOfWork, delivery: StoredDelivery, decision: Decision, detail: str) -> None:
    """Tells of a conflict that a person must look at."""
    alert = events.CaseAlert(
        reference=reference(delivery), reason=decision.alert, detail=detail, event_time=to_timestamp(work.now)
    )
    tell(work, delivery, alert)
