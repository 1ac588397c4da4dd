"""Recalls and updates race with the first opening; routing alone decides."""

from datetime import datetime

import pytest
from tests.unit.routing.conftest import Routing, refusal

from lienthong import edxml
from lienthong.chassis.errors import AxisError
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1 import document_pb2, lifecycle_pb2
from lienthong.events.v1 import intake_documents_pb2 as intake
from lienthong.events.v1 import routing_deliveries_pb2 as events
from lienthong.events.v1 import workflow_progress_pb2 as workflow
from lienthong.routing.v1 import mailbox_pb2 as pb
from lienthong.testing.service import HCMC, NGHE_AN

RECALL = lifecycle_pb2.SIDE_REQUEST_RECALL


def bare(name: str) -> str:
    """Gives the identifier of a delivery's name."""
    return name.removeprefix("deliveries/")


def deny(routing: Routing, item: pb.Item, at: datetime | None = None) -> None:
    """Lets the recipient answer a recall with 16."""
    when = to_timestamp(at or routing.bench.clock.now())
    routing.progress(bare(item.delivery), workflow.SideRequestClosed(request=RECALL, agreed=False, event_time=when))


def test_a_recall_before_the_opening_takes_the_document_back(routing: Routing) -> None:
    """Neither leased nor opened: WITHDRAWN, the item is gone, content is refused."""
    document = routing.deliver(HCMC)
    delivery = routing.waiting(HCMC)[0].delivery
    recall = routing.recall(document)
    assert routing.waiting(HCMC) == []
    (event,) = routing.told(events.DeliveryWithdrawn)
    assert (event.recall, event.unopened, event.reason) == (recall, True, "Nhầm phụ lục")
    with pytest.raises(AxisError) as caught:
        routing.read(HCMC, f"{delivery}/content")
    assert refusal(caught) == ("FAILED_PRECONDITION", "DOCUMENT_WITHDRAWN")
    assert routing.told(events.DeliveryOpened) == []


@pytest.mark.parametrize("opening", ["lease", "content"])
def test_a_recall_after_the_opening_asks_the_recipient(routing: Routing, opening: str) -> None:
    """A lease or a reading came first: the request goes into the mailbox, behind the document, as edXML type 1."""
    document = routing.deliver(HCMC)
    delivery = routing.waiting(HCMC)[0].delivery
    if opening == "lease":
        routing.take(HCMC)
    else:
        routing.read(HCMC, f"{delivery}/content")
    recall = routing.recall(document)
    assert routing.told(events.DeliveryWithdrawn) == []
    (event,) = routing.told(events.RequestDelivered)
    assert (event.request_id, event.request, event.reason) == (recall, RECALL, "Nhầm phụ lục")
    request = routing.waiting(HCMC)[-1]
    assert (request.kind, request.description) == (pb.ITEM_KIND_REQUEST, "Nhầm phụ lục")
    content = routing.read(HCMC, f"{request.name}/content")
    assert len(content) == request.content_size
    read = edxml.read([content], edxml.MemorySpools()).message
    assert isinstance(read, edxml.Document)
    assert read.kind is edxml.BusinessKind.RECALL
    assert read.document_id == routing.known[document].header.document_id
    assert read.recipients[0].organ_id == "000.00.00.H29"


def test_a_second_recall_while_one_is_open_is_ignored(routing: Routing) -> None:
    """Only one recall is open at a time; after a refusal (16) there may be another."""
    document = routing.deliver(HCMC)
    (item,) = routing.take(HCMC)
    routing.recall(document)
    routing.recall(document)
    assert len(routing.told(events.RequestDelivered)) == 1
    deny(routing, item)
    routing.recall(document)
    assert len(routing.told(events.RequestDelivered)) == 2


def test_a_recall_after_the_denial_of_another_is_asked(routing: Routing) -> None:
    """A recall that was asked after the 16 counts, also when it came in before the news of the 16."""
    document = routing.deliver(HCMC)
    (item,) = routing.take(HCMC)
    routing.recall(document)
    denied = routing.bench.clock.now()
    routing.bench.clock.advance(seconds=1)
    second = routing.recall(document, reason="Lần hai")
    assert len(routing.told(events.RequestDelivered)) == 1
    deny(routing, item, denied)
    assert [one.request_id for one in routing.told(events.RequestDelivered)][1:] == [second]
    assert routing.waiting(HCMC)[-1].description == "Lần hai"


@pytest.mark.parametrize("taken", [False, True])
def test_a_request_that_was_answered_leaves_the_mailbox(routing: Routing, taken: bool) -> None:  # noqa: FBT001 - a row's value
    """Answered before anybody took it, it asks nothing any more; who has it in hand may still acknowledge it."""
    document = routing.deliver(HCMC)
    (item,) = routing.take(HCMC)
    routing.recall(document)
    pulled = routing.pull(HCMC) if taken else []
    deny(routing, item)
    assert len(routing.waiting(HCMC)) == taken
    assert routing.acknowledge(HCMC, *pulled) == [0] * taken if taken else not pulled


def test_clocks_that_differ_ask_no_recall_twice(routing: Routing) -> None:
    """A 16 that seems older than its recall, by another clock, answers it all the same."""
    document = routing.deliver(HCMC)
    (item,) = routing.take(HCMC)
    before = routing.bench.clock.now()
    for reason in ("Lần một", "Lần hai"):
        routing.bench.clock.advance(seconds=1)
        routing.recall(document, reason=reason)
    deny(routing, item, before)
    deny(routing, item, before)
    deny(routing, item, before)
    assert [one.reason for one in routing.told(events.RequestDelivered)] == ["Lần một", "Lần hai"]


def test_a_recall_before_the_denial_of_another_is_not_asked(routing: Routing) -> None:
    """A recall that was repeated while one was open got its answer with that one."""
    document = routing.deliver(HCMC)
    (item,) = routing.take(HCMC)
    routing.recall(document)
    routing.recall(document, reason="Lần hai")
    deny(routing, item)
    assert len(routing.told(events.RequestDelivered)) == 1


def test_a_recall_reaches_the_update_that_took_the_place(routing: Routing) -> None:
    """A recall of a document takes back what stands of it: the update in whose favour it ended."""
    original = routing.deliver(HCMC)
    update(routing, original)
    second = update(routing, original)
    routing.recall(original)
    assert routing.waiting(HCMC) == []
    (event,) = routing.told(events.DeliveryWithdrawn)
    assert (event.reference.document, event.unopened) == (second, True)


@pytest.mark.parametrize("again", [False, True])
def test_an_update_comes_in_after_the_recall_of_its_original(routing: Routing, again: bool) -> None:  # noqa: FBT001 - a row's value
    """An update that was sent before the recall is taken back with its original; one that was sent after it is new."""
    original = routing.deliver(HCMC)
    document = updating(routing, original)
    routing.bench.clock.advance(seconds=1)
    routing.recall(original)
    if again:
        routing.bench.clock.advance(seconds=1)
        document = updating(routing, original)
    routing.feed_document(document)
    routing.verdict(document.document)
    assert len(routing.waiting(HCMC)) == again
    assert len(routing.told(events.DeliveryWithdrawn)) == 2 - again


def test_a_recall_of_what_was_never_delivered_is_told(routing: Routing) -> None:
    """Nothing lies at the recipient: workflow is told, which answers with a 15 at once (rule 30), and once."""
    document = routing.deliver(HCMC, "000.00.00.X99")
    recall = routing.recall(document)
    routing.recall(document)
    (event,) = routing.told(events.RequestDelivered)
    assert (event.request_id, event.reference.recipient_agency) == (recall, "")
    assert routing.waiting(HCMC) == []


def test_an_agreed_recall_withdraws(routing: Routing) -> None:
    """After 15 the delivery is WITHDRAWN too and its content refused (QD28 Art. 9)."""
    document = routing.deliver(HCMC)
    (item,) = routing.take(HCMC)
    recall = routing.recall(document)
    routing.progress(bare(item.delivery), workflow.SideRequestClosed(request=RECALL, agreed=True))
    (event,) = routing.told(events.DeliveryWithdrawn)
    assert (event.recall, event.unopened) == (recall, False)
    assert routing.delivery(HCMC, item.delivery).transport_state == "WITHDRAWN"
    with pytest.raises(AxisError) as caught:
        routing.read(HCMC, f"{item.delivery}/content")
    assert refusal(caught)[1] == "DOCUMENT_WITHDRAWN"


def test_a_recall_by_status_is_treated_alike(routing: Routing) -> None:
    """RecallAsked (status 13) decides by the same rule, for its delivery only; its status item is not doubled."""
    routing.deliver(HCMC, NGHE_AN)
    delivery = bare(routing.waiting(HCMC)[0].delivery)
    routing.progress(delivery, workflow.RecallAsked(recall="r1", reason="nhầm"))
    assert [event.recall for event in routing.told(events.DeliveryWithdrawn)] == ["r1"]
    assert len(routing.waiting(NGHE_AN)) == 1
    (other,) = routing.take(NGHE_AN)
    routing.progress(bare(other.delivery), workflow.RecallAsked(recall="r2", reason="nhầm"))
    routing.status(bare(other.delivery), "13", NGHE_AN)
    assert [item.kind for item in routing.waiting(NGHE_AN)] == [pb.ITEM_KIND_REQUEST]


def test_a_recall_may_name_recipients(routing: Routing) -> None:
    """Only the agencies named are concerned."""
    document = routing.deliver(HCMC, NGHE_AN)
    routing.recall(document, NGHE_AN)
    assert (len(routing.waiting(HCMC)), len(routing.waiting(NGHE_AN))) == (1, 0)


def test_an_acknowledgement_after_the_withdrawal_is_refused(routing: Routing) -> None:
    """Agreed while the item was leased: the item has ended, and acknowledging it says so."""
    document = routing.deliver(HCMC)
    (item,) = routing.pull(HCMC)
    routing.recall(document)
    routing.progress(bare(item.delivery), workflow.SideRequestClosed(request=RECALL, agreed=True))
    assert routing.acknowledge(HCMC, item) == [9]
    assert routing.told(events.DeliveryAcknowledged) == []


def updating(routing: Routing, original: str) -> intake.DocumentAccepted:
    """Makes an update of a document for Ho Chi Minh City that has not come in yet."""
    affected = [intake.AffectedDocument(document=original)]
    return routing.document(HCMC, kind=document_pb2.DOCUMENT_KIND_UPDATE, affected=affected)


def update(routing: Routing, original: str, kind: int = document_pb2.DOCUMENT_KIND_UPDATE) -> str:
    """Sends an update of a document to Ho Chi Minh City."""
    return routing.deliver(HCMC, kind=kind, affected=[intake.AffectedDocument(document=original)])


def test_an_update_before_the_opening_takes_its_place(routing: Routing) -> None:
    """The original ends SUPERSEDED under its lock, and names the update's delivery."""
    original = routing.deliver(HCMC)
    first = routing.waiting(HCMC)[0].delivery
    changed = update(routing, original)
    (item,) = routing.waiting(HCMC)
    assert item.document == f"documents/{changed}"
    (event,) = routing.told(events.DeliverySuperseded)
    assert f"deliveries/{event.reference.delivery}" == first
    assert f"deliveries/{event.successor_delivery}" == item.delivery
    assert routing.told(events.DeliveryCreated)[-1].original_delivery == bare(first)
    with pytest.raises(AxisError) as caught:
        routing.read(HCMC, f"{first}/content")
    assert refusal(caught)[1] == "DOCUMENT_SUPERSEDED"


def test_an_update_after_the_opening_waits_behind_its_original(routing: Routing) -> None:
    """While the original is leased in another batch its update is not handed out; afterwards it is."""
    original = routing.deliver(HCMC)
    (item,) = routing.pull(HCMC)
    update(routing, original)
    assert routing.told(events.DeliverySuperseded) == []
    assert routing.pull(HCMC) == []
    routing.acknowledge(HCMC, item)
    assert [one.document_kind for one in routing.pull(HCMC)] == [document_pb2.DOCUMENT_KIND_UPDATE]


def test_a_batch_holds_consecutive_items_of_one_delivery_in_order(routing: Routing) -> None:
    """After an expired lease the original and its update come in one batch, the original first, however urgent."""
    original = routing.deliver(HCMC)
    routing.pull(HCMC)
    update(routing, original)
    routing.expire_leases()
    kinds = [one.document_kind for one in routing.pull(HCMC)]
    assert kinds == [document_pb2.DOCUMENT_KIND_NEW, document_pb2.DOCUMENT_KIND_UPDATE]


def test_the_next_update_follows_the_one_that_took_the_place(routing: Routing) -> None:
    """A second update names the original document, and overtakes the first update in its turn."""
    original = routing.deliver(HCMC)
    update(routing, original)
    second = update(routing, original)
    (item,) = routing.waiting(HCMC)
    assert item.document == f"documents/{second}"
    assert len(routing.told(events.DeliverySuperseded)) == 2


def test_an_update_waits_for_its_original_to_come_in(routing: Routing) -> None:
    """Documents of different keys have no order: the event of the update is parked until the original is known."""
    original = routing.document(HCMC)
    update(routing, original.document)
    assert routing.told(events.DeliveryCreated) == []
    routing.feed_document(original)
    assert len(routing.told(events.DeliveryCreated)) == 2
    assert len(routing.told(events.DeliverySuperseded)) == 1


def test_a_replacement_names_the_deliveries_that_it_replaces(routing: Routing) -> None:
    """A document of type 3 starts a delivery of its own beside the old one at the same recipient."""
    original = routing.deliver(HCMC, NGHE_AN)
    old = routing.waiting(HCMC)[0].delivery
    update(routing, original, document_pb2.DOCUMENT_KIND_REPLACEMENT)
    assert list(routing.told(events.DeliveryCreated)[-1].replaced_deliveries) == [bare(old)]
    assert len(routing.waiting(HCMC)) == 2
