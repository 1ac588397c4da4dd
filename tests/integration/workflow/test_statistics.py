"""Statistics of an agency's own deliveries."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from lienthong.chassis.clock import VIETNAM
from lienthong.chassis.errors import AxisError
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1 import lifecycle_pb2 as life
from lienthong.testing.service import HCMC, NGHE_AN, VPCP
from lienthong.workflow.v1 import workflow_pb2 as pb


def test_numbers_of_a_period(world: Any) -> None:
    """By state and step, for the caller's own deliveries of the period, as recipient or as sender."""
    begin = world.clock.now()
    for number in range(3):
        world.deliver(f"d{number}", f"doc{number}")
    world.deliver("other", "elsewhere", NGHE_AN)
    for number in range(2):
        world.clock.advance(hours=1)
        world.say(HCMC, "06", f"d{number}")

    def numbers(agency: Any, **asked: Any) -> pb.Statistics:
        answer: pb.Statistics = world.api.get_statistics(
            pb.GetStatisticsRequest(**asked), world.bench.call(agency, "Workflow/GetStatistics")
        )
        return answer

    mine = numbers(HCMC)
    assert {one.state: one.count for one in mine.states} == {
        life.DELIVERY_STATE_ARRIVED: 1,
        life.DELIVERY_STATE_DONE: 2,
    }
    last = mine.steps[3]
    assert (last.count, last.median.ToTimedelta(), last.p90.ToTimedelta()) == (
        2,
        timedelta(hours=1),
        timedelta(hours=2),
    )
    assert mine.end_time.ToDatetime() - mine.start_time.ToDatetime() == timedelta(days=30)
    assert numbers(VPCP).delivery_count == 0
    assert numbers(VPCP, role=pb.STATISTICS_ROLE_SENDER).delivery_count == 4
    assert numbers(HCMC, end_time=to_timestamp(begin)).delivery_count == 0
    with pytest.raises(AxisError, match="PERIOD_EMPTY"):
        numbers(HCMC, start_time=to_timestamp(world.clock.now()))


def test_office_hours_stand_beside_the_clock(world: Any) -> None:
    """A weekend between arrival and assignment is no time of work, for the one document and in the numbers."""
    friday = datetime(2026, 11, 27, 16, 30, tzinfo=VIETNAM)
    world.clock.advance(seconds=(friday - world.clock.now()).total_seconds())
    world.deliver("d1", "doc")
    world.clock.advance(days=2, hours=16)  # Monday, 8:30
    world.say(HCMC, "04", "d1")
    first = world.progress(VPCP, "doc").recipients[0].steps[0]
    assert first.duration.ToTimedelta() == timedelta(days=2, hours=16)
    assert first.working_duration.ToTimedelta() == timedelta(hours=2)
    answer = world.api.get_statistics(pb.GetStatisticsRequest(), world.bench.call(HCMC, "Workflow/GetStatistics"))
    counted = answer.steps[0]
    assert (counted.working_median.ToTimedelta(), counted.median.ToTimedelta()) == (
        timedelta(hours=2),
        timedelta(days=2, hours=16),
    )


def test_submission_is_due_on_the_next_working_day(world: Any) -> None:
    """ND30 Art. 4(2)(c): what arrives on Friday is late when Monday has passed without a submission."""
    friday = datetime(2026, 11, 27, 16, 30, tzinfo=VIETNAM)
    world.clock.advance(seconds=(friday - world.clock.now()).total_seconds())
    world.deliver("d1", "doc", header={"priority": 0})

    def first() -> pb.StepProgress:
        return world.progress(VPCP, "doc").recipients[0].steps[0]  # type: ignore[no-any-return]  # the world is untyped

    due = datetime(2026, 12, 1, tzinfo=VIETNAM) - timedelta(microseconds=1)
    assert first().submit_due_time == to_timestamp(due)
    world.clock.advance(days=3, hours=7, minutes=29)
    assert not first().submit_late
    world.clock.advance(minutes=2)
    assert first().submit_late
    world.assign(HCMC, "d1", pb.TASK_KIND_SUBMIT)
    assert first().submit_late


def test_a_period_is_bounded(make_world: Any) -> None:
    """A period with too many deliveries is refused with a remedy instead of being read without end."""
    world = make_world(statistics_deliveries=1)
    world.deliver("d1", "doc1")
    world.deliver("d2", "doc2")
    world.clock.advance(hours=1)
    with pytest.raises(AxisError, match="PERIOD_TOO_LONG"):
        world.api.get_statistics(pb.GetStatisticsRequest(), world.bench.call(HCMC))
