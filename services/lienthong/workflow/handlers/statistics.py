"""Numbers of an agency's own deliveries in a period."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from lienthong.chassis.errors import Violation, invalid
from lienthong.chassis.times import to_micros
from lienthong.workflow import storage
from lienthong.workflow.domain import StepTimes, step_times
from lienthong.workflow.handlers.progress import AsOf, show


@dataclass(frozen=True, slots=True)
class Period:
    """Deliveries made from `start` (inclusive) to `end` (exclusive), as sender or as recipient."""

    start: datetime
    end: datetime
    as_sender: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is counted.

    Attributes:
        states: Deliveries in each state.
        steps: Times of the four steps.
        overdue: Deliveries whose deadline has passed while work is owed.
        answered: Deliveries that were answered.
    """

    states: Mapping[str, int]
    steps: tuple[StepTimes, ...]
    overdue: int
    answered: int


def numbers_of(connection: Connection, reach: Collection[str], period: Period, at_most: int, as_of: AsOf) -> Numbers:
    """Counts an agency's own deliveries of a period.

    Raises:
        AxisError: INVALID_ARGUMENT when the period holds more than `at_most`.
    """
    bounds = (to_micros(period.start), to_micros(period.end))
    found = storage.made_between(connection, reach, bounds, at_most + 1, as_sender=period.as_sender)
    if len(found) > at_most:
        rule = f"the period holds more than {at_most} deliveries"
        violation = Violation("start_time", "PERIOD_TOO_LONG", rule, "Ask for a shorter period.")
        raise invalid("PERIOD_TOO_LONG", f"start_time: {rule}. Ask for a shorter period.", violation)
    lines = show(connection, reach, found, {}, as_of)
    return Numbers(
        Counter(one.state for one in found),
        step_times([line.steps for line in lines]),
        sum(line.overdue for line in lines),
        sum(one.answered_at is not None for one in found),
    )
