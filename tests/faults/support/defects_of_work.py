"""Seeded defects in what becomes of updates, tasks, uploads and notices; see `defects`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from threading import current_thread
from typing import Any
from uuid import uuid4

from lienthong.chassis import idempotency
from lienthong.chassis.events.event import Event
from lienthong.chassis.events.inbox import InboxBatch
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryAvailable
from lienthong.intake import storage as intake_storage
from lienthong.notification.channels import Sent
from lienthong.notification.domain.notices import Channel
from lienthong.notification.sending.couriers import Courier, Task
from lienthong.routing.domain import transport
from lienthong.routing.domain.transport import Step, Transport
from lienthong.routing.handlers import fanout
from lienthong.workflow.domain import Decision, DeliveryCase, Trigger
from lienthong.workflow.domain.terms import CLOSED_STATES
from lienthong.workflow.handlers import course, deliveries, task_parts

_SECOND, _THIRD = 2, 3


def leave_request_open() -> None:
    """An answer to a request of the sender does not close it."""
    module: Any = course
    decide = module.decide

    def broken(case: DeliveryCase, event: Any) -> Decision:
        decision: Decision = decide(case, event)
        answers = event.trigger in {Trigger.STATUS_15, Trigger.STATUS_16}
        if not answers or decision.after.state in CLOSED_STATES:
            return decision
        return replace(decision, after=replace(decision.after, requests=case.requests))

    module.decide = broken


def keep_failure_silent() -> None:
    """Workflow does not record that a delivery failed."""
    module: Any = deliveries
    take_fact = module.take_fact

    def broken(desk: Any, work: Any, delivery: Any, trigger: Trigger, *rest: Any, **named: Any) -> Any:
        return None if trigger is Trigger.FAILED else take_fact(desk, work, delivery, trigger, *rest, **named)

    module.take_fact = broken


def overtake_opened() -> None:
    """An update takes the place of a document that its recipient has already."""
    table: Any = transport.TABLE
    table[Transport.OPENED, Step.SUPERSEDE] = table[Transport.ACKNOWLEDGED, Step.SUPERSEDE] = Transport.SUPERSEDED
    module: Any = fanout
    module.UNOPENED = frozenset(Transport)


def forget_task_keys() -> None:
    """The answer to a task that was given is not remembered, so a repeat gives another."""
    module: Any = idempotency
    remember = module.remember_answer

    def broken(work: Any, call: Any, *rest: Any) -> None:
        if not call.method.endswith("/AssignTask"):
            remember(work, call, *rest)

    module.remember_answer = broken


def complete_silently() -> None:
    """Completing the last task does not report 06."""
    module: Any = task_parts
    report = module.report_task

    def broken(desk: Any, work: Any, caller: Any, delivery: Any, told: Any) -> Any:
        return None if told.code == "06" else report(desk, work, caller, delivery, told)

    module.report_task = broken


def forget_upload() -> None:
    """What was called durable of an upload is forgotten, once."""
    module: Any = intake_storage
    advance, advances = module.advance_upload, count(1)

    def broken(connection: Any, upload: Any, before: int) -> Any:
        lost = not upload.complete and next(advances) == _SECOND
        return advance(connection, replace(upload, committed=0) if lost else upload, before)

    module.advance_upload = broken


def leave_notice_unsent() -> None:
    """One notice counts as sent, and nobody was called."""
    result, sent = Courier._result, count(1)

    def broken(self: Courier, task: Task, now: Any) -> Any:
        lost = task.notice.new.channel is Channel.WEBHOOK and next(sent) == _THIRD
        return Sent("HTTP 204") if lost else result(self, task, now)

    Courier._result = broken  # type: ignore[method-assign] # the defect


def tell_twice() -> None:
    """Notification takes a repeated event for another one."""
    handle, events = InboxBatch._handle, count(1)

    def broken(self: InboxBatch, event: Event) -> None:
        handle(self, event)
        mine = event.type == DeliveryAvailable.DESCRIPTOR.full_name and current_thread().name == "notification-consumer"
        if mine and next(events) == _THIRD:
            handle(self, replace(event, id=str(uuid4())))

    InboxBatch._handle = broken  # type: ignore[method-assign] # the defect


DEFECTS_OF_WORK: Mapping[str, Callable[[], None]] = {
    "request-left-open": leave_request_open,
    "failure-untold": keep_failure_silent,
    "overtaken-though-opened": overtake_opened,
    "task-key-forgotten": forget_task_keys,
    "completed-silently": complete_silently,
    "upload-forgotten": forget_upload,
    "notice-unsent": leave_notice_unsent,
    "notice-doubled": tell_twice,
}
"""All of them, by name."""
