"""Results of workflow as messages."""

from datetime import datetime

from google.rpc import status_pb2

from lienthong.chassis.directory.model import Directory
from lienthong.chassis.errors import AxisError
from lienthong.chassis.paging import ANSWER_BYTES
from lienthong.chassis.rpc.status import to_status
from lienthong.chassis.text import shorten
from lienthong.chassis.times import to_duration, to_timestamp
from lienthong.common.v1 import document_pb2
from lienthong.common.v1.lifecycle_pb2 import Verdict
from lienthong.edxml.codes import status_name
from lienthong.workflow.domain import DeliveryState, Step
from lienthong.workflow.handlers.lines import case_of
from lienthong.workflow.handlers.progress import Line, Seen
from lienthong.workflow.handlers.statistics import Numbers, Period
from lienthong.workflow.handlers.task_parts import TaskState
from lienthong.workflow.handlers.telling import request_number, state_number
from lienthong.workflow.storage import StoredCase, StoredDelivery, StoredStatus
from lienthong.workflow.v1 import workflow_pb2 as pb


def result_message(status: StoredStatus) -> pb.StatusResult:
    """Says what became of a status."""
    kept = status.outcome == "KEPT"
    return pb.StatusResult(
        status=status_pb2.Status(),
        outcome=pb.Outcome.Value(f"OUTCOME_{status.outcome}"),
        name=f"statuses/{status.id}",
        # What was kept tells nothing, so that a foreign document answers like an absent one.
        state=state_number("" if kept else status.to_state),
        rule="" if kept else status.rule,
    )


def refused_message(error: AxisError) -> pb.StatusResult:
    """Says why a status was not recorded."""
    return pb.StatusResult(status=to_status(error))


def progress_message(seen: Seen, directory: Directory) -> pb.Progress:
    """Makes the message of a progress."""
    case = seen.case
    progress = pb.Progress(
        document=f"documents/{case.document}",
        document_id=case.document_id,
        subject=case.subject,
        code=case.code,
        due_time=to_timestamp(case.due_at),
        recipients=[recipient_message(line, directory, seen) for line in seen.lines],
        closed=seen.as_sender and case.closed_at is not None,
        close_time=to_timestamp(case.closed_at) if seen.as_sender else None,
        as_of=to_timestamp(seen.at),
    )
    _shorten_notes(progress)
    return progress


def _shorten_notes(progress: pb.Progress) -> None:
    """Makes room where two thousand recipients write at length: whole texts stand in the list of statuses."""
    length = max((len(one.note) for one in progress.recipients), default=0)
    while length and progress.ByteSize() > ANSWER_BYTES:
        length //= 2
        for one in progress.recipients:
            one.note = shorten(one.note, length) if length else ""


def recipient_message(line: Line, directory: Directory, seen: Seen | None = None) -> pb.RecipientProgress:
    """Makes the message of the progress at one recipient."""
    one = line.delivery
    agency = directory.agencies.get(one.recipient)
    # An update that waits behind its original has no main line; how it ended is told all the same.
    state = state_number(one.state if one.own_line or one.state != DeliveryState.SENT else "")
    return pb.RecipientProgress(
        delivery=f"deliveries/{one.id}",
        agency=f"agencies/{one.recipient}" if one.recipient else "",
        code=agency.code(seen.at) if agency and seen else one.recipient_code,
        display_name=agency.name if agency else one.recipient_name,
        state=state,
        side_request=request_number(case_of(one).request),
        steps=[step_message(step, line) for step in line.steps],
        answered_by=one.answer_code,
        answer_document=f"documents/{one.answer_document}" if line.answer_shown else "",
        note=one.note,
        arrival_number=one.arrival_number,
        failure=one.failure,
        verdict=Verdict.ValueType(line.verdict),
        overdue=line.overdue,
    )


def step_message(step: Step, line: Line) -> pb.StepProgress:
    """Makes the message of one of the four steps."""
    return pb.StepProgress(
        step=step.number,
        start_time=to_timestamp(step.start),
        end_time=to_timestamp(step.end),
        duration=to_duration(step.duration) if step.start else None,
        submit_time=to_timestamp(step.submitted),
        working_duration=to_duration(step.working) if step.start else None,
        submit_due_time=to_timestamp(line.submit_due) if step.number == 1 else None,
        submit_late=step.number == 1 and line.submit_late,
    )


def record_message(status: StoredStatus, directory: Directory) -> pb.StatusRecord:
    """Makes the message of a status in a history."""
    name = status_name(status.code)
    agency = directory.agencies.get(status.reporter)
    return pb.StatusRecord(
        name=f"statuses/{status.id}",
        delivery=f"deliveries/{status.delivery}",
        code=status.code,
        code_name_vi=name.vi,
        code_name_en=name.en,
        description=status.description,
        staff=document_pb2.Staff.FromString(status.staff) if status.staff else None,
        from_name=agency.name if agency else status.reporter_name,
        event_time=to_timestamp(status.event_at),
        receive_time=to_timestamp(status.received_at),
        outcome=pb.Outcome.Value(f"OUTCOME_{status.outcome}"),
        rule=status.rule,
        from_state=state_number(status.from_state),
        to_state=state_number(status.to_state),
        source=status.source,
        seal_subject=status.seal_subject,
        seal=status.seal,
    )


def case_message(case: StoredCase, line: Line, directory: Directory) -> pb.Case:
    """Makes the message of a delivery as somebody follows it."""
    return pb.Case(
        document=f"documents/{case.document}",
        document_id=case.document_id,
        subject=case.subject,
        code=case.code,
        sender_name=_sender_name(case, line.delivery, directory),
        progress=recipient_message(line, directory),
        due_time=to_timestamp(case.due_at),
        priority=line.delivery.priority,
    )


def task_message(found: TaskState) -> pb.Task:
    """Makes the message of a task."""
    task = found.task
    return pb.Task(
        name=f"tasks/{task.id}",
        delivery=f"deliveries/{task.delivery}",
        kind=pb.TaskKind.Value(f"TASK_KIND_{task.kind}"),
        unit=task.unit,
        person=task.person,
        instruction=task.instruction,
        due_time=to_timestamp(task.due_at),
        create_time=to_timestamp(task.created_at),
        complete_time=to_timestamp(task.completed_at),
        result=task.result,
        state=state_number(found.state),
        start_time=to_timestamp(task.started_at),
        hand_over_time=to_timestamp(task.handed_over_at),
        successor=f"tasks/{task.successor}" if task.successor else "",
        predecessor=f"tasks/{task.predecessor}" if task.predecessor else "",
        giver=document_pb2.Staff.FromString(task.giver) if task.giver else None,
    )


def statistics_message(period: Period, numbers: Numbers, at: datetime) -> pb.Statistics:
    """Makes the message of the numbers of a period."""
    return pb.Statistics(
        start_time=to_timestamp(period.start),
        end_time=to_timestamp(period.end),
        delivery_count=sum(numbers.states.values()),
        states=[
            pb.StateCount(state=state_number(state), count=numbers.states[state])
            for state in DeliveryState
            if numbers.states.get(state)
        ],
        steps=[
            pb.StepStatistics(
                step=one.number,
                count=one.count,
                median=None if one.median is None else to_duration(one.median),
                p90=None if one.nine_tenths is None else to_duration(one.nine_tenths),
                working_median=None if one.working_median is None else to_duration(one.working_median),
                working_p90=None if one.working_nine_tenths is None else to_duration(one.working_nine_tenths),
            )
            for one in numbers.steps
        ],
        overdue_count=numbers.overdue,
        answered_count=numbers.answered,
        as_of=to_timestamp(at),
    )


def unmatched_message(status: StoredStatus) -> pb.UnmatchedStatus:
    """Makes the message of a status that matches no delivery."""
    return pb.UnmatchedStatus(
        name=f"statuses/{status.id}",
        code=status.code,
        document_id=status.named_document_id,
        document_code=status.named_code,
        description=status.description,
        receive_time=to_timestamp(status.received_at),
    )


def _sender_name(case: StoredCase, delivery: StoredDelivery, directory: Directory) -> str:
    agency = directory.agencies.get(delivery.sender)
    return agency.name if agency else case.sender_name
