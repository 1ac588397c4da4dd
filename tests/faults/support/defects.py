"""Seeded defects: what the checker must find. Put into the child process from outside, never a switch of the product.

`python -c 'from tests.faults.support.defects import install; install("…"); …'` starts the program with one of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from threading import Event as Signal
from threading import current_thread
from typing import Any

from sqlalchemy import delete
from tests.faults.support.defects_of_work import DEFECTS_OF_WORK

from lienthong.chassis import failpoints, uow
from lienthong.chassis.engines.directory_blobs import FileBlobWriter
from lienthong.chassis.events.consumer import Consumer
from lienthong.chassis.events.event import DELIVERIES, Event
from lienthong.chassis.events.inbox import InboxBatch
from lienthong.chassis.events.outbox import Relay
from lienthong.chassis.events.tables import outbox
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.workflow_progress_pb2 import StatusRecorded
from lienthong.routing.handlers import batches
from lienthong.workflow.domain import Decision, DeliveryCase, DeliveryState, Trigger
from lienthong.workflow.handlers import course

_MARKED_SECONDS = 10.0
_LOST = 3
"""Which accepted document loses its event."""


def lose_outbox_row() -> None:
    """The event of one document goes missing between its transaction and the relay."""
    module: Any = uow
    write, accepted = module.write_events, count(1)

    def broken(rows: Any, events: Sequence[Any], *rest: Any) -> None:
        write(rows, events, *rest)
        for event, _ in events:
            if isinstance(event.value, DocumentAccepted) and next(accepted) == _LOST:
                rows.connection.execute(delete(outbox).where(outbox.c.subject == event.subject))

    module.write_events = broken


def apply_twice() -> None:
    """Routing handles each recorded status twice."""
    handle = InboxBatch._handle

    def broken(self: InboxBatch, event: Event) -> None:
        handle(self, event)
        if event.type == StatusRecorded.DESCRIPTOR.full_name and current_thread().name == "routing-consumer":
            handle(self, event)

    InboxBatch._handle = broken  # type: ignore[method-assign] # the defect


def forget_position() -> None:
    """Workflow does not store how far it has come, once."""
    store, batches = InboxBatch._store, count(1)

    def broken(self: InboxBatch) -> None:
        if current_thread().name != "workflow-consumer" or not self._changed or next(batches) != _LOST:
            store(self)

    InboxBatch._store = broken  # type: ignore[method-assign] # the defect


def skip_fsync() -> None:
    """Content is acknowledged before it is on disk; the test then cuts the power, see `test_checker`."""

    def broken(self: FileBlobWriter) -> int:
        self._file.flush()
        return self._file.tell()

    FileBlobWriter.sync = broken  # type: ignore[method-assign] # the defect


def commit_offsets_early() -> None:
    """Workflow commits offsets of deliveries before the records took effect; only there the fail point is reached.

    It waits until routing has marked them as published: else routing would publish them again and nothing be lost.
    """
    publish, marked = Relay.publish_once, Signal()

    def watched(self: Relay) -> int:
        if current_thread().name != "routing-relay":
            return publish(self)
        marked.clear()
        try:
            return publish(self)
        finally:
            marked.set()

    def broken(self: Consumer, consumer: Any) -> None:
        records = consumer.poll(self._limits.batch, 0.5)
        if any(record.topic == DELIVERIES for record in records) and current_thread().name == "workflow-consumer":
            marked.wait(_MARKED_SECONDS)
            consumer.commit(records)
            failpoints.reach("consumer.after-offsets")
        if records and self.handle(records):
            consumer.commit(records)

    Relay.publish_once = watched  # type: ignore[method-assign] # lets the defect wait for its moment
    Consumer._turn = broken  # type: ignore[method-assign] # the defect


def honour_stale_leases() -> None:
    """An item may be acknowledged after its lease expired."""
    module: Any = batches
    settle = module.settle

    def broken(held: Any, lease: str, _now: int, **rest: Any) -> Any:
        return settle(held, lease, 0, **rest)

    module.settle = broken


def lead_back() -> None:
    """05 leads back to ARRIVED."""
    module: Any = course
    decide = module.decide

    def broken(case: DeliveryCase, event: Any) -> Decision:
        decision: Decision = decide(case, event)
        if event.trigger is not Trigger.STATUS_05:
            return decision
        return replace(decision, after=replace(decision.after, state=DeliveryState.ARRIVED))

    module.decide = broken


DEFECTS: Mapping[str, Callable[[], None]] = {
    "lost-outbox-row": lose_outbox_row,
    "applied-twice": apply_twice,
    "position-not-stored": forget_position,
    "skipped-fsync": skip_fsync,
    "early-offsets": commit_offsets_early,
    "stale-lease": honour_stale_leases,
    "status-back": lead_back,
    **DEFECTS_OF_WORK,
}
"""All of them, by name."""


def install(names: str) -> None:
    """Puts defects into this process, several with commas between.

    Raises:
        KeyError: There is no such defect.
    """
    for name in names.split(","):
        DEFECTS[name]()
