"""One document from delivery to answer."""

from datetime import timedelta
from typing import Any

import pytest

from lienthong.chassis.errors import AxisError
from lienthong.common.v1 import lifecycle_pb2 as life
from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.events.v1 import workflow_progress_pb2 as events
from lienthong.testing.service import HCMC, NGHE_AN, VPCP
from lienthong.workflow.v1 import workflow_pb2 as pb


def test_acknowledgement_reports_01_by_itself(world: Any) -> None:
    """ND30 Art. 21: the notice of receipt is automatic; the sender's mailbox gets it."""
    world.deliver("d1", "doc")
    (recorded,) = world.bench.told(events.StatusRecorded)
    assert recorded.forward
    assert recorded.facts.code == "01"
    assert recorded.facts.source == "acknowledgement"
    assert recorded.facts.from_code == "000.00.00.H29"
    assert recorded.facts.from_name == "UBND Thành phố Hồ Chí Minh"
    assert recorded.facts.to_agency == VPCP.id
    assert recorded.facts.to_code == "000.00.00.G22"
    assert recorded.facts.document_id == "G22,2026-11-20,doc"
    assert recorded.facts.document_code == "7816/VPCP-doc"
    assert recorded.to_state == life.DELIVERY_STATE_ARRIVED
    assert world.state("d1", "doc") == "ARRIVED"


def test_whole_journey_with_four_steps(world: Any) -> None:
    """A document is received, submitted, assigned, processed, completed and answered; durations add up."""
    world.deliver("d1", "doc")
    world.clock.advance(hours=1)
    accepted = world.say(HCMC, "03", "d1", arrival_number="1234")
    assert accepted.outcome == pb.OUTCOME_APPLIED
    assert accepted.rule == "4"
    world.clock.advance(hours=1)
    submitted = world.assign(HCMC, "d1", pb.TASK_KIND_SUBMIT, person="Chủ tịch")
    assert submitted.state == life.DELIVERY_STATE_ACCEPTED
    world.clock.advance(hours=2)
    task = world.assign(HCMC, "d1", unit="Sở Nội vụ", instruction="Tham mưu trả lời")
    assert task.state == life.DELIVERY_STATE_ASSIGNED
    world.clock.advance(hours=3)
    assert world.say(HCMC, "05", "d1").state == life.DELIVERY_STATE_PROCESSING
    world.clock.advance(hours=4)
    assert world.complete(HCMC, task, "Đã trả lời").state == life.DELIVERY_STATE_DONE
    row = world.progress(VPCP, "doc").recipients[0]
    assert [step.duration.ToTimedelta() for step in row.steps] == [timedelta(hours=h) for h in (4, 3, 4, 0)]
    assert row.steps[0].submit_time.ToDatetime() - row.steps[0].start_time.ToDatetime() == timedelta(hours=2)
    assert row.arrival_number == "1234"
    assert [one.facts.code for one in world.bench.told(events.StatusRecorded)] == ["01", "03", "04", "05", "06"]
    assert {one.facts.source for one in world.bench.told(events.StatusRecorded)} == {"acknowledgement", "call", "task"}


def test_answer_marks_the_delivery_and_closes_the_case(world: Any) -> None:
    """A delivery is answered when the first sender acknowledges the answer; an answer does not imply 06."""
    world.deliver("d1", "doc")
    world.say(HCMC, "03", "d1")
    world.accept("reply", HCMC, answers=("doc",))
    world.create("d2", "reply", VPCP, HCMC, answers=("doc",))
    assert not world.bench.told(events.DeliveryAnswered)
    world.arrive("d2")
    (answered,) = world.bench.told(events.DeliveryAnswered)
    assert answered.reference.delivery == "d1"
    assert answered.answer_code == "7816/VPCP-reply"
    (closed,) = world.bench.told(events.CaseClosed)
    assert closed.document == "doc"
    seen = world.progress(VPCP, "doc")
    assert seen.closed
    assert seen.recipients[0].answered_by == "7816/VPCP-reply"
    assert seen.recipients[0].answer_document == "documents/reply"
    assert world.state("d1", "doc") == "ACCEPTED"


def test_sender_sees_all_and_recipient_its_own_row(world: Any) -> None:
    """The sender sees every recipient, a recipient its own row, a stranger cannot tell it from nothing."""
    world.accept("doc")
    world.create("d1", "doc", HCMC, count=2)
    world.create("d2", "doc", NGHE_AN, count=2)
    world.tell(routing.DeliveryAvailable, "d1")
    assert len(world.progress(VPCP, "doc").recipients) == 2
    assert [one.delivery for one in world.progress(HCMC, "doc").recipients] == ["deliveries/d1"]
    with pytest.raises(AxisError, match="RESOURCE_NOT_FOUND") as held:
        world.progress(NGHE_AN, "doc")
    with pytest.raises(AxisError, match="RESOURCE_NOT_FOUND") as absent:
        world.progress(NGHE_AN, "nothing")
    assert str(held.value).replace("documents/doc", "") == str(absent.value).replace("documents/nothing", "")


def test_watch_sends_the_present_state_and_then_each_change(world: Any) -> None:
    """A watch without cursor begins with the present state; with one it goes on without a gap."""
    world.deliver("d1", "doc")
    request = pb.WatchProgressRequest(document="documents/doc")
    watch = world.api.watch_progress(request, world.bench.call(VPCP))
    assert watch.key == "progress:doc"
    assert watch.cursor == "", "whoever loses the line before the present state must see it after all"
    (first,), cursor = watch.produce(watch.cursor)
    assert first.cursor == cursor
    assert watch.produce(cursor) == ((), cursor)
    world.say(HCMC, "03", "d1")
    again = world.api.watch_progress(
        pb.WatchProgressRequest(document="documents/doc", cursor=cursor), world.bench.call(VPCP)
    )
    assert again.cursor == cursor
    (second,), later = again.produce(again.cursor)
    assert second.progress.recipients[0].state == life.DELIVERY_STATE_ACCEPTED
    assert int(later) > int(cursor)
