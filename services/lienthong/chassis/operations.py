"""What operators do to a service: outbox, parked events, dead letters, lag, audit. The same for every service."""

import os
import platform
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Any, TypeVar

from sqlalchemy import Table, select, tuple_

from lienthong.chassis.checks import Examination, nothing
from lienthong.chassis.directory.store import tell_all
from lienthong.chassis.errors import AxisError, Violation, invalid, not_found
from lienthong.chassis.events.event import Event, insist_on_readable
from lienthong.chassis.events.held import pass_over, take_dead, take_next
from lienthong.chassis.events.inbox import InboxBatch
from lienthong.chassis.events.outbox import count_kept, outbox_state, republish
from lienthong.chassis.events.tables import audit, dead_letters, parked
from lienthong.chassis.idempotency import once
from lienthong.chassis.paging import page_of
from lienthong.chassis.retention import BATCH, Expiry
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.service import Component
from lienthong.chassis.times import (
    from_micros,
    insist_on_calendar,
    timestamp_micros,
    to_duration,
    to_micros,
    to_timestamp,
)
from lienthong.chassis.uow import AuditEntry, UnitOfWork, UnitsOfWork
from lienthong.common.v1 import operations_pb2 as pb

Answer = TypeVar("Answer")


_VERSION = version("lienthong")
_COPY = f"{platform.node()}/{os.getpid()}"

DIRECTORY_OWNER = "routing"
"""The service that publishes the directory."""


class OperationsApi:
    """Serves `common.v1.Operations` for all services behind one port."""

    def __init__(self, components: Mapping[str, Component], examine: Examination = nothing) -> None:
        self._components = components
        self._examine = examine

    def get_outbox(self, request: pb.GetOutboxRequest, _call: Call) -> pb.GetOutboxResponse:
        """Tells the state of an outbox."""
        context = self._component(request.service).context
        with context.database.read() as connection:
            waiting, age, kept = outbox_state(connection, to_micros(context.base.clock.now()))
        return pb.GetOutboxResponse(waiting=waiting, oldest_age=to_duration(timedelta(microseconds=age)), kept=kept)

    def republish_outbox(self, request: pb.RepublishOutboxRequest, call: Call) -> pb.RepublishOutboxResponse:
        """Publishes kept rows again; relays pick them up by themselves."""
        context = self._component(request.service).context
        if request.directory and request.service != DIRECTORY_OWNER:
            rule = f"{DIRECTORY_OWNER} owns the directory, not {request.service}"
            violation = Violation("directory", "NOT_THE_OWNER", rule, f"Name the service {DIRECTORY_OWNER}.")
            raise invalid("NOT_THE_OWNER", f"directory: {rule}", violation)

        def again(work: UnitOfWork) -> pb.RepublishOutboxResponse:
            count, more = (tell_all(work), None) if request.directory else republish(work.connection, since)
            work.record(_entry(call, "outbox.republish", request.service, f"{count} events"))
            return pb.RepublishOutboxResponse(events=count, more_since=None if more is None else to_timestamp(more))

        insist_on_calendar("since", request.since)
        since = timestamp_micros(request.since)
        if request.dry_run and request.directory:
            return _dry(context.units, again)
        if request.dry_run:
            with context.database.read() as connection:
                return pb.RepublishOutboxResponse(events=count_kept(connection, since))
        return once(context.units, call, request, pb.RepublishOutboxResponse, again)

    def purge_expired(self, request: pb.PurgeExpiredRequest, call: Call) -> pb.PurgeExpiredResponse:
        """Removes a batch of each kind of rows whose time is over."""
        component = self._component(request.service)
        context, metrics = component.context, component.context.base.metrics
        if request.dry_run:
            now = to_micros(context.base.clock.now())
            with context.database.read() as connection:
                tables = [_expired(one, one.count(connection, now)) for one in component.expiries]
            return pb.PurgeExpiredResponse(tables=tables)

        def purge(work: UnitOfWork) -> pb.PurgeExpiredResponse:
            tables = [_expired(one, one.remove(work.connection, work.now_micros)) for one in component.expiries]
            told = ", ".join(f"{one.table} {one.rows}" for one in tables)
            work.record(_entry(call, "expired.purge", request.service, told))
            for one in tables:
                work.after_commit(partial(metrics.expired, context.name, one.table, one.rows))
            return pb.PurgeExpiredResponse(tables=tables, more=any(one.rows == BATCH for one in tables))

        return once(context.units, call, request, pb.PurgeExpiredResponse, purge)

    def list_parked_events(self, request: pb.ListParkedEventsRequest, call: Call) -> pb.ListParkedEventsResponse:
        """Lists parked events."""
        events, token = self._held(request, call, parked)
        return pb.ListParkedEventsResponse(events=events, next_page_token=token)

    def list_dead_letters(self, request: pb.ListDeadLettersRequest, call: Call) -> pb.ListDeadLettersResponse:
        """Lists dead letters."""
        events, token = self._held(request, call, dead_letters)
        return pb.ListDeadLettersResponse(events=events, next_page_token=token)

    def redrive_dead_letter(self, request: pb.RedriveDeadLetterRequest, call: Call) -> pb.RedriveDeadLetterResponse:
        """Handles a dead letter again, and what waits behind it."""
        component = self._component(request.service)

        def handle(work: UnitOfWork) -> pb.RedriveDeadLetterResponse:
            event = take_dead(work.connection, request.event)
            insist_on_readable(event)
            # An event that took effect meanwhile, and every one of the directory, counts as none.
            released = max(0, self._apply(component, work, [event]) - 1)
            work.record(_entry(call, "dead-letter.redrive", f"{event.topic}/{event.subject}", request.event))
            return pb.RedriveDeadLetterResponse(handled=True, released=released)

        try:
            if request.dry_run:
                return _dry(component.context.units, handle)
            return once(component.context.units, call, request, pb.RedriveDeadLetterResponse, handle)
        except AxisError:
            raise
        except Exception as error:  # noqa: BLE001 -- the handler's error is the answer here
            return pb.RedriveDeadLetterResponse(handled=False, error=f"{type(error).__name__}: {error}")

    def skip_dead_letter(self, request: pb.SkipDeadLetterRequest, call: Call) -> pb.SkipDeadLetterResponse:
        """Gives a dead letter up and releases what waits behind it."""
        component = self._component(request.service)
        if not request.note.strip():
            rule, remedy = "the audit trail keeps why an event was given up", "Say why."
            raise invalid("NOTE_MISSING", f"note: {rule}. {remedy}", Violation("note", "NOTE_MISSING", rule, remedy))

        def skip(work: UnitOfWork) -> pb.SkipDeadLetterResponse:
            event = take_dead(work.connection, request.event)
            pass_over(work.connection, event)
            released = self._apply(component, work, take_next(work.connection, event))
            work.record(_entry(call, "dead-letter.skip", f"{event.topic}/{event.subject}", request.note))
            return pb.SkipDeadLetterResponse(released=released)

        if request.dry_run:
            return _dry(component.context.units, skip)
        return once(component.context.units, call, request, pb.SkipDeadLetterResponse, skip)

    def get_lag(self, request: pb.GetLagRequest, _call: Call) -> pb.GetLagResponse:
        """Tells how far a service is behind."""
        component = self._component(request.service)
        if component.subscription is None:
            return pb.GetLagResponse()
        base = component.context.base
        now = to_micros(base.clock.now())
        rows = base.log.lag(component.context.name, component.subscription.topics)
        return pb.GetLagResponse(
            partitions=[
                pb.PartitionLag(
                    topic=row.topic,
                    partition=row.partition,
                    records=row.records,
                    age=to_duration(timedelta(microseconds=max(0, now - row.oldest) if row.oldest else 0)),
                )
                for row in rows
            ]
        )

    def list_audit_entries(self, request: pb.ListAuditEntriesRequest, call: Call) -> pb.ListAuditEntriesResponse:
        """Lists audit entries, newest first."""
        context = self._component(request.service).context
        page = page_of(call, request.page_size, request.page_token, f"{request.service}/{request.resource}")
        found = select(audit).order_by(audit.c.id.desc()).limit(page.size + 1)
        if request.resource:
            found = found.where(audit.c.resource == request.resource)
        if page.after:
            found = found.where(audit.c.id < page.after[0])
        with context.database.read() as connection:
            rows = connection.execute(found).all()
        shown = rows[: page.size]
        return pb.ListAuditEntriesResponse(
            entries=[_audit_message(row) for row in shown],
            next_page_token=page.next_token((shown[-1].id,) if len(rows) > page.size else None),
        )

    def examine(self, request: pb.ExamineRequest, _call: Call) -> pb.ExamineResponse:
        """Looks at a service, or at the process."""
        component = self._component(request.service) if request.service else next(iter(self._components.values()))
        checks = component.examine if request.service else self._examine
        return pb.ExamineResponse(
            checks=[
                pb.Check(
                    subject=one.subject,
                    well=one.well,
                    text=one.text,
                    remedy="" if one.well else one.remedy,
                    advice=one.advice if one.well else "",
                )
                for one in checks()
            ],
            time=to_timestamp(component.context.base.clock.now()),
            version=_VERSION,
            copy=_COPY,
        )

    def _component(self, service: str) -> Component:
        if service not in self._components:
            raise not_found(f"service {service!r}")
        return self._components[service]

    def _held(self, request: Any, call: Call, table: Table) -> tuple[list[pb.HeldEvent], str]:
        context = self._component(request.service).context
        page = page_of(call, request.page_size, request.page_token, request.service, columns=(int, str))
        found = select(table).order_by(table.c.held_at, table.c.id).limit(page.size + 1)
        if page.after:
            found = found.where(tuple_(table.c.held_at, table.c.id) > page.after)
        with context.database.read() as connection:
            rows = connection.execute(found).all()
        shown = rows[: page.size]
        last = (shown[-1].held_at, shown[-1].id) if len(rows) > page.size else None
        return [_held_message(row, context.name) for row in shown], page.next_token(last)

    def _apply(self, component: Component, work: UnitOfWork, events: list[Event]) -> int:
        if component.subscription is None or not events:
            return 0
        return InboxBatch(work, component.subscription).apply(events)


class _DryRun(Exception):  # noqa: N818 -- it undoes a transaction, it is no error
    """Ends a dry run."""


def _dry(units: UnitsOfWork, action: Callable[[UnitOfWork], Answer]) -> Answer:
    try:
        with units.begin() as work:
            answer = action(work)
            raise _DryRun  # noqa: TRY301 -- leaving the block by an exception is what rolls it back
    except _DryRun:
        return answer


def _entry(call: Call, action: str, resource: str, detail: str) -> AuditEntry:
    return AuditEntry(
        call.caller.system.id, call.caller.scope, action, resource, person=call.caller.person, detail=detail
    )


def _expired(expiry: Expiry, rows: int) -> pb.ExpiredRows:
    return pb.ExpiredRows(table=expiry.name, rows=rows, keep=to_duration(expiry.keep))


def _held_message(row: Any, service: str) -> pb.HeldEvent:
    return pb.HeldEvent(
        event=row.id,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        type=row.type,
        subject=row.subject,
        sequence=row.sequence,
        reason=row.reason,
        attempts=getattr(row, "attempts", 0),
        hold_time=to_timestamp(row.held_at),
        traceparent=row.traceparent,
        service=service,
    )


def _audit_message(row: Any) -> pb.AuditEntry:
    return pb.AuditEntry(
        time=to_timestamp(from_micros(row.time)),
        system=row.system,
        agency=row.agency,
        person=row.person,
        action=row.action,
        resource=row.resource,
        outcome=row.outcome,
        detail=row.detail,
    )
