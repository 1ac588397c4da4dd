"""Numbers of a period: how long the steps took (QD28 Art. 11: statistics are drawn automatically)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from lienthong.workflow.domain.steps import STEP_COUNT, Step

MEDIAN, NINE_TENTHS = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Time spent in a step over the deliveries that have left it, on the clock and in office hours; None without any.

    Step 4 is a moment: its times are those from arrival to completion.
    """

    number: int
    count: int
    median: timedelta | None
    nine_tenths: timedelta | None
    working_median: timedelta | None = None
    working_nine_tenths: timedelta | None = None


def step_times(lines: Sequence[Sequence[Step]]) -> tuple[StepTimes, ...]:
    """Compute the times of the four steps over deliveries, each given by its steps."""
    return tuple(_times(number, [taken for line in lines for taken in _taken(line, number)]) for number in _NUMBERS)


def quantile(sorted_times: Sequence[timedelta], share: float) -> timedelta:
    """Return the smallest time that is not exceeded by a share of the times (nearest rank).

    Raises:
        IndexError: there are no times.
    """
    rank = -(-len(sorted_times) * round(share * 100) // 100)  # rounded up, in whole numbers
    return sorted_times[max(rank, 1) - 1]


_NUMBERS = range(1, STEP_COUNT + 1)


def _taken(line: Sequence[Step], number: int) -> list[tuple[timedelta, timedelta]]:
    step = line[number - 1]
    if step.start is None:
        return []
    if number < STEP_COUNT:
        return [(step.duration, step.working)] if step.end is not None else []
    begun = next(one.start for one in line if one.start is not None)
    return [(step.start - begun, sum((one.working for one in line), timedelta(0)))]


def _times(number: int, taken: list[tuple[timedelta, timedelta]]) -> StepTimes:
    if not taken:
        return StepTimes(number, 0, None, None)
    clock, working = sorted(one for one, _ in taken), sorted(one for _, one in taken)
    return StepTimes(
        number,
        len(taken),
        quantile(clock, MEDIAN),
        quantile(clock, NINE_TENTHS),
        quantile(working, MEDIAN),
        quantile(working, NINE_TENTHS),
    )
