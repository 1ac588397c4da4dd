"""The four steps that leaders follow at each recipient, with the time spent in each.

1 received and submitted to the leader (tiếp nhận, trình lãnh đạo), 2 assigned (phân công thực hiện), 3 in
process (đang xử lý), 4 completed (hoàn thành). Steps are computed from the changes of state; nothing of them
is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lienthong.workflow.domain.terms import FINAL_STATES, DeliveryState

Measure = Callable[[datetime, datetime], timedelta]
"""Working time between two moments, from a calendar; without one all time counts."""

STEP_COUNT = 4
_STEP_OF = {
    DeliveryState.ARRIVED: 1,
    DeliveryState.ACCEPTED: 1,
    DeliveryState.ASSIGNED: 2,
    DeliveryState.PROCESSING: 3,
    DeliveryState.DONE: 4,
}


@dataclass(frozen=True, slots=True)
class Change:
    """A status that took effect: its state, when it happened as reported, when it reached the axis."""

    state: DeliveryState
    event_time: datetime
    receive_time: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One of the four steps.

    `start` is None while the step has not begun, and for ever when it was `skipped`: a later step began
    without it. `end` is None while it lasts. Completion is a moment: step 4 ends when it starts. `duration` is the
    time on the clock, `working` what of it were office hours. `submitted` belongs to step 1.
    """

    number: int
    start: datetime | None = None
    end: datetime | None = None
    duration: timedelta = timedelta(0)
    working: timedelta = timedelta(0)
    skipped: bool = False
    submitted: datetime | None = None


def elapsed(start: datetime, end: datetime) -> timedelta:
    """Time on the clock between two moments."""
    return end - start


def _moments(changes: Sequence[Change]) -> list[tuple[DeliveryState, datetime]]:
    """Put changes on one line of time in the order in which they took effect.

    Clocks of peers differ and statuses come late: a time after its receipt is cut to the receipt (nobody
    reports the future), one before the preceding change is lifted to it (no step ends before it starts).
    """
    line: list[tuple[DeliveryState, datetime]] = []
    for change in changes:
        moment = min(change.event_time, change.receive_time)
        line.append((change.state, max(moment, line[-1][1]) if line else moment))
        if change.state in FINAL_STATES:
            break  # the clock stops here, whatever becomes of the document later
    return line


def _starts(line: Sequence[tuple[DeliveryState, datetime]]) -> dict[int, datetime]:
    starts: dict[int, datetime] = {}
    for state, moment in line:
        number = _STEP_OF.get(state)
        if number is not None and number > max(starts, default=0):
            starts[number] = moment
    return starts


def _ending(line: Sequence[tuple[DeliveryState, datetime]]) -> datetime | None:
    """When the clock stopped: at the first change into a final state."""
    return next((moment for state, moment in line if state in FINAL_STATES), None)


def steps(
    changes: Sequence[Change], now: datetime, *, submitted: datetime | None = None, measure: Measure = elapsed
) -> tuple[Step, ...]:
    """Compute the four steps of a delivery.

    Each step lasts until the next one that began, so the durations add up to the time from the first step to
    now, or to the end: completion, refusal, withdrawal, failure. A step that was never reported shows as
    skipped, with no time of its own: what was spent there cannot be told from the step before it.

    Args:
        changes: Changes of state in the order in which they took effect, with or without repeats.
        now: The moment of asking; a moment before the last change counts as that change.
        submitted: When the office submitted the document to the leader.
        measure: How to measure working time.
    """
    line = _moments(changes)
    starts = _starts(line)
    horizon = _ending(line) or max([now, *(moment for _, moment in line)])
    return tuple(_step(number, starts, line, horizon, submitted, measure) for number in range(1, STEP_COUNT + 1))


def _step(
    number: int,
    starts: dict[int, datetime],
    line: Sequence[tuple[DeliveryState, datetime]],
    horizon: datetime,
    submitted: datetime | None,
    measure: Measure,
) -> Step:
    noted = submitted if number == 1 else None
    start = starts.get(number)
    following = [starts[later] for later in sorted(starts) if later > number]
    if start is None:
        return Step(number, skipped=bool(following), submitted=noted)
    if number == STEP_COUNT:
        return Step(number, start, start)
    end = following[0] if following else _ending(line)
    until = end or horizon
    return Step(number, start, end, elapsed(start, until), measure(start, until), submitted=noted)


def current_step(found: Sequence[Step]) -> int:
    """Return the number of the step that was reached last, 0 when nothing has begun."""
    return max((step.number for step in found if step.start is not None), default=0)


def overdue(due: datetime | None, state: DeliveryState, now: datetime, *, answered: bool = False) -> bool:
    """Tell whether the deadline has passed and work is still owed.

    The moment of the deadline itself is in time. What is completed, ended or answered owes nothing: several
    existing systems send their answer and never a 06.
    """
    return due is not None and now > due and state not in FINAL_STATES and not answered


def submitted_late(due: datetime, found: Sequence[Step], now: datetime) -> bool:
    """Tell whether a document was, or still is, submitted to the leader after the rules want it (ND30 Art. 4).

    What was assigned, refused or ended has been before somebody who decided, whether or not a submission was noted.
    """
    first = found[0]
    met = [moment for moment in (first.submitted, first.end) if moment is not None]
    return first.start is not None and min(met, default=now) > due


def completed_late(due: datetime | None, found: Sequence[Step]) -> bool:
    """Tell whether the work was completed after its deadline (ND30 Art. 24)."""
    done = found[STEP_COUNT - 1].start
    return due is not None and done is not None and done > due
