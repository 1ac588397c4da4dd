"""The journey of one document through routing."""

import pytest
from tests.unit.routing.conftest import BROKEN, ORIGINAL, PDF, Routing, refusal

from lienthong import edxml
from lienthong.chassis.errors import AxisError
from lienthong.events.v1 import routing_deliveries_pb2 as events
from lienthong.routing.v1 import mailbox_pb2 as pb
from lienthong.testing.service import HCMC, NGHE_AN, VPCP, system_id


def test_a_document_goes_its_way_and_its_status_comes_back(routing: Routing) -> None:
    """Accepted, held, verified, available, pulled, read, acknowledged; then a status for the sender."""
    document = routing.accept(HCMC, NGHE_AN)
    assert routing.waiting(HCMC) == []
    routing.verdict(document)
    (item,) = routing.pull(HCMC)
    assert (item.kind, item.state) == (pb.ITEM_KIND_DOCUMENT, pb.ITEM_STATE_LEASED)
    assert (item.verdict, item.verdict_text_vi) == (ORIGINAL, "giá trị như bản gốc")
    assert item.code == "7816/VPCP-TTĐT"
    content = routing.read(HCMC, f"{item.delivery}/content")
    assert len(content) == item.content_size
    spools = edxml.MemorySpools()
    (attachment,) = edxml.read([content], spools).message.attachments  # type: ignore[union-attr] # it is a document
    assert spools.reader(attachment.content.handle).read() == PDF
    assert routing.read(HCMC, f"{item.delivery}/content", 777) == content[777:]
    assert routing.read(HCMC, f"{item.delivery}/attachments/0") == PDF
    assert routing.acknowledge(HCMC, item) == [0]
    assert routing.waiting(HCMC) == []
    routing.status(item.delivery.removeprefix("deliveries/"))
    (status,) = routing.pull(VPCP)
    assert (status.kind, status.status_code, status.from_code) == (pb.ITEM_KIND_STATUS, "03", "000.00.00.H29")
    read = edxml.read([routing.read(VPCP, f"{status.name}/content")], edxml.MemorySpools()).message
    assert isinstance(read, edxml.Status)
    assert (read.code, read.response_for.organ_id) == ("03", "000.00.00.G22")


def test_each_step_is_told_once_and_completely(routing: Routing) -> None:
    """Created, available, opened, acknowledged: one event each, with what consumers need."""
    document = routing.deliver(HCMC)
    routing.read(HCMC, f"{routing.waiting(HCMC)[0].delivery}/content")
    (item,) = routing.take(HCMC)
    routing.acknowledge(HCMC, item)
    kinds = (
        events.DeliveryCreated,
        events.DeliveryAvailable,
        events.DeliveryOpened,
        events.DeliveryAcknowledged,
    )
    created, available, opened, acknowledged = routing.told(*kinds)
    assert (created.reference.document, created.reference.recipient_agency) == (document, HCMC.id)
    assert (created.delivery_count, created.header.number) == (1, "7816")
    assert list(created.header.recipients) == []
    assert available.verdict == ORIGINAL
    assert (opened.system, acknowledged.system) == (system_id(HCMC),) * 2


def test_a_held_delivery_does_not_exist_for_its_recipient(routing: Routing) -> None:
    """HELD is NOT_FOUND: in calls, in lists and for content."""
    routing.accept(HCMC)
    (created,) = routing.told(events.DeliveryCreated)
    name = f"deliveries/{created.reference.delivery}"
    for ask in (lambda: routing.delivery(HCMC, name), lambda: routing.read(HCMC, f"{name}/content")):
        with pytest.raises(AxisError) as caught:
            ask()
        assert refusal(caught)[0] == "NOT_FOUND"
    assert not routing.mailbox.list_deliveries(pb.ListDeliveriesRequest(), routing.call(HCMC)).deliveries


def test_the_wait_for_a_verdict_ends(routing: Routing) -> None:
    """After `held_until` by the database's clock a delivery is shown as not verified yet."""
    routing.accept(HCMC)
    routing.step()
    assert routing.waiting(HCMC) == []
    routing.end_wait()
    routing.step()
    (item,) = routing.waiting(HCMC)
    assert item.verdict == 0


def test_a_later_verdict_is_an_item_and_an_event(routing: Routing) -> None:
    """A verdict that comes after the document was shown is told by itself, once; the same again is not."""
    document = routing.accept(HCMC)
    routing.end_wait()
    routing.step()
    routing.verdict(document, BROKEN, "không còn nguyên vẹn")
    routing.verdict(document, BROKEN, "không còn nguyên vẹn")
    document_item, verdict_item = routing.waiting(HCMC)
    assert (document_item.kind, verdict_item.kind) == (pb.ITEM_KIND_DOCUMENT, pb.ITEM_KIND_VERDICT)
    assert verdict_item.verdict == BROKEN
    assert [event.verdict for event in routing.told(events.DeliveryVerdictChanged)] == [BROKEN]
    with pytest.raises(AxisError) as caught:
        routing.read(HCMC, f"{verdict_item.name}/content")
    assert refusal(caught) == ("FAILED_PRECONDITION", "ITEM_WITHOUT_CONTENT")


def test_a_verdict_may_overtake_its_document(routing: Routing) -> None:
    """Topics have no order among them: the verdict waits parked, and the document is shown at once."""
    accepted = routing.document(HCMC)
    routing.verdict(accepted.document)
    routing.feed_document(accepted)
    (item,) = routing.waiting(HCMC)
    assert item.verdict == ORIGINAL


def test_what_belongs_to_others_does_not_exist(routing: Routing) -> None:
    """Deliveries, items and contents of other agencies are NOT_FOUND, leases of others are not told."""
    routing.deliver(HCMC)
    (item,) = routing.pull(HCMC)
    for ask in (
        lambda: routing.delivery(NGHE_AN, item.delivery),
        lambda: routing.read(NGHE_AN, f"{item.delivery}/content"),
        lambda: routing.read(VPCP, f"{item.delivery}/attachments/0"),
        lambda: routing.read(NGHE_AN, f"{item.name}/content"),
        lambda: routing.read(HCMC, f"{item.delivery}/attachments/1"),
        lambda: routing.read(HCMC, f"{item.delivery}/attachments/{'9' * 5000}"),
        lambda: routing.read(HCMC, f"{item.delivery}/other"),
    ):
        with pytest.raises(AxisError) as caught:
            ask()
        assert refusal(caught) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert routing.acknowledge(NGHE_AN, item) == [5]
