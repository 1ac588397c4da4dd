"""The gauge of deliveries that still owe something, through events and statuses."""

from typing import Any

import pytest
from tests.waiting import until

from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.testing.service import HCMC, NGHE_AN, VPCP
from lienthong.workflow.handlers.owing import OwingCount

STATES = ("sent", "arrived", "accepted", "assigned", "processing")


def stand(world: Any) -> dict[str, float]:
    """In which states deliveries stand."""
    count = OwingCount(world.bench.context.database)
    count.count()
    return {state: value for (state,), value in count.samples() if value}


def test_a_delivery_stands_in_one_state_until_it_owes_nothing(world: Any) -> None:
    """Held it is sent; then it moves through the states with its statuses, and is gone when the work is done."""
    world.accept("doc")
    world.create("d1", "doc")
    assert stand(world) == {"sent": 1.0}
    world.arrive("d1")
    assert stand(world) == {"arrived": 1.0}
    for code, state in (("03", "accepted"), ("04", "assigned"), ("05", "processing")):
        world.say(HCMC, code, "d1")
        assert stand(world) == {state: 1.0}
    world.say(HCMC, "06", "d1")
    assert stand(world) == {}


def test_what_ended_otherwise_owes_nothing(world: Any) -> None:
    """Refused, failed, withdrawn and answered ones are gone; the others of the same document stay."""
    for number in range(5):
        world.deliver(f"d{number}", f"doc{number}")
    world.say(HCMC, "02", "d0", description="không thuộc thẩm quyền")
    world.tell(routing.DeliveryFailed, "d1", reason="RECIPIENT_RETIRED")
    world.tell(routing.DeliveryWithdrawn, "d2", unopened=True)
    world.deliver("d5", "reply", VPCP, HCMC, answers=("doc3",), accepted={"answers": ("doc3",)})
    # The one that nothing happened to, and the reply itself.
    assert stand(world) == {"arrived": 2.0}


def test_an_update_that_waits_is_not_counted(world: Any) -> None:
    """It has no main line of its own: its original stands for it."""
    world.deliver("d1", "doc")
    world.accept("update")
    world.create("d2", "update", original_delivery="d1")
    assert stand(world) == {"arrived": 1.0}


def test_the_program_counts_by_itself(make_world: Any) -> None:
    """Whoever asks for metrics is told what the service counted in the background, each state once."""
    world = make_world(count_seconds=0.02)
    registry = world.bench.context.base.metrics.registry
    for name, recipient in (("d1", HCMC), ("d2", NGHE_AN)):
        world.deliver(name, f"doc-{name}", recipient)

    def told() -> dict[str, float | None]:
        return {state: registry.get_sample_value("lienthong_deliveries", {"state": state}) for state in STATES}

    assert set(told().values()) == {None}
    for worker in world.bench.component.workers:
        worker.start()
    try:
        assert until(lambda: told() == dict.fromkeys(STATES, 0.0) | {"arrived": 2.0})
        world.say(HCMC, "03", "d1")
        assert until(lambda: told() == dict.fromkeys(STATES, 0.0) | {"arrived": 1.0, "accepted": 1.0})
    finally:
        for worker in world.bench.component.workers:
            worker.stop(10.0)


@pytest.mark.parametrize("wrong", [0, 3601])
def test_the_pause_has_bounds(make_world: Any, wrong: int) -> None:
    """Neither without a pause, nor so rarely that the figure says nothing."""
    with pytest.raises(ValueError, match="count_seconds"):
        make_world(count_seconds=wrong)
