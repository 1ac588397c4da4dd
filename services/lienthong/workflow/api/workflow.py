"""The gRPC service `Workflow`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from google.protobuf.message import Message

from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.errors import AxisError
from lienthong.chassis.idempotency import once
from lienthong.chassis.paging import page_of
from lienthong.chassis.rpc.call import Call, Watch
from lienthong.chassis.service import ServiceContext
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.workflow import storage
from lienthong.workflow.api import messages, reading
from lienthong.workflow.api.filters import case_filter, task_filter
from lienthong.workflow.domain import normalise_code
from lienthong.workflow.handlers import hand_over, tasks
from lienthong.workflow.handlers.desk import Desk, watch_key
from lienthong.workflow.handlers.matching import meant
from lienthong.workflow.handlers.patience import Meant, await_deliveries, await_document
from lienthong.workflow.handlers.prepare import prepare_reports
from lienthong.workflow.handlers.progress import AsOf, begin_of, progress_of, show, visible_of
from lienthong.workflow.handlers.reports import Report, Reporter, link, report
from lienthong.workflow.handlers.statistics import numbers_of
from lienthong.workflow.handlers.task_parts import TaskState, state_of
from lienthong.workflow.storage import StoredCase
from lienthong.workflow.v1 import workflow_pb2 as pb

RECALL = "13"
ANSWERS = frozenset({"15", "16"})
_MICROSECONDS = 1_000_000


class WorkflowApi:
    """Turns messages into commands and results into messages."""

    def __init__(self, context: ServiceContext, desk: Desk) -> None:
        self._context = context
        self._desk = desk

    def report_statuses(self, request: pb.ReportStatusesRequest, call: Call) -> pb.ReportStatusesResponse:
        """Records statuses; a bad one has its own code, the others go on."""
        reporter, limits = reading.reporter_of(call), self._desk.limits
        count = len(request.statuses) + len(request.edxml)
        if not 1 <= count <= limits.statuses_per_call:
            rule = f"a call carries 1 to {limits.statuses_per_call} statuses, not {count}"
            raise reading.refused("statuses", "BATCH_SIZE", rule, "Split the batch.")
        recalls = [one for one in request.statuses if normalise_code(one.code) == RECALL and not one.delivery]
        if len(recalls) > limits.recalls_per_call:
            rule = f"a call carries at most {limits.recalls_per_call} statuses {RECALL} by DocumentId"
            raise reading.refused("statuses", "BATCH_SIZE", rule, "Split the batch.")
        said = self._read(request, reporter)
        reports = [one for one in said if isinstance(one, Report)]
        about = {one.delivery for one in reports if one.delivery}
        await_deliveries(self._context.database, about, _asked_by(reporter, reports), self._now())

        def record(work: UnitOfWork) -> pb.ReportStatusesResponse:
            prepare_reports(work, about)
            return pb.ReportStatusesResponse(results=[self._record(work, reporter, one) for one in said])

        return once(self._context.units, call, request, pb.ReportStatusesResponse, record)

    def get_progress(self, request: pb.GetProgressRequest, call: Call) -> pb.Progress:
        """Shows the progress of a document."""
        document = reading.resource("document", request.document, "documents")
        reporter = reading.reporter_of(call)
        await_document(self._context.database, document, reporter.reach, self._now())
        return self._progress(document, reporter)

    def watch_progress(self, request: pb.WatchProgressRequest, call: Call) -> Watch:
        """Feeds a progress each time it changes."""
        document = reading.resource("document", request.document, "documents")
        reporter = reading.reporter_of(call)
        await_document(self._context.database, document, reporter.reach, self._now())
        with self._context.database.read() as connection:
            begin = begin_of(request.cursor, visible_of(connection, reporter.reach, document).change)

        def produce(cursor: str) -> tuple[Sequence[Message], str]:
            with self._context.database.read() as connection:
                found = visible_of(connection, reporter.reach, document)
                if cursor and found.change == int(cursor):
                    return (), cursor
                seen = progress_of(connection, reporter.reach, found, self._as_of())
            progress, latest = messages.progress_message(seen, self._desk.directory.get()), str(seen.change)
            return (pb.WatchProgressResponse(progress=progress, cursor=latest),), latest

        # Nobody may go on behind a present state that was not seen: it is no place to be told.
        return Watch(watch_key(document), str(begin) if begin >= 0 else "", produce, whole=True)

    def list_statuses(self, request: pb.ListStatusesRequest, call: Call) -> pb.ListStatusesResponse:
        """Lists what was reported about a document."""
        document = reading.resource("document", request.document, "documents")
        reporter = reading.reporter_of(call)
        await_document(self._context.database, document, reporter.reach, self._now())
        page = page_of(call, request.page_size, request.page_token, document, columns=(str, int))
        after = (str(page.after[0]), int(page.after[1])) if page.after else ("", 0)
        with self._context.database.read() as connection:
            found = visible_of(connection, reporter.reach, document)
            recipients = None if found.as_sender else reporter.reach
            # An update stands in the case of its original, at those recipients alone that have the original.
            cases = {one.case_document for one in found.deliveries} or {document}
            rows = storage.history(connection, cases, recipients, after, page.size + 1)
        directory = self._desk.directory.get()
        shown, token = page.fill(
            rows, lambda one: messages.record_message(one, directory), lambda one: (one.case_document, one.position)
        )
        return pb.ListStatusesResponse(statuses=shown, next_page_token=token)

    def list_cases(self, request: pb.ListCasesRequest, call: Call) -> pb.ListCasesResponse:
        """Lists deliveries that the caller sent or received."""
        reporter, now = reading.reporter_of(call), self._now()
        wanted = case_filter(request.filter, to_micros(now))
        page = page_of(call, request.page_size, request.page_token, request.filter, columns=(int, str))
        after = (int(page.after[0]), str(page.after[1])) if page.after else None
        known: dict[str, StoredCase] = {}
        with self._context.database.read() as connection:
            rows = storage.list_cases(connection, reporter.reach, wanted, after, page.size + 1)
            lines = show(connection, reporter.reach, rows, known, self._as_of())
        directory = self._desk.directory.get()
        shown, token = page.fill(
            lines,
            lambda one: messages.case_message(known[one.delivery.document], one, directory),
            lambda one: (one.delivery.created_at, one.delivery.id),
        )
        return pb.ListCasesResponse(cases=shown, next_page_token=token)

    def assign_task(self, request: pb.AssignTaskRequest, call: Call) -> pb.Task:
        """Gives a task."""
        reporter = reading.reporter_of(call)
        wanted = reading.assignment_of(request, self._desk.limits)
        await_deliveries(self._context.database, [wanted.delivery], (), self._now())

        def give(work: UnitOfWork) -> pb.Task:
            return messages.task_message(tasks.assign(self._desk, work, reporter, wanted))

        return once(self._context.units, call, request, pb.Task, give)

    def start_task(self, request: pb.StartTaskRequest, call: Call) -> pb.Task:
        """Notes that work on a task has begun."""
        reporter = reading.reporter_of(call)
        identifier = reading.resource("name", request.name, "tasks")
        note, staff = reading.note_of(request, self._desk.limits)

        def start(work: UnitOfWork) -> pb.Task:
            return messages.task_message(tasks.start(self._desk, work, reporter, identifier, note, staff))

        return once(self._context.units, call, request, pb.Task, start)

    def hand_over_task(self, request: pb.HandOverTaskRequest, call: Call) -> pb.Task:
        """Hands a task over."""
        reporter = reading.reporter_of(call)
        wanted = reading.hand_over_of(request, self._desk.limits)

        def pass_on(work: UnitOfWork) -> pb.Task:
            return messages.task_message(hand_over.hand_over(self._desk, work, reporter, wanted))

        return once(self._context.units, call, request, pb.Task, pass_on)

    def complete_task(self, request: pb.CompleteTaskRequest, call: Call) -> pb.Task:
        """Completes a task."""
        reporter = reading.reporter_of(call)
        identifier = reading.resource("name", request.name, "tasks")
        result, staff = reading.result_of(request, self._desk.limits)

        def complete(work: UnitOfWork) -> pb.Task:
            return messages.task_message(tasks.complete(self._desk, work, reporter, identifier, result, staff))

        return once(self._context.units, call, request, pb.Task, complete)

    def list_tasks(self, request: pb.ListTasksRequest, call: Call) -> pb.ListTasksResponse:
        """Lists tasks at the caller's agency."""
        reporter = reading.reporter_of(call)
        flags = task_filter(request.filter)
        page = page_of(call, request.page_size, request.page_token, request.filter, columns=(int, str))
        after = (int(page.after[0]), str(page.after[1])) if page.after else None
        with self._context.database.read() as connection:
            rows = storage.list_tasks(connection, reporter.reach, flags, after, page.size + 1)
            found = [TaskState(one, state_of(Rows(connection), one)) for one in rows]
        shown, token = page.fill(found, messages.task_message, lambda one: (one.task.created_at, one.task.id))
        return pb.ListTasksResponse(tasks=shown, next_page_token=token)

    def list_unmatched_statuses(
        self, request: pb.ListUnmatchedStatusesRequest, call: Call
    ) -> pb.ListUnmatchedStatusesResponse:
        """Lists the caller's statuses that match no delivery."""
        reporter = reading.reporter_of(call)
        page = page_of(call, request.page_size, request.page_token, columns=(int, str))
        after = (int(page.after[0]), str(page.after[1])) if page.after else None
        before = to_micros(self._now()) - round(self._desk.limits.unmatched_seconds * _MICROSECONDS)
        with self._context.database.read() as connection:
            rows = storage.unmatched(connection, reporter.reach, before, after, page.size + 1)
        shown, token = page.fill(rows, messages.unmatched_message, lambda one: (one.received_at, one.id))
        return pb.ListUnmatchedStatusesResponse(statuses=shown, next_page_token=token)

    def link_unmatched_status(self, request: pb.LinkUnmatchedStatusRequest, call: Call) -> pb.StatusResult:
        """Links an unmatched status to a delivery."""
        reporter = reading.reporter_of(call)
        status = reading.resource("name", request.name, "statuses")
        delivery = reading.resource("delivery", request.delivery, "deliveries")
        await_deliveries(self._context.database, [delivery], (), self._now())

        def join(work: UnitOfWork) -> pb.StatusResult:
            return messages.result_message(link(self._desk, work, reporter, status, delivery))

        return once(self._context.units, call, request, pb.StatusResult, join)

    def get_statistics(self, request: pb.GetStatisticsRequest, call: Call) -> pb.Statistics:
        """Counts the caller's own deliveries of a period."""
        reporter, now = reading.reporter_of(call), self._now()
        period = reading.period_of(request, now)
        at_most = self._desk.limits.statistics_deliveries
        with self._context.database.read() as connection:
            numbers = numbers_of(connection, reporter.reach, period, at_most, self._as_of())
        return messages.statistics_message(period, numbers, now)

    def _read(self, request: pb.ReportStatusesRequest, reporter: Reporter) -> list[Report | AxisError]:
        limits, directory, now = self._desk.limits, self._desk.directory.get(), self._now()
        said: list[Report | AxisError] = []
        readers: list[Callable[[], Report]] = [
            *(partial(reading.report_of, one, limits) for one in request.statuses),
            *(partial(reading.edxml_report_of, one, reporter, directory, now, limits) for one in request.edxml),
        ]
        for read in readers:
            try:
                said.append(read())
            except AxisError as error:
                said.append(error)
        return said

    def _record(self, work: UnitOfWork, reporter: Reporter, said: Report | AxisError) -> pb.StatusResult:
        if isinstance(said, AxisError):
            return messages.refused_message(said)
        try:
            return messages.result_message(report(self._desk, work, reporter, said))
        except AxisError as error:
            return messages.refused_message(error)

    def _progress(self, document: str, reporter: Reporter) -> pb.Progress:
        with self._context.database.read() as connection:
            found = visible_of(connection, reporter.reach, document)
            seen = progress_of(connection, reporter.reach, found, self._as_of())
        return messages.progress_message(seen, self._desk.directory.get())

    def _as_of(self) -> AsOf:
        return AsOf(self._now(), self._desk.calendar)

    def _now(self) -> datetime:
        return self._context.base.clock.now()


def _asked_by(reporter: Reporter, reports: Sequence[Report]) -> list[Meant]:
    """Gives what the answers among some reports are about: the sender's request may be on its way from routing."""
    return [
        partial(meant, reach=reporter.reach, named=one.delivery, document_id=one.document_id, code=one.document_code)
        for one in reports
        if normalise_code(one.code) in ANSWERS
    ]
