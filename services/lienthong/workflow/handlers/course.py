"""The one way in which anything moves a delivery: decided by the lifecycle, kept, sealed and told."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from lienthong.chassis.times import to_timestamp
from lienthong.chassis.uow import AuditEntry, UnitOfWork
from lienthong.events.v1 import workflow_progress_pb2 as events
from lienthong.workflow import storage
from lienthong.workflow.domain import (
    FACT_ACTORS,
    Actor,
    Decision,
    Effect,
    Event,
    Outcome,
    Source,
    Trigger,
    decide,
    fact_event,
    status_event,
)
from lienthong.workflow.handlers.cases import changed, close_settled, moment
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.lines import case_of, move, reason_of
from lienthong.workflow.handlers.telling import (
    facts_of,
    party_of,
    reference,
    tell,
    tell_alert,
    tell_recall_closed,
    tell_requests,
    tell_status,
)
from lienthong.workflow.storage import StoredDelivery, StoredStatus

STATUS_TYPE: Final = "lienthong.status.v1"
ARRIVED, ACCEPTED, AGREED = "01", "03", "15"

UNOPENED: Final = "Chưa ai mở văn bản; trục đã lấy lại (nobody had opened the document)"
"""Text of the 15 that the axis gives when a recall met an unopened delivery (flows: sections 1 and 4)."""
NOTHING_TO_WITHDRAW: Final = "Không còn gì để lấy lại (there was nothing to take back)"
"""Text of the 15 that answers a recall of what was refused or never delivered (rule 30)."""


def take_status(desk: Desk, work: UnitOfWork, delivery: StoredDelivery, status: StoredStatus, actor: Actor) -> Decision:
    """Lets a reported status take its course at a delivery; stores it as new, or again when it was kept before."""
    known = status.position != 0 or status.waiting
    event = status_event(status.code, actor, reason=status.description, source=Source(status.source))
    before = replace(delivery)
    decision = decide(case_of(delivery), event)
    move(delivery, decision, event)
    _note(delivery, status, decision)
    _keep(desk, work, delivery, status, decision, actor, known=known)
    _tell(desk, work, before, delivery, status, decision, event)
    if Effect.ASK_ROUTING in decision.effects:
        _ask_routing(work, delivery, status)
    if Effect.WITHDRAW in decision.effects:
        # Updates are content of what was withdrawn, agreed to or not; what was sent again has a line of its own.
        for update in storage.updates_behind(work.rows, delivery):
            tell_recall_closed(work, update, reason_of(before, decision.closed[0]), agreed=True)
    if Effect.EMIT_15 in decision.effects:
        _by_axis(desk, work, delivery, decision, status.event_at, NOTHING_TO_WITHDRAW)
    _audit(work, status, decision)
    if not delivery.owing:
        close_settled(work, delivery)
    return decision


def take_fact(
    desk: Desk,
    work: UnitOfWork,
    delivery: StoredDelivery,
    trigger: Trigger,
    at: int,
    reason: str = "",
    key: str = "",
) -> Decision:
    """Lets a fact that another part of the axis decided take its course; `at` in microseconds since 1970."""
    event = fact_event(trigger, reason=reason, key=key)
    before = replace(delivery)
    decision = decide(case_of(delivery), event)
    move(delivery, decision, event)
    if trigger is Trigger.ACKNOWLEDGED:
        status = _fact_status(work, delivery, ARRIVED, Source.ACKNOWLEDGEMENT, at, "")
        _keep(desk, work, delivery, status, decision, Actor.RECIPIENT, known=False)
        _tell(desk, work, before, delivery, status, decision, event)
    elif Effect.EMIT_15 in decision.effects:
        _by_axis(desk, work, delivery, decision, at, _axis_text(trigger, reason))
        tell_requests(work, before, decision, event)
        if trigger is Trigger.RECALL_DELIVERED:
            tell_recall_closed(work, delivery, NOTHING_TO_WITHDRAW, agreed=False)
    else:
        _change_only(desk, work, delivery, decision, trigger, at)
        tell_requests(work, before, decision, event)
    if not delivery.owing:
        close_settled(work, delivery)
    return decision


def _axis_text(trigger: Trigger, reason: str) -> str:
    if trigger is Trigger.WITHDRAWN_UNOPENED:
        return UNOPENED
    return NOTHING_TO_WITHDRAW if not reason else f"{NOTHING_TO_WITHDRAW}: {reason}"


def _fact_status(
    work: UnitOfWork, delivery: StoredDelivery, code: str, source: Source, at: int, text: str
) -> StoredStatus:
    return StoredStatus(
        id=work.ids.new(),
        reporter=delivery.recipient,
        reporter_name=delivery.recipient_name,
        system="",
        source=source.value,
        code=code,
        description=text,
        event_at=at,
        received_at=work.now_micros,
    )


def _by_axis(desk: Desk, work: UnitOfWork, delivery: StoredDelivery, decision: Decision, at: int, text: str) -> None:
    """Gives the 15 that nobody at the recipient has to give."""
    status = _fact_status(work, delivery, AGREED, Source.AXIS, at, text)
    _keep(desk, work, delivery, status, decision, Actor.RECIPIENT, known=False)
    tell_status(work, delivery, status, decision, facts_of(desk, work, delivery, status))


def _change_only(
    desk: Desk, work: UnitOfWork, delivery: StoredDelivery, decision: Decision, trigger: Trigger, at: int
) -> None:
    """Keeps a fact that no code tells of; only a change of state stands in the history, for the clock of steps."""
    if decision.before.state == decision.after.state:
        changed(desk, work, delivery)
        return
    status = _fact_status(work, delivery, "", Source.AXIS, at, trigger.value)
    _keep(desk, work, delivery, status, decision, FACT_ACTORS[trigger], known=False)


def _note(delivery: StoredDelivery, status: StoredStatus, decision: Decision) -> None:
    if status.description and decision.recorded:
        delivery.note = status.description
    if status.code == ACCEPTED and status.arrival_number and decision.outcome is Outcome.APPLIED:
        delivery.arrival_number = status.arrival_number


def _keep(
    desk: Desk,
    work: UnitOfWork,
    delivery: StoredDelivery,
    status: StoredStatus,
    decision: Decision,
    actor: Actor,
    *,
    known: bool,
) -> None:
    status.delivery, status.case_document, status.recipient = delivery.id, delivery.case_document, delivery.recipient
    status.actor, status.waiting = actor.value, False
    status.outcome = decision.outcome.value
    status.rule = str(decision.rule)
    status.from_state, status.to_state = str(decision.before.state), str(decision.after.state)
    status.warnings = ",".join(decision.warnings)
    status.position = changed(desk, work, delivery)
    if decision.outcome is Outcome.APPLIED and status.code:
        seal = desk.seal.seal(status_subject(desk, work, delivery, status), work.now)
        status.seal_subject, status.seal = seal.subject_bytes, seal.cms_der
    store = storage.save_status if known else storage.add_status
    store(work.rows, status)


def status_subject(desk: Desk, work: UnitOfWork, delivery: StoredDelivery, status: StoredStatus) -> Mapping[str, Any]:
    """Makes the subject that is sealed for a status that took effect."""
    facts = facts_of(desk, work, delivery, status)
    return {
        "type": STATUS_TYPE,
        "status": status.id,
        "delivery": delivery.id,
        "document": delivery.document,
        "document_id": delivery.document_id,
        "document_code": delivery.code,
        "code": status.code,
        "from": {"agency": facts.from_agency, "code": facts.from_code},
        "to": {"agency": facts.to_agency, "code": facts.to_code or party_of(desk, work, delivery, facts.to_agency)[0]},
        "event_time": moment(status.event_at),
        "receive_time": moment(status.received_at),
        "description_sha256": hashlib.sha256(status.description.encode()).hexdigest(),
        "source": status.source,
        "rule": status.rule,
        "from_state": status.from_state,
        "to_state": status.to_state,
    }


def _tell(
    desk: Desk,
    work: UnitOfWork,
    before: StoredDelivery,
    delivery: StoredDelivery,
    status: StoredStatus,
    decision: Decision,
    event: Event,
) -> None:
    if decision.outcome is not Outcome.FORWARDED:
        tell_status(work, delivery, status, decision, facts_of(desk, work, delivery, status))
    tell_requests(work, before, decision, event)
    if decision.alert:
        detail = f"{status.code} at state {decision.before.state} (rule {decision.rule}); the state stays"
        tell_alert(work, delivery, decision, detail)


def _ask_routing(work: UnitOfWork, delivery: StoredDelivery, status: StoredStatus) -> None:
    asked = events.RecallAsked(
        reference=reference(delivery),
        recall=work.ids.new(),
        reason=status.description,
        event_time=to_timestamp(work.now),
    )
    tell(work, delivery, asked)


def _audit(work: UnitOfWork, status: StoredStatus, decision: Decision) -> None:
    work.record(
        AuditEntry(
            status.system,
            status.reporter,
            "status.report",
            f"statuses/{status.id}",
            outcome=decision.outcome.value.lower(),
            person=status.person,
            detail=f"{status.code} at deliveries/{status.delivery}, rule {decision.rule}",
        )
    )
