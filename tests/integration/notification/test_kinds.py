"""Which event tells whom: the events of every topic, and the kinds that come of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from lienthong.chassis.directory.model import Agency, AgencyCode
from lienthong.chassis.events.event import DELIVERIES, DOCUMENTS, PROGRESS, VERDICTS, Event
from lienthong.common.v1 import lifecycle_pb2 as life
from lienthong.common.v1.document_pb2 import DocumentHeader
from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.events.v1 import workflow_progress_pb2 as workflow
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.notification.config import NotificationSection
from lienthong.notification.v1 import notification_pb2 as pb
from lienthong.testing.service import HCMC, NGHE_AN, VPCP

Settings = Callable[..., NotificationSection]
REFERENCE = routing.DeliveryReference(delivery="l1", document="d1", sender_agency=VPCP.id, recipient_agency=HCMC.id)
PROGRESS_REFERENCE = workflow.ProgressReference(
    delivery="l1", document="d1", sender_agency=VPCP.id, recipient_agency=HCMC.id
)


@pytest.fixture
def post(opened: Any, settings: Settings) -> Any:
    """Notification with an in-app subscription of the sender, the recipient and a third agency."""
    made = opened(settings(), running=False)
    for agency in (VPCP, HCMC, NGHE_AN):
        made.subscribe(agency, pb.CHANNEL_IN_APP)
    return made


def kinds(post: Any, agency: Agency) -> list[str]:
    """List the kinds of notices of an agency, oldest first."""
    return [one.kind for one in reversed(post.notices(agency))]


def status(code: str, source: str = "call", **facts: Any) -> workflow.StatusRecorded:
    """Make a status of the delivery."""
    facts = {"from_agency": HCMC.id, "to_agency": VPCP.id, **facts}
    forward = facts.pop("forward", False)
    return workflow.StatusRecorded(
        reference=PROGRESS_REFERENCE,
        facts=workflow.StatusFacts(code=code, source=source, **facts),
        forward=forward,
    )


def opened_request(request: life.SideRequest.ValueType) -> workflow.SideRequestOpened:
    """Make a request that waits for the recipient's answer."""
    return workflow.SideRequestOpened(reference=PROGRESS_REFERENCE, request=request, reason="Sai số liệu")


def instructed(instruction: workflow.WorkInstruction.ValueType) -> workflow.HoldersInstructed:
    """Make what those learn who work on a document of which the sender asks something."""
    people, asked = ["Trần Thị B", "Lê Văn C"], life.SIDE_REQUEST_RECALL
    return workflow.HoldersInstructed(
        reference=PROGRESS_REFERENCE, instruction=instruction, request=asked, people=people, reason="Sai số liệu"
    )


CASES: list[tuple[str, Message, str, set[str]]] = [
    (DELIVERIES, routing.DeliveryFailed(reference=REFERENCE, reason="RECIPIENT_RETIRED"), "delivery.failed", {"VPCP"}),
    (DELIVERIES, routing.DeliveryParked(reference=REFERENCE, reason="LEASES_EXPIRED"), "delivery.parked", {"HCMC"}),
    (DELIVERIES, routing.DeliveryWithdrawn(reference=REFERENCE), "document.withdrawn", {"VPCP", "HCMC"}),
    (
        DELIVERIES,
        routing.RequestDelivered(reference=REFERENCE, request=life.SIDE_REQUEST_RECALL),
        "request.received",
        {"HCMC"},
    ),
    (
        DELIVERIES,
        routing.DeliveryVerdictChanged(reference=REFERENCE, verdict=life.VERDICT_BROKEN),
        "verdict.changed",
        {"HCMC"},
    ),
    (PROGRESS, opened_request(life.SIDE_REQUEST_UPDATE), "request.received", {"HCMC"}),
    (PROGRESS, opened_request(life.SIDE_REQUEST_REPLACE), "request.received", {"HCMC"}),
    (PROGRESS, opened_request(life.SIDE_REQUEST_RECALL), "request.received", set()),  # routing tells of it
    (PROGRESS, status("03"), "status.recorded", {"VPCP"}),
    (PROGRESS, status("15", source="axis"), "status.recorded", {"VPCP"}),
    (PROGRESS, status("99", from_agency=VPCP.id, to_agency=HCMC.id, forward=True), "status.recorded", {"HCMC"}),
    (PROGRESS, status("13", from_agency=VPCP.id, to_agency=HCMC.id), "status.recorded", set()),
    (PROGRESS, status("04", from_agency="a-successor"), "status.recorded", {"VPCP"}),
    (
        PROGRESS,
        workflow.TaskAssigned(reference=PROGRESS_REFERENCE, task="t1", person="Trần Thị B"),
        "task.assigned",
        {"HCMC"},
    ),
    (
        PROGRESS,
        workflow.TaskHandedOver(reference=PROGRESS_REFERENCE, task="t1", successor="t2", person="Trần Thị B"),
        "task.handed_over",
        {"HCMC"},
    ),
    (PROGRESS, instructed(workflow.WORK_INSTRUCTION_PAUSE), "task.paused", {"HCMC"}),
    (PROGRESS, instructed(workflow.WORK_INSTRUCTION_RESUME), "task.resumed", {"HCMC"}),
    (PROGRESS, instructed(workflow.WORK_INSTRUCTION_STOP), "task.stopped", {"HCMC"}),
    (DELIVERIES, routing.DeliverySuperseded(reference=REFERENCE), "document.superseded", {"VPCP", "HCMC"}),
    (PROGRESS, workflow.DeliveryAnswered(reference=PROGRESS_REFERENCE, answer_code="1530/UBND"), "delivery.answered",
     {"VPCP"}),
    (PROGRESS, workflow.TaskCompleted(reference=PROGRESS_REFERENCE, task="t1"), "task.completed", {"HCMC"}),
    (PROGRESS, workflow.CaseAlert(reference=PROGRESS_REFERENCE, reason="STATUS_CONFLICT"), "case.alert",
     {"VPCP", "HCMC"}),
    (PROGRESS, workflow.CaseClosed(document="d1", sender_agency=VPCP.id), "case.closed", {"VPCP"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "message", "kind", "told"),
    CASES,
    ids=lambda value: getattr(value, "DESCRIPTOR", None) and value.DESCRIPTOR.name,
)
def test_event_tells_its_audience(post: Any, topic: str, message: Message, kind: str, told: set[str]) -> None:
    """Each event becomes a notice of its kind for those whom it concerns, and for nobody else."""
    post.deliver()
    subject = "case-d1" if kind == "case.closed" else "l1"
    post.bench.feed(topic, subject, message)
    expected = {"VPCP": [], "HCMC": ["document.available"], "H41": []}
    for agency, name in ((VPCP, "VPCP"), (HCMC, "HCMC"), (NGHE_AN, "H41")):
        assert kinds(post, agency) == expected[name] + ([kind] if name in told else [])


def test_replay_gives_one_notice(post: Any) -> None:
    """An event that comes again makes no second notice: not by its number, and not when its number is forgotten."""
    post.deliver()
    available = routing.DeliveryAvailable(reference=REFERENCE)
    post.bench.feed(DELIVERIES, "l1", available, sequence=2)
    assert len(post.notices(HCMC)) == 1
    name = available.DESCRIPTOR.full_name
    event = Event("e-1", DELIVERIES, name, "l1", 9, "", "", available.SerializeToString())
    action = post.bench.component.subscription.handlers[name][1]
    for _ in range(3):
        with post.bench.context.units.begin() as work:
            action(work, available, event)
    assert len(post.notices(HCMC)) == 2


def test_events_wait_for_their_parent(post: Any) -> None:
    """What comes before its delivery or document is parked, and takes effect when that comes."""
    post.bench.feed(PROGRESS, "l1", status("03"))
    post.bench.feed(PROGRESS, "case-d1", workflow.CaseClosed(document="d1", sender_agency=VPCP.id))
    post.bench.feed(VERDICTS, "d1", VerdictReached(document="d1", verdict=life.VERDICT_SIGNED))
    assert post.notices(VPCP) == []
    post.deliver()
    assert sorted(kinds(post, VPCP)) == ["case.closed", "status.recorded"]


def test_first_verdict_is_no_change_for_the_sender(post: Any) -> None:
    """The sender is told when a verdict differs from the one before: once for the document, in words."""
    post.deliver()
    for verdict in (life.VERDICT_NOT_VERIFIED, life.VERDICT_NOT_VERIFIED, life.VERDICT_ORIGINAL_VALUE):
        post.bench.feed(VERDICTS, "d1", VerdictReached(document="d1", verdict=verdict))
    (notice,) = post.notices(VPCP)
    assert notice.kind == "verdict.changed"
    assert "giá trị như bản gốc" in notice.text


def test_hidden_delivery_is_not_betrayed(post: Any) -> None:
    """A document that was taken back before the recipient was shown it is told to the sender alone."""
    header = DocumentHeader(document_id="id-d1", subject="Mật")
    post.bench.feed(DOCUMENTS, "d1", DocumentAccepted(document="d1", sender_agency=VPCP.id, header=header))
    post.bench.feed(DELIVERIES, "l1", routing.DeliveryCreated(reference=REFERENCE, header=header))
    post.bench.feed(DELIVERIES, "l1", routing.DeliverySuperseded(reference=REFERENCE, successor_delivery="l2"))
    post.bench.feed(DELIVERIES, "l1", routing.DeliveryWithdrawn(reference=REFERENCE, unopened=True))
    post.bench.feed(PROGRESS, "l1", status("99", from_agency=VPCP.id, to_agency=HCMC.id, forward=True))
    post.bench.feed(PROGRESS, "l1", opened_request(life.SIDE_REQUEST_REPLACE))
    assert kinds(post, VPCP) == ["document.superseded", "document.withdrawn"]
    assert kinds(post, HCMC) == []


def test_person_urgency_and_kinds_narrow(post: Any) -> None:
    """A subscription for a person, an urgency or some kinds gets only those; completion names whom the task had."""
    person = post.subscribe(HCMC, pb.CHANNEL_IN_APP, person="trần thị  b")
    urgent = post.subscribe(HCMC, pb.CHANNEL_IN_APP, minimum_priority=1)
    tasks = post.subscribe(HCMC, pb.CHANNEL_IN_APP, kinds=["task.completed"], language="en")
    post.deliver()
    due = Timestamp(seconds=1_800_000_000)
    assigned = workflow.TaskAssigned(reference=PROGRESS_REFERENCE, task="t1", person="Trần Thị B", due_time=due)
    post.bench.feed(PROGRESS, "l1", assigned)
    post.bench.feed(PROGRESS, "l1", workflow.TaskCompleted(reference=PROGRESS_REFERENCE, task="t1"))
    found = {
        name: sorted(one.kind for one in post.notices(HCMC) if one.subscription == name)
        for name in (person.name, urgent.name, tasks.name)
    }
    assert found == {person.name: ["task.assigned", "task.completed"], urgent.name: [], tasks.name: ["task.completed"]}
    (english,) = [one for one in post.notices(HCMC) if one.subscription == tasks.name]
    assert english.title.startswith("Task completed: 12/VPCP-TTĐT")


def test_hand_over_tells_whoever_had_the_task(post: Any) -> None:
    """A personal subscription of the one who had the task is told; the text names the one who has it now."""
    former = post.subscribe(HCMC, pb.CHANNEL_IN_APP, person="Trần Thị B", kinds=["task.handed_over"])
    post.deliver()
    assigned = workflow.TaskAssigned(reference=PROGRESS_REFERENCE, task="t1", person="Trần Thị B")
    post.bench.feed(PROGRESS, "l1", assigned)
    handed = workflow.TaskHandedOver(
        reference=PROGRESS_REFERENCE, task="t1", successor="t2", person="Trần Thị B", assignee="Lê Văn C", reason="Nghỉ"
    )
    post.bench.feed(PROGRESS, "l1", handed)
    (notice,) = [one for one in post.notices(HCMC) if one.subscription == former.name]
    assert "Lê Văn C" in notice.text
    assert "Trần Thị B" not in notice.text


def test_each_holder_of_a_task_is_told_to_stop(post: Any) -> None:
    """A recall reaches the people who work on the document (pain point 29): those it names, and no other person."""
    named, other = (
        post.subscribe(HCMC, pb.CHANNEL_IN_APP, person=person).name for person in ("lê văn c", "Phạm Thị D")
    )
    post.deliver()
    post.bench.feed(PROGRESS, "l1", instructed(workflow.WORK_INSTRUCTION_STOP))
    found = {one.subscription: one for one in post.notices(HCMC) if one.kind == "task.stopped"}
    assert named in found
    assert other not in found
    assert "Sai số liệu" in found[named].text


def test_successor_is_told_in_place_of_its_predecessor(post: Any) -> None:
    """From the effective date a successor reads its predecessor's notices and is told of what comes for it."""
    post.deliver()
    heir = Agency("heir", "UBND TP.HCM mới", (AgencyCode("H99"),), version=1)
    day = post.bench.clock.now() + timedelta(hours=1)
    retired = Agency(HCMC.id, HCMC.name, HCMC.codes, retired=day, successors=(heir.id,), version=2)
    post.bench.know(heir, retired)
    post.subscribe(heir, pb.CHANNEL_IN_APP)
    assert post.notices(heir) == []
    post.bench.clock.advance(hours=2)
    assert kinds(post, heir) == ["document.available"]
    post.deliver("d2", "l2")
    (newest, _oldest) = post.notices(heir)
    assert newest.document == "documents/d2"
    assert {one.subscription for one in post.notices(heir)} == {newest.subscription, _oldest.subscription}
    assert len({newest.subscription, _oldest.subscription}) == 2
