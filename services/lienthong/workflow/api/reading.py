"""Requests of workflow as commands: bounds are checked here, once."""

from datetime import UTC, datetime, timedelta

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from lienthong import edxml
from lienthong.chassis.directory.model import Directory
from lienthong.chassis.documents import staff_message
from lienthong.chassis.errors import AxisError, Code, Violation, invalid
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.rpc.texts import check_texts
from lienthong.chassis.times import from_micros, insist_on_calendar, timestamp_micros, to_micros
from lienthong.workflow.config import WorkflowSection
from lienthong.workflow.domain import Source, TaskKind
from lienthong.workflow.handlers.hand_over import HandOver
from lienthong.workflow.handlers.reports import Report, Reporter
from lienthong.workflow.handlers.statistics import Period
from lienthong.workflow.handlers.tasks import Assignment
from lienthong.workflow.v1 import workflow_pb2 as pb

CODE_CHARACTERS = 16
NAME_CHARACTERS = 500
"""Characters of units, persons, register numbers and DocumentIds."""
RECIPIENTS_AT_MOST = 2000

_MONTH = timedelta(days=30)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

_KINDS = {pb.TASK_KIND_SUBMIT: TaskKind.SUBMIT, pb.TASK_KIND_ASSIGN: TaskKind.ASSIGN}


def reporter_of(call: Call) -> Reporter:
    """Tells who reports.

    Raises:
        AxisError: PERMISSION_DENIED when the caller acts for no agency.
    """
    caller = call.caller
    agency = caller.acting()
    return Reporter(agency.id, agency.name, frozenset(caller.reach or (agency.id,)), caller.system.id, caller.person)


def resource(field: str, name: str, collection: str) -> str:
    """Takes the identifier out of a resource name.

    Raises:
        AxisError: INVALID_ARGUMENT when it is not a name of that collection.
    """
    prefix, _, identifier = name.partition("/")
    if prefix != collection or not identifier or "/" in identifier or len(name) > NAME_CHARACTERS:
        raise refused(
            field, "NAME_INVALID", f"a name is written {collection}/{{identifier}}", "Copy it from an answer."
        )
    return identifier


def report_of(message: pb.StatusReport, limits: WorkflowSection) -> Report:
    """Reads a status given in types.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    check_texts(message)
    named = message.WhichOneof("subject")
    if named is None or not getattr(message, named):
        raise refused("delivery", "SUBJECT_MISSING", "a status names a delivery or a DocumentId", "Give one of them.")
    _bounded("document_id", message.document_id, NAME_CHARACTERS)
    _bounded("arrival_number", message.arrival_number, NAME_CHARACTERS)
    if len(message.recipient_codes) > RECIPIENTS_AT_MOST:
        raise refused("recipient_codes", "TOO_MANY", f"at most {RECIPIENTS_AT_MOST} codes", "Leave them out for all.")
    return Report(
        code=_code(message.code),
        source=Source.CALL,
        description=_bounded("description", message.description, limits.text_characters),
        staff=_packed(message, "staff", limits),
        event_at=_time(message, "event_time"),
        arrival_number=message.arrival_number,
        delivery=resource("delivery", message.delivery, "deliveries") if named == "delivery" else "",
        document_id=message.document_id,
        recipients=tuple(message.recipient_codes),
    )


def edxml_report_of(
    file: bytes, reporter: Reporter, directory: Directory, at: datetime, limits: WorkflowSection
) -> Report:
    """Reads an edXML status message.

    Raises:
        AxisError: INVALID_ARGUMENT when it cannot be read, is a document, or comes from another agency.
    """
    status = _status_in(file, limits)
    sender = directory.known(status.sender.organ_id, at)
    if sender is None or sender.id not in reporter.reach:
        rule = f"From is {status.sender.organ_id!r}, which is not the agency for which the call acts"
        raise refused("edxml", "FROM_DIFFERS", rule, "Report with the credentials of the agency in From.")
    about, code = status.response_for, _code(status.code)
    asks = code == "13"
    return Report(
        code=code,
        source=Source.EDXML,
        description=_bounded("edxml", status.description, limits.text_characters),
        staff=b"" if status.staff is None else _staff_bytes(status.staff),
        event_at=None if status.timestamp is None else to_micros(status.timestamp),
        document_id=about.document_id,
        document_code=about.code,
        document_date="" if about.promulgation_date is None else about.promulgation_date.isoformat(),
        # The receiver of a status stands in OrganId: the sender of the document, or for 13 one of its recipients.
        party="" if asks else about.organ_id,
        recipients=(about.organ_id,) if asks and about.organ_id else (),
    )


def assignment_of(message: pb.AssignTaskRequest, limits: WorkflowSection) -> Assignment:
    """Reads a task to be given.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    kind = _KINDS.get(message.kind)
    if kind is None:
        raise refused("kind", "KIND_MISSING", "a task is SUBMIT or ASSIGN", "Say which.")
    return Assignment(
        delivery=resource("delivery", message.delivery, "deliveries"),
        kind=kind,
        unit=_bounded("unit", message.unit, NAME_CHARACTERS),
        person=_bounded("person", message.person, NAME_CHARACTERS),
        instruction=_bounded("instruction", message.instruction, limits.text_characters),
        due_at=_time(message, "due_time"),
        staff=_packed(message, "staff", limits),
    )


def hand_over_of(message: pb.HandOverTaskRequest, limits: WorkflowSection) -> HandOver:
    """Reads a hand-over.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    return HandOver(
        task=resource("name", message.name, "tasks"),
        unit=_bounded("unit", message.unit, NAME_CHARACTERS),
        person=_bounded("person", message.person, NAME_CHARACTERS),
        instruction=_bounded("instruction", message.instruction, limits.text_characters),
        due_at=_time(message, "due_time"),
        reason=_bounded("reason", message.reason, limits.text_characters),
        staff=_packed(message, "staff", limits),
    )


def note_of(message: pb.StartTaskRequest, limits: WorkflowSection) -> tuple[str, bytes]:
    """Reads the news of the work and who works.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    return _bounded("note", message.note, limits.text_characters), _packed(message, "staff", limits)


def result_of(message: pb.CompleteTaskRequest, limits: WorkflowSection) -> tuple[str, bytes]:
    """Reads the result of a task and who did it.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    return _bounded("result", message.result, limits.text_characters), _packed(message, "staff", limits)


def period_of(message: pb.GetStatisticsRequest, now: datetime) -> Period:
    """Reads the period of statistics.

    Raises:
        AxisError: INVALID_ARGUMENT when it ends before it starts.
    """
    start, end = _time(message, "start_time"), _time(message, "end_time")
    until = now if end is None else from_micros(end)
    if start is None and until < _EARLIEST:
        raise refused("end_time", "TIME_INVALID", "a period ends after the year 2000", "Send a later time.")
    begin = until - _MONTH if start is None else from_micros(start)
    if begin >= until:
        raise refused("start_time", "PERIOD_EMPTY", "a period starts before it ends", "Exchange the two times.")
    return Period(begin, until, as_sender=message.role == pb.STATISTICS_ROLE_SENDER)


def refused(field: str, reason: str, rule: str, remedy: str) -> AxisError:
    """Makes the refusal of one field."""
    return invalid(reason, f"{field}: {rule}. {remedy}", Violation(field, reason, rule, remedy))


def _status_in(file: bytes, limits: WorkflowSection) -> edxml.Status:
    bounds = edxml.Limits(file_bytes=limits.edxml_bytes, outside_bytes=limits.edxml_bytes)
    reader = edxml.Reader(edxml.MemorySpools(), bounds)
    try:
        reader.feed(file)
        # Nothing of a document is read further: its attachments may be archives.
        message = reader.message if isinstance(reader.message, edxml.Document) else reader.close().message
    except edxml.EdxmlError as error:
        violations = [
            Violation(one.path or "edxml", one.reason.value, one.rule, one.remedy, one.found, one.line, one.column)
            for one in error.problems
        ]
        first = error.problems[0]
        raise AxisError(Code.INVALID_ARGUMENT, first.reason.value, str(first), violations=violations) from error
    if isinstance(message, edxml.Status):
        return message
    raise refused(
        "edxml", "EDXML_IS_DOCUMENT", "this is a document, not a status message", "Hand it in with Intake.SubmitEdxml."
    )


def _staff_bytes(staff: edxml.Staff) -> bytes:
    message = staff_message(staff)
    return b"" if message is None else message.SerializeToString(deterministic=True)


def _code(code: str) -> str:
    bare = code.strip()
    if not 1 <= len(bare) <= CODE_CHARACTERS or not bare.isprintable():
        rule = f"a status code has 1 to {CODE_CHARACTERS} printable characters"
        raise refused("code", "CODE_INVALID", rule, "Known codes are 01 to 06, 13, 15, 16.")
    return bare


def _bounded(field: str, text: str, at_most: int) -> str:
    if len(text) > at_most:
        raise refused(field, "TEXT_TOO_LONG", f"at most {at_most} characters", "Shorten it.")
    return text


def _packed(message: Message, field: str, limits: WorkflowSection) -> bytes:
    if not message.HasField(field):
        return b""
    data: bytes = getattr(message, field).SerializeToString(deterministic=True)
    if len(data) > limits.text_characters:
        raise refused(field, "TEXT_TOO_LONG", f"at most {limits.text_characters} bytes in all", "Shorten it.")
    return data


def _time(message: Message, field: str) -> int | None:
    if not message.HasField(field):
        return None
    value: Timestamp = getattr(message, field)
    insist_on_calendar(field, value)
    return timestamp_micros(value)
