"""What is seen of a document's progress: the sender sees every recipient, a recipient its own row."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.errors import Violation, invalid, not_found
from lienthong.chassis.times import from_micros
from lienthong.workflow import storage
from lienthong.workflow.domain import Change, DeliveryState, Step, WorkingCalendar, overdue, steps, submitted_late
from lienthong.workflow.storage import StateChange, StoredCase, StoredDelivery


@dataclass(frozen=True, slots=True)
class AsOf:
    """When somebody looks, and by which calendar working time is told."""

    now: datetime
    calendar: WorkingCalendar


@dataclass(frozen=True, slots=True)
class Line:
    """The progress at one recipient.

    Attributes:
        delivery: The delivery.
        steps: The four steps.
        verdict: Number of the verdict on the signatures.
        overdue: Whether the deadline has passed and work is owed.
        answer_shown: Whether the caller may see the answering document.
        submit_due: Until when the rules want it submitted to the leader; None before it arrived.
        submit_late: Whether it was submitted later than that, or is still to be.
    """

    delivery: StoredDelivery
    steps: tuple[Step, ...]
    verdict: int
    overdue: bool
    answer_shown: bool
    submit_due: datetime | None = None
    submit_late: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """The progress of a document as one caller sees it.

    Attributes:
        case: The case.
        lines: One for each recipient that the caller may see.
        as_sender: Whether the caller sent it; only then it is told that the case is closed.
        at: Up to when it is known.
        change: Grows with each change that the caller can see.
    """

    case: StoredCase
    lines: tuple[Line, ...]
    as_sender: bool
    at: datetime
    change: int


@dataclass(frozen=True, slots=True)
class Visible:
    """What a caller may see of a document, before anything is computed; fields as in `Seen`."""

    case: StoredCase
    deliveries: Sequence[StoredDelivery]
    as_sender: bool
    change: int


def visible_of(connection: Connection, reach: Collection[str], document: str) -> Visible:
    """Finds what a caller may see of a document.

    Raises:
        AxisError: NOT_FOUND when the caller neither sent it nor can see a delivery of it.
    """
    case = storage.case_by_document(Rows(connection), document)
    if case is None:
        raise not_found(f"documents/{document}")
    as_sender = case.sender in reach
    mine = [one for one in _lines(connection, document) if as_sender or (one.visible and one.recipient in reach)]
    if not mine and not as_sender:
        raise not_found(f"documents/{document}")
    # A recipient is not told of what changes at others, not even that something did. Deliveries of an update are
    # counted in several cases: the sum grows with each change, the largest does not.
    change = sum(one.change for one in mine) + (case.change if as_sender else 0)
    return Visible(case, mine, as_sender, change)


def progress_of(connection: Connection, reach: Collection[str], found: Visible, as_of: AsOf) -> Seen:
    """Shows the progress of a document to a caller."""
    shown = show(connection, reach, found.deliveries, {found.case.document: found.case}, as_of)
    return Seen(found.case, tuple(shown), found.as_sender, as_of.now, found.change)


def show(
    connection: Connection,
    reach: Collection[str],
    found: Sequence[StoredDelivery],
    known: dict[str, StoredCase],
    as_of: AsOf,
) -> list[Line]:
    """Puts deliveries together with their steps; `known` holds cases that were read already."""
    changes = storage.changes_of(connection, [one.id for one in found])
    answers = {one.answer_document for one in found if one.answer_document}
    visible = storage.seen_among(connection, answers, reach) if answers else set()
    cases = Rows(connection).of(storage.CASES)
    cases.load({one.document for one in found} - known.keys())
    lines = []
    for one in found:
        if one.document not in known:
            known[one.document] = cases.get(one.document) or StoredCase(one.document)
        verdict = known[one.document].verdict or one.verdict
        lines.append(_line(one, changes.get(one.id, []), verdict, as_of, shown=one.answer_document in visible))
    return lines


def begin_of(cursor: str, change: int) -> int:
    """Reads the cursor of a watch: the change after which to go on; -1 sends the present state at once.

    Raises:
        AxisError: INVALID_ARGUMENT when it is none.
    """
    if not cursor:
        return -1
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 20):  # noqa: PLR2004 -- digits of 64 bits
        rule = "it is not a cursor of this watch"
        violation = Violation("cursor", "CURSOR_INVALID", rule, "Begin again without a cursor.")
        raise invalid("CURSOR_INVALID", f"cursor: {rule}", violation)
    # A cursor from the future is of another document, or of a database that was restored since.
    return int(cursor) if int(cursor) <= change else -1


def _lines(connection: Connection, document: str) -> list[StoredDelivery]:
    """Lists what is shown under a document: the lines of its case, and its own deliveries that wait."""
    found = storage.deliveries_shown(Rows(connection), document)
    return [one for one in found if one.own_line or one.document == document]


def _line(delivery: StoredDelivery, changes: Sequence[StateChange], verdict: int, as_of: AsOf, *, shown: bool) -> Line:
    submitted = None if delivery.submitted_at is None else from_micros(delivery.submitted_at)
    moments = [
        Change(DeliveryState(one.state), from_micros(one.event_at), from_micros(one.received_at)) for one in changes
    ]
    due = None if delivery.due_at is None else from_micros(delivery.due_at)
    late = overdue(due, DeliveryState(delivery.state), as_of.now, answered=delivery.answered_at is not None)
    found = steps(moments, as_of.now, submitted=submitted, measure=as_of.calendar.measure)
    arrived = found[0].start
    if arrived is None:
        return Line(delivery, found, verdict, late, shown)
    submit_due = as_of.calendar.submission_due(arrived, urgent=delivery.priority > 0)
    return Line(delivery, found, verdict, late, shown, submit_due, submitted_late(submit_due, found, as_of.now))
