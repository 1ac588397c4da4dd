"""Times of steps over many deliveries."""

from datetime import UTC, datetime, timedelta

import pytest

from lienthong.workflow.domain import Change, DeliveryState, StepTimes, quantile, step_times, steps

START = datetime(2026, 11, 23, tzinfo=UTC)


def hours(*numbers: float) -> list[timedelta]:
    """Some lengths of time."""
    return [timedelta(hours=number) for number in numbers]


@pytest.mark.parametrize(
    ("count", "median", "nine_tenths"), [(1, 1, 1), (2, 1, 2), (3, 2, 3), (10, 5, 9), (11, 6, 10), (100, 50, 90)]
)
def test_quantile_is_the_nearest_rank(count: int, median: int, nine_tenths: int) -> None:
    """A quantile is a time that occurred: the smallest that enough of them do not exceed."""
    times = hours(*range(1, count + 1))
    assert quantile(times, 0.5) == timedelta(hours=median)
    assert quantile(times, 0.9) == timedelta(hours=nine_tenths)


def test_steps_that_last_are_not_counted() -> None:
    """Only what was left counts; step 4 is the time from arrival to completion."""

    def line(*reached: tuple[DeliveryState, int]) -> list[Change]:
        return [Change(state, START + timedelta(hours=at), START + timedelta(hours=at)) for state, at in reached]

    done = line((DeliveryState.ARRIVED, 0), (DeliveryState.ASSIGNED, 2), (DeliveryState.DONE, 5))
    busy = line((DeliveryState.ARRIVED, 0), (DeliveryState.ASSIGNED, 4))
    now = START + timedelta(hours=9)
    found = [steps(one, now, measure=lambda start, end: (end - start) / 4) for one in (done, busy)]
    assert step_times(found) == (
        StepTimes(1, 2, *hours(2, 4, 0.5, 1)),
        StepTimes(2, 1, *hours(3, 3, 0.75, 0.75)),
        StepTimes(3, 0, None, None),
        StepTimes(4, 1, *hours(5, 5, 1.25, 1.25)),
    )
