"""Status 13: a sender takes back what it sent."""

from typing import Any

import pytest
from tests.integration.workflow.test_statuses import DOCUMENT_ID, status_file

from lienthong.common.v1 import lifecycle_pb2 as life
from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.events.v1 import workflow_progress_pb2 as events
from lienthong.testing.service import HCMC, NGHE_AN, VPCP
from lienthong.workflow.v1 import workflow_pb2 as pb


def test_status_13_asks_routing_for_each_recipient(world: Any) -> None:
    """A 13 by DocumentId means all recipients, or those named; routing decides."""
    world.accept("doc")
    world.create("d1", "doc", HCMC, count=2)
    early = world.say(VPCP, "13", document_id=DOCUMENT_ID, description="sai", recipient_codes=["H41"])
    assert early.outcome == pb.OUTCOME_KEPT
    world.create("d2", "doc", NGHE_AN, count=2)
    assert [one.reference.delivery for one in world.bench.told(events.RecallAsked)] == ["d2"]
    asked = world.say(VPCP, "13", document_id=DOCUMENT_ID, description="sai")
    assert asked.outcome == pb.OUTCOME_FORWARDED
    told = world.bench.told(events.RecallAsked)
    assert [one.reference.delivery for one in told] == ["d2", "d1", "d2"]
    assert len({one.recall for one in told}) == 3
    assert world.say(HCMC, "13", "d1", description="x").outcome == pb.OUTCOME_KEPT


def test_recall_of_a_refused_document_is_answered_at_once(world: Any) -> None:
    """Rule 30: nothing to take back, the axis gives the 15."""
    world.deliver("d1", "doc")
    world.say(HCMC, "02", "d1", description="nhầm")
    assert world.say(VPCP, "13", "d1", description="lấy lại").rule == "30"
    last = world.bench.told(events.StatusRecorded)[-1]
    assert (last.facts.code, last.facts.source, last.forward) == ("15", "axis", True)


def test_status_13_means_the_document_whose_id_its_updates_repeat(world: Any) -> None:
    """An update may repeat the DocumentId: the 13 is about what stands at each recipient, once."""
    world.accept("doc")
    world.create("d1", "doc", HCMC, count=2)
    world.create("d2", "doc", NGHE_AN, count=2)
    world.arrive("d2")
    for delivery, original, recipient in (("d3", "d1", HCMC), ("d4", "d2", NGHE_AN)):
        again = {"document_id": DOCUMENT_ID}
        world.create(delivery, "update", recipient, original_delivery=original, count=2, header=again)
    world.tell(routing.DeliverySuperseded, "d1", successor_delivery="d3")
    asked = world.say(VPCP, "13", document_id=DOCUMENT_ID, description="sai")
    assert asked.outcome == pb.OUTCOME_FORWARDED
    assert [one.reference.delivery for one in world.bench.told(events.RecallAsked)] == ["d3", "d2"]


def test_status_13_reaches_the_update_that_took_the_place(world: Any) -> None:
    """A document that an update overtook is taken back as that update; the update alone by its own DocumentId."""
    world.accept("doc")
    world.create("d1", "doc", HCMC)
    world.create("d2", "update", HCMC, original_delivery="d1", takes_place=True)
    world.tell(routing.DeliverySuperseded, "d1", successor_delivery="d2")
    assert world.say(VPCP, "13", document_id=DOCUMENT_ID, description="sai").outcome == pb.OUTCOME_FORWARDED
    world.deliver("d3", "third", HCMC, original_delivery="d2")
    assert world.say(VPCP, "13", document_id="G22,2026-11-20,third", description="sai").outcome == pb.OUTCOME_FORWARDED
    assert [one.reference.delivery for one in world.bench.told(events.RecallAsked)] == ["d2", "d3"]


def test_a_recall_that_routing_delivered_to_who_refused_is_closed(world: Any) -> None:
    """Rule 30 by the other door: routing, which knows of no refusal, takes its question out of the mailbox again."""
    world.deliver("d1", "doc")
    world.say(HCMC, "02", "d1", description="nhầm")
    world.tell(routing.RequestDelivered, "d1", request=life.SIDE_REQUEST_RECALL, request_id="r1", reason="lấy lại")
    assert world.bench.told(events.StatusRecorded)[-1].facts.code == "15"
    (closed,) = world.bench.told(events.SideRequestClosed)
    assert (closed.reference.delivery, closed.request, closed.agreed) == ("d1", life.SIDE_REQUEST_RECALL, False)


@pytest.mark.parametrize(
    ("code", "organ"), [("7816/VPCP-doc", "000.00.00.H29"), ("H29", "7816/VPCP-doc")], ids=["in place", "exchanged"]
)
def test_a_file_of_another_make_finds_its_delivery(world: Any, code: str, organ: str) -> None:
    """Its DocumentId is made up: number, date and recipient find it, also when code and agency are exchanged."""
    world.accept("doc")
    world.create("d1", "doc", HCMC, count=2)
    world.create("d2", "doc", NGHE_AN, count=2)
    world.deliver("d3", "other", HCMC)
    about = {"party": organ, "document_code": code, "document_id": "H29,2026/11/20,7816/VPCP-doc"}
    (result,) = world.say_all(VPCP, edxml=(status_file("13", "G22", description="sai", **about),))
    assert result.outcome == pb.OUTCOME_FORWARDED
    assert [one.reference.delivery for one in world.bench.told(events.RecallAsked)] == ["d1"]
    (other,) = world.say_all(NGHE_AN, edxml=(status_file("13", "H41", description="sai", **about),))
    assert other.outcome == pb.OUTCOME_KEPT


@pytest.mark.parametrize(
    ("answer", "instruction"),
    [("15", events.WORK_INSTRUCTION_STOP), ("16", events.WORK_INSTRUCTION_RESUME)],
    ids=["agreed", "denied"],
)
def test_whoever_has_an_open_task_is_told_of_a_recall(world: Any, answer: str, instruction: int) -> None:
    """Pain point 29: they wait while the recall is open; then they stop, or go on. Nobody is told who has no task."""
    world.deliver("d1", "doc")
    world.say(HCMC, "03", "d1")
    for person in ("Trần Thị B", "Lê Văn C", "Trần Thị B", ""):
        world.assign(HCMC, "d1", unit="Phòng Tin học", person=person)
    done = world.assign(HCMC, "d1", person="Phạm Thị D")
    world.complete(HCMC, done)
    world.tell(routing.RequestDelivered, "d1", request=life.SIDE_REQUEST_RECALL, request_id="r1", reason="sai")
    world.say(HCMC, answer, "d1", description="vâng")
    told = world.bench.told(events.HoldersInstructed)
    assert [one.instruction for one in told] == [events.WORK_INSTRUCTION_PAUSE, instruction]
    assert [list(one.people) for one in told] == [["Trần Thị B", "Lê Văn C"]] * 2
    assert [one.reason for one in told] == ["sai", "vâng"]


def test_whoever_has_an_open_task_is_told_once_that_it_ended(world: Any) -> None:
    """Routing, which carries out what was agreed, changes nothing for them any more."""
    world.deliver("d1", "doc")
    world.say(HCMC, "03", "d1")
    world.assign(HCMC, "d1", person="Trần Thị B")
    world.tell(routing.RequestDelivered, "d1", request=life.SIDE_REQUEST_RECALL, request_id="r1", reason="sai")
    world.say(HCMC, "15", "d1", description="vâng")
    world.tell(routing.DeliveryWithdrawn, "d1", reason="vâng")
    assert len(world.bench.told(events.HoldersInstructed)) == 2
