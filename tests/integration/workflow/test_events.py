"""Events of the neighbours, in any order and again."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from lienthong.chassis.directory.model import Agency
from lienthong.chassis.errors import AxisError
from lienthong.chassis.events.event import DELIVERIES, DOCUMENTS
from lienthong.common.v1 import lifecycle_pb2 as life
from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.events.v1 import workflow_progress_pb2 as events
from lienthong.testing.service import HCMC, NGHE_AN, VPCP
from lienthong.workflow.v1 import workflow_pb2 as pb


@pytest.mark.parametrize("order", list(permutations(("accept", "create", "verdict", "arrive"))))
def test_events_in_any_order_lead_to_the_same(world: Any, order: tuple[str, ...]) -> None:
    """Topics have no order among each other, and one delivery's events wait for the gap before them to close."""
    world.references["d1"] = routing.DeliveryReference(
        delivery="d1", document="doc", sender_agency=VPCP.id, recipient_agency=HCMC.id
    )
    steps: dict[str, Callable[[], object]] = {
        "accept": lambda: world.accept("doc"),
        "create": lambda: world.create("d1", "doc", sequence=1),
        "verdict": lambda: world.verdict("doc", life.VERDICT_ORIGINAL_VALUE),
        "arrive": lambda: (
            world.tell(routing.DeliveryAcknowledged, "d1", sequence=3),
            world.tell(routing.DeliveryAvailable, "d1", sequence=2, verdict=life.VERDICT_SIGNED),
        ),
    }
    for name in order:
        steps[name]()
    row = world.progress(VPCP, "doc").recipients[0]
    assert row.state == life.DELIVERY_STATE_ARRIVED
    assert row.verdict == life.VERDICT_ORIGINAL_VALUE
    assert len(world.bench.told(events.StatusRecorded)) == 1


def test_repeated_events_change_nothing(world: Any) -> None:
    """Publishing may repeat: an event takes effect once."""
    world.deliver("d1", "doc")
    told = len(world.bench.told(events.StatusRecorded, events.StatusKeptAsHistory))
    world.create("d1", "doc", sequence=1)
    world.tell(routing.DeliveryAcknowledged, "d1", sequence=3)
    assert len(world.bench.told(events.StatusRecorded, events.StatusKeptAsHistory)) == told


def test_late_01_is_history(world: Any) -> None:
    """Rule 10: 01 after 03 changes nothing and does not reach the sender's mailbox."""
    world.accept("doc")
    world.create("d1", "doc")
    world.tell(routing.DeliveryAvailable, "d1")
    assert world.say(HCMC, "03", "d1").outcome == pb.OUTCOME_APPLIED
    world.tell(routing.DeliveryAcknowledged, "d1")
    (kept,) = world.bench.told(events.StatusKeptAsHistory)
    assert (kept.facts.code, kept.rule) == ("01", "10")
    assert world.state("d1", "doc") == "ACCEPTED"


def test_failure_shows_its_reason_with_nearest_codes(world: Any) -> None:
    """A delivery to an unknown code is FAILED; the sender sees which codes are nearest."""
    world.accept("doc")
    world.create("d1", "doc", None)
    world.tell(routing.DeliveryFailed, "d1", reason="RECIPIENT_UNKNOWN", detail="no such code", nearest_codes=["H29"])
    row = world.progress(VPCP, "doc").recipients[0]
    assert row.state == life.DELIVERY_STATE_FAILED
    assert row.failure == "RECIPIENT_UNKNOWN: no such code (H29)"
    assert not row.agency


def test_unopened_recall_gives_a_15_by_the_axis(world: Any) -> None:
    """Rule 48: nobody had opened it; the sender gets a 15 that says so, and a later status is an alert."""
    world.accept("doc")
    world.create("d1", "doc")
    world.tell(routing.DeliveryAvailable, "d1")
    world.tell(routing.DeliveryWithdrawn, "d1", recall="r1", unopened=True, reason="nhầm nơi nhận")
    (recorded,) = world.bench.told(events.StatusRecorded)
    assert (recorded.facts.code, recorded.facts.source, recorded.forward) == ("15", "axis", True)
    assert "nobody had opened" in recorded.facts.description
    assert recorded.to_state == life.DELIVERY_STATE_WITHDRAWN
    late = world.say(HCMC, "03", "d1")
    assert (late.outcome, late.rule) == (pb.OUTCOME_CONFLICT, "29")
    (alert,) = world.bench.told(events.CaseAlert)
    assert alert.reason == "STATUS_AFTER_WITHDRAWAL"


def test_recall_of_an_opened_document(world: Any) -> None:
    """Rules 20 and 21: the request waits for the recipient; its 15 withdraws, and routing's word changes nothing."""
    world.deliver("d1", "doc")
    world.tell(routing.RequestDelivered, "d1", request=life.SIDE_REQUEST_RECALL, request_id="r1", reason="sai nội dung")
    assert world.progress(HCMC, "doc").recipients[0].side_request == life.SIDE_REQUEST_RECALL
    (opened,) = world.bench.told(events.SideRequestOpened)
    assert opened.reason == "sai nội dung"
    assert world.say(HCMC, "15", "d1").rule == "21"
    (closed,) = world.bench.told(events.SideRequestClosed)
    assert closed.agreed
    assert closed.request == life.SIDE_REQUEST_RECALL
    world.tell(routing.DeliveryWithdrawn, "d1", recall="r1", unopened=False)
    assert world.state("d1", "doc") == "WITHDRAWN"
    assert [one.facts.code for one in world.bench.told(events.StatusRecorded)] == ["01", "15"]


def test_update_waits_behind_its_original(world: Any) -> None:
    """Rule 23: an update has no main line and no 01; its acknowledgement opens UPDATE at the original."""
    world.deliver("d1", "doc")
    world.deliver("d2", "update", original_delivery="d1")
    assert [one.facts.code for one in world.bench.told(events.StatusRecorded)] == ["01"]
    assert world.progress(VPCP, "doc").recipients[0].side_request == life.SIDE_REQUEST_UPDATE
    assert world.progress(VPCP, "update").recipients[0].state == life.DELIVERY_STATE_UNSPECIFIED
    # Reported at the update's delivery, it takes effect at the original.
    assert world.say(HCMC, "15", "d2").rule == "24"
    assert world.state("d1", "doc") == "ARRIVED"
    assert world.progress(VPCP, "doc").recipients[0].side_request == life.SIDE_REQUEST_UNSPECIFIED


def test_update_before_its_original_waits(world: Any) -> None:
    """An update whose original is not known yet is parked until it is."""
    world.create("d2", "update", original_delivery="d1", sequence=1)
    with pytest.raises(AxisError, match="RESOURCE_NOT_FOUND"):
        world.progress(VPCP, "update")
    world.create("d1", "doc", sequence=1)
    assert world.progress(VPCP, "update").recipients


def test_update_of_a_refused_document_starts_anew(world: Any) -> None:
    """Rule 11: the sender sends again after a refusal; the update gets a main line and its 01."""
    world.deliver("d1", "doc")
    world.say(HCMC, "02", "d1", description="thiếu phụ lục")
    world.deliver("d2", "update", original_delivery="d1")
    assert {one.delivery for one in world.progress(VPCP, "doc").recipients} == {"deliveries/d1", "deliveries/d2"}
    assert world.state("d2", "doc") == "ARRIVED"
    assert world.say(HCMC, "03", "d2").outcome == pb.OUTCOME_APPLIED


def test_superseded_before_anybody_opened_it(world: Any) -> None:
    """Section 4: the original ends, the update's delivery starts at SENT in the same case; reports find it."""
    world.accept("doc")
    world.create("d1", "doc")
    world.tell(routing.DeliveryAvailable, "d1")
    world.accept("update")
    world.create("d2", "update", original_delivery="d1", header={"document_id": "G22,2026-11-20,doc"})
    world.tell(routing.DeliverySuperseded, "d1", successor_delivery="d2")
    assert world.state("d1", "doc") == "SUPERSEDED"
    assert world.state("d2", "doc") == "SENT"
    world.arrive("d2")
    accepted = world.say(HCMC, "03", document_id="G22,2026-11-20,doc")
    assert accepted.outcome == pb.OUTCOME_APPLIED
    assert world.state("d2", "doc") == "ACCEPTED"


def test_statuses_of_an_update_are_listed_over_both_cases(world: Any) -> None:
    """An update joins the case of its original where a recipient has that; its sender sees both there, by pages."""
    world.create("d1", "doc")
    world.accept("update")
    world.create("d2", "update", NGHE_AN, count=2)
    world.create("d3", "update", HCMC, count=2, original_delivery="d1")
    world.tell(routing.DeliverySuperseded, "d1", successor_delivery="d3")
    world.arrive("d2")
    world.arrive("d3")
    world.say(HCMC, "03", "d3")
    world.say(NGHE_AN, "03", "d2")
    assert listed(world, VPCP) == [("d3", "01"), ("d3", "03"), ("d2", "01"), ("d2", "03")]
    assert listed(world, NGHE_AN) == [("d2", "01"), ("d2", "03")]
    assert (world.state("d2", "update"), world.state("d3", "update")) == ("ACCEPTED", "ACCEPTED")


def listed(world: Any, agency: Agency) -> list[tuple[str, str]]:
    """Reads the statuses of the update one by one."""
    found, token = [], ""
    while True:
        request = pb.ListStatusesRequest(document="documents/update", page_size=1, page_token=token)
        answer = world.api.list_statuses(request, world.bench.call(agency, "Workflow/ListStatuses"))
        found += [(one.delivery.removeprefix("deliveries/"), one.code) for one in answer.statuses]
        token = answer.next_page_token
        if not token:
            return found


def test_replacement_asks_at_each_old_delivery(world: Any) -> None:
    """Rules 26 and 27: the replacement has a main line of its own; 15 supersedes the old document."""
    world.deliver("d1", "doc")
    world.deliver("d2", "new", replaced_deliveries=["d1"], header={"reason": "thay thế"})
    assert world.state("d2", "new") == "ARRIVED"
    (opened,) = world.bench.told(events.SideRequestOpened)
    assert (opened.request, opened.reason) == (life.SIDE_REQUEST_REPLACE, "thay thế")
    assert world.say(HCMC, "15", "d1").rule == "27"
    assert world.state("d1", "doc") == "SUPERSEDED"


def test_a_replacement_asks_what_took_the_place_of_the_original(world: Any) -> None:
    """An update overtook the document unopened: the recipient has that, and it is asked about, and asked no more."""
    world.create("d1", "doc")
    world.accept("update")
    world.create("d2", "update", original_delivery="d1")
    world.tell(routing.DeliverySuperseded, "d1", successor_delivery="d2")
    world.arrive("d2")
    world.deliver("d3", "new", replaced_deliveries=["d1"], header={"reason": "thay thế"})
    (opened,) = world.bench.told(events.SideRequestOpened)
    assert (opened.request, opened.reference.delivery) == (life.SIDE_REQUEST_REPLACE, "d2")
    world.tell(routing.DeliveryWithdrawn, "d3", recall="r1", unopened=False)
    assert world.progress(VPCP, "doc").recipients[-1].side_request == life.SIDE_REQUEST_UNSPECIFIED


def test_two_requests_are_answered_in_their_order(world: Any) -> None:
    """Rule 42: a second request waits behind the open one and is asked, with its own reason, when that is answered."""
    world.deliver("d1", "doc")
    world.deliver("d2", "update", original_delivery="d1", header={"reason": "bản sửa"})
    world.tell(routing.RequestDelivered, "d1", request=life.SIDE_REQUEST_RECALL, request_id="r1", reason="lấy lại")
    assert len(world.bench.told(events.SideRequestOpened)) == 1
    denied = world.say(HCMC, "16", "d1", description="đang dùng")
    assert denied.rule == "25"
    first, second = world.bench.told(events.SideRequestOpened)
    assert (first.request, first.reason) == (life.SIDE_REQUEST_UPDATE, "bản sửa")
    assert (second.request, second.reason) == (life.SIDE_REQUEST_RECALL, "lấy lại")
    assert world.say(HCMC, "15", "d1").rule == "21"
    closed = world.bench.told(events.SideRequestClosed)
    assert [(one.request, one.agreed, one.reference.delivery) for one in closed] == [
        (life.SIDE_REQUEST_UPDATE, False, "d1"),
        (life.SIDE_REQUEST_RECALL, True, "d1"),
        (life.SIDE_REQUEST_RECALL, True, "d2"),
    ]


@pytest.mark.parametrize("answer", ["", "15", "16"])
def test_an_agreed_recall_takes_updates_along(world: Any, answer: str) -> None:
    """An update is content of its original: agreed to, denied or not answered yet, it is withdrawn with that."""
    world.deliver("d1", "doc")
    world.deliver("d2", "update", original_delivery="d1")
    world.deliver("d3", "second", original_delivery="d2")
    if answer:
        world.say(HCMC, answer, "d1", description="đã xem")
        world.say(HCMC, answer, "d1", description="đã xem")
    world.tell(routing.RequestDelivered, "d1", request=life.SIDE_REQUEST_RECALL, request_id="r1", reason="sai nội dung")
    while world.say(HCMC, "15", "d1").state != life.DELIVERY_STATE_WITHDRAWN:
        pass
    closed = [one for one in world.bench.told(events.SideRequestClosed) if one.request == life.SIDE_REQUEST_RECALL]
    assert [(one.reference.delivery, one.agreed) for one in closed] == [("d1", True), ("d2", True), ("d3", True)]
    assert closed[-1].reason == "sai nội dung"
    world.tell(routing.DeliveryWithdrawn, "d2")
    assert world.progress(VPCP, "update").recipients[0].state == life.DELIVERY_STATE_WITHDRAWN


def test_an_agreed_recall_leaves_what_has_a_line_of_its_own(world: Any) -> None:
    """What was sent again after a refusal is no longer content of what was refused, nor of an update of that."""
    world.deliver("d1", "doc")
    world.deliver("d2", "update", original_delivery="d1")
    world.say(HCMC, "02", "d1", description="thiếu phụ lục")
    world.deliver("d3", "again", original_delivery="d1")
    world.tell(routing.RequestDelivered, "d3", request=life.SIDE_REQUEST_RECALL, request_id="r1", reason="sai")
    world.say(HCMC, "15", "d3")
    closed = [one for one in world.bench.told(events.SideRequestClosed) if one.request == life.SIDE_REQUEST_RECALL]
    assert [one.reference.delivery for one in closed] == ["d3"]


def test_recall_of_an_update_leaves_the_original(world: Any) -> None:
    """A recall of an opened update is answered at the update's delivery; the original and its request go on."""
    world.deliver("d1", "doc")
    world.deliver("d2", "update", original_delivery="d1")
    world.tell(routing.RequestDelivered, "d2", request=life.SIDE_REQUEST_RECALL, request_id="r1", reason="sai bản")
    assert world.progress(VPCP, "update").recipients[0].side_request == life.SIDE_REQUEST_RECALL
    assert world.say(HCMC, "15", document_id="G22,2026-11-20,update").rule == "21"
    (closed,) = world.bench.told(events.SideRequestClosed)
    assert (closed.reference.delivery, closed.agreed) == ("d2", True)
    assert world.progress(VPCP, "update").recipients[0].state == life.DELIVERY_STATE_WITHDRAWN
    assert world.state("d1", "doc") == "ARRIVED"
    assert world.progress(VPCP, "doc").recipients[0].side_request == life.SIDE_REQUEST_UPDATE


def test_nobody_joins_the_case_of_another_sender(world: Any) -> None:
    """An update of somebody else's document has a case of its own, whatever the event says."""
    world.deliver("d1", "doc")
    world.deliver("d2", "foreign", HCMC, NGHE_AN, original_delivery="d1")
    assert [one.delivery for one in world.progress(VPCP, "doc").recipients] == ["deliveries/d1"]
    assert world.state("d2", "foreign", NGHE_AN) == "ARRIVED"


def test_answer_known_before_the_delivery_that_it_answers(world: Any) -> None:
    """Answers are noted: the original's delivery is marked also when its own event comes last."""
    world.accept("reply", HCMC)
    world.create("d2", "reply", VPCP, HCMC, answers=("doc",))
    world.arrive("d2")
    world.accept("doc")
    world.create("d1", "doc")
    assert [one.reference.delivery for one in world.bench.told(events.DeliveryAnswered)] == ["d1"]


def test_answers_that_only_intake_told(world: Any) -> None:
    """What DocumentAccepted says about answers counts also when it comes after the acknowledgement."""
    world.deliver("d1", "doc")
    world.create("d2", "reply", VPCP, HCMC)
    world.arrive("d2")
    assert not world.bench.told(events.DeliveryAnswered)
    world.accept("reply", HCMC, answers=("doc",))
    assert len(world.bench.told(events.DeliveryAnswered)) == 1


def test_answer_acknowledged_in_copy_answers_nothing(world: Any) -> None:
    """Only the first sender's acknowledgement counts."""
    world.deliver("d1", "doc")
    world.create("d2", "reply", NGHE_AN, HCMC, answers=("doc",))
    world.arrive("d2")
    assert not world.bench.told(events.DeliveryAnswered)


def test_case_closes_when_all_are_answered_or_final(world: Any) -> None:
    """Each delivery answered or final, at least one answered; said once, under the case's own aggregate."""
    world.accept("doc")
    world.create("d1", "doc", HCMC, count=2)
    world.create("d2", "doc", NGHE_AN, count=2)
    world.arrive("d1")
    world.arrive("d2")
    world.say(NGHE_AN, "02", "d2", description="không đúng thẩm quyền")
    world.create("d3", "reply", VPCP, HCMC, answers=("doc",))
    assert not world.bench.told(events.CaseClosed)
    world.arrive("d3")
    assert len(world.bench.told(events.CaseClosed)) == 1
    world.say(HCMC, "03", "d1")
    assert len(world.bench.told(events.CaseClosed)) == 1
    assert world.bench.sequences[DELIVERIES, "d3"] == 3
    assert world.bench.sequences[DOCUMENTS, "doc"] == 1
