"""Leases, other people's documents, and lists that are asked wrongly."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import grpc
import pytest

from google.bytestream import bytestream_pb2
from lienthong.chassis.errors import Code
from lienthong.chassis.times import from_timestamp
from lienthong.client import Axis
from lienthong.client.errors import call_error
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import operations_pb2 as ops
from lienthong.intake.v1 import intake_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.signing.v1 import signing_pb2
from lienthong.workflow.v1 import workflow_pb2

from .world import World, acknowledge, attached, delivered, file_of, pull, refused, submit, told, wait_for

NOT_HELD = Code.FAILED_PRECONDITION.value


def leased(item: mailbox_pb2.Item, lease: str = "") -> mailbox_pb2.LeasedItem:
    """An item under some lease."""
    return mailbox_pb2.LeasedItem(name=item.name, lease=lease or item.lease)


def test_acknowledging_without_the_lease(world: World) -> None:
    """Without its lease an item is not acknowledged: FAILED_PRECONDITION for that item, the others are."""
    one = pull(world.city, submit(world.vpcp, file_of()).document)
    two = pull(world.city, submit(world.vpcp, file_of()).document)
    request = mailbox_pb2.AcknowledgeItemsRequest(items=[leased(one, "không có"), leased(two)])
    results = world.city.mailbox.AcknowledgeItems(request).results
    assert [result.status.code for result in results] == [NOT_HELD, 0]
    assert results[0].name == one.name


def test_acknowledging_after_the_lease_expired(world: World) -> None:
    """After its lease expired an item is not acknowledged, also when nobody else has leased it."""
    document = submit(world.vpcp, file_of()).document

    def briefly() -> mailbox_pb2.Item | None:
        request = mailbox_pb2.PullItemsRequest(max_items=100, request_id=new_request_id())
        request.lease_duration.nanos = 60_000_000
        return next((one for one in world.city.mailbox.PullItems(request).items if one.document == document), None)

    item = wait_for("the item", briefly)
    end = from_timestamp(item.lease_expire_time)
    wait_for("the lease ends", lambda: datetime.now(UTC) > end)
    answer = world.city.mailbox.AcknowledgeItems(mailbox_pb2.AcknowledgeItemsRequest(items=[leased(item)]))
    assert answer.results[0].status.code == NOT_HELD
    assert "expired" in answer.results[0].status.message


def test_acknowledging_twice(world: World) -> None:
    """A repeat of an acknowledgement is answered the same, for each item of the batch."""
    _receipt, item = delivered(world)
    assert acknowledge(world.city, item, item) == [0, 0]


def test_an_item_with_nul_spoils_no_other_of_its_batch(world: World) -> None:
    """Each entry of a batch about leased items is refused by itself, in its place, whatever stands in its texts."""
    item = pull(world.city, submit(world.vpcp, file_of()).document)
    good = leased(item)
    bad = [
        mailbox_pb2.LeasedItem(name="items/a\0b", lease=item.lease),
        leased(item, "a\0b"),
        mailbox_pb2.LeasedItem(name=item.name, lease=item.lease, reason="dòng\0một"),
    ]
    mailbox, refusals = world.city.mailbox, [Code.INVALID_ARGUMENT.value] * 3
    failed = mailbox.FailItems(mailbox_pb2.FailItemsRequest(items=bad))
    assert [one.status.code for one in failed.results] == refusals
    extended = mailbox.ExtendItems(mailbox_pb2.ExtendItemsRequest(items=[good, *bad]))
    assert [one.status.code for one in extended.results] == [0, *refusals]
    taken = mailbox.AcknowledgeItems(mailbox_pb2.AcknowledgeItemsRequest(items=[*bad, good]))
    assert [one.status.code for one in taken.results] == [*refusals, 0]
    assert "U+0000" in taken.results[2].status.message


def test_items_of_others(world: World) -> None:
    """An item of another agency is answered like one that does not exist."""
    item = pull(world.city, submit(world.vpcp, file_of()).document)
    absent = mailbox_pb2.Item(name=item.name[:-4] + "0000", lease=item.lease)
    assert acknowledge(world.nghe_an, item, absent) == [Code.NOT_FOUND.value] * 2


@pytest.mark.parametrize("count", [0, 101])
def test_the_size_of_a_batch(world: World, count: int) -> None:
    """A batch call has 1 to 100 items."""
    items = [mailbox_pb2.LeasedItem(name=f"items/{number}", lease="x") for number in range(count)]
    request = mailbox_pb2.AcknowledgeItemsRequest(items=items)
    refused(Code.INVALID_ARGUMENT, "FIELD_INVALID", lambda: world.city.mailbox.AcknowledgeItems(request))


Reading = Callable[[Axis, str, str], object]
READINGS: dict[str, Reading] = {
    "document": lambda axis, document, _: axis.intake.GetDocument(intake_pb2.GetDocumentRequest(name=document)),
    "receipt": lambda axis, document, _: axis.intake.GetReceipt(intake_pb2.GetReceiptRequest(document=document)),
    "progress": lambda axis, document, _: axis.workflow.GetProgress(workflow_pb2.GetProgressRequest(document=document)),
    "statuses": lambda axis, document, _: axis.workflow.ListStatuses(
        workflow_pb2.ListStatusesRequest(document=document)
    ),
    "watch": lambda axis, document, _: next(
        iter(axis.workflow.WatchProgress(workflow_pb2.WatchProgressRequest(document=document)))
    ),
    "verification": lambda axis, document, _: axis.signing.GetVerification(
        signing_pb2.GetVerificationRequest(document=document)
    ),
    "delivery": lambda axis, _, delivery: axis.mailbox.GetDelivery(mailbox_pb2.GetDeliveryRequest(name=delivery)),
    "rendition": lambda axis, document, _: _read(axis, f"{document}/rendition"),
    "attachment": lambda axis, document, _: _read(axis, f"{document}/attachments/0"),
    "delivered content": lambda axis, _, delivery: _read(axis, f"{delivery}/content"),
    "delivered attachment": lambda axis, _, delivery: _read(axis, f"{delivery}/attachments/0"),
}


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS.keys())
def test_documents_of_others(world: World, exchanged: tuple[str, str], reading: Reading) -> None:
    """What one neither sent nor received is NOT_FOUND, in the words used for what does not exist."""
    document, delivery = exchanged
    texts = []
    for place in ((document, delivery), (document[:-4] + "0000", delivery[:-4] + "0000")):
        error = refused(Code.NOT_FOUND, "RESOURCE_NOT_FOUND", partial(reading, world.nghe_an, *place))
        text = error.message
        for name in place:
            text = text.replace(name, "NAME").replace(name.partition("/")[2], "NAME")
        texts.append(text)
    assert texts[0] == texts[1]


@pytest.fixture(scope="module")
def exchanged(world: World) -> tuple[str, str]:
    """A document of the Government Office and its delivery to the city."""
    receipt, item = delivered(world, file_of(attachments=(attached("một.pdf", b"%PDF-1.7\n%%EOF\n"),)))
    return receipt.document, item.delivery


def test_the_operator_reads_no_content(world: World, exchanged: tuple[str, str]) -> None:
    """People who run the platform cannot read what passes through it."""
    document, delivery = exchanged
    for reading in READINGS.values():
        refused(Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED", partial(reading, world.operator, document, delivery))


Listing = Callable[[Axis, dict[str, Any]], Any]
LISTS: dict[str, Listing] = {
    "documents": lambda axis, more: axis.intake.ListDocuments(intake_pb2.ListDocumentsRequest(**more)),
    "items": lambda axis, more: axis.mailbox.ListItems(mailbox_pb2.ListItemsRequest(**more)),
    "deliveries": lambda axis, more: axis.mailbox.ListDeliveries(mailbox_pb2.ListDeliveriesRequest(**more)),
    "agencies": lambda axis, more: axis.directory.ListAgencies(directory_pb2.ListAgenciesRequest(**more)),
    "cases": lambda axis, more: axis.workflow.ListCases(workflow_pb2.ListCasesRequest(**more)),
    "tasks": lambda axis, more: axis.workflow.ListTasks(workflow_pb2.ListTasksRequest(**more)),
    "unmatched": lambda axis, more: axis.workflow.ListUnmatchedStatuses(
        workflow_pb2.ListUnmatchedStatusesRequest(**more)
    ),
    "subscriptions": lambda axis, more: axis.notification.ListSubscriptions(
        notification_pb2.ListSubscriptionsRequest(**more)
    ),
    "notices": lambda axis, more: axis.notification.ListNotices(notification_pb2.ListNoticesRequest(**more)),
}
OPERATORS_LISTS: dict[str, Listing] = {
    "systems": lambda axis, more: axis.directory.ListSystems(directory_pb2.ListSystemsRequest(**more)),
    "parked items": lambda axis, more: axis.mailbox.ListParkedItems(mailbox_pb2.ListParkedItemsRequest(**more)),
    "parked events": lambda axis, more: axis.operations("intake").ListParkedEvents(
        ops.ListParkedEventsRequest(service="intake", **more)
    ),
    "dead letters": lambda axis, more: axis.operations("intake").ListDeadLetters(
        ops.ListDeadLettersRequest(service="intake", **more)
    ),
    "audit": lambda axis, more: axis.operations("intake").ListAuditEntries(
        ops.ListAuditEntriesRequest(service="intake", **more)
    ),
}
ALL_LISTS = LISTS | OPERATORS_LISTS
FILTERED = {name: LISTS[name] for name in ("documents", "deliveries", "agencies", "cases", "tasks", "notices")}


@pytest.fixture(scope="module")
def foreign_token(world: World) -> str:
    """A page token of one list, of one caller."""
    answer = world.operator.directory.ListAgencies(directory_pb2.ListAgenciesRequest(page_size=1))
    assert answer.next_page_token
    return answer.next_page_token


@pytest.mark.parametrize("name", ALL_LISTS)
def test_a_token_of_another_list(world: World, foreign_token: str, name: str) -> None:
    """A token belongs to one list, one caller, one filter; of another it is INVALID_ARGUMENT, and so is nonsense."""
    axis = world.operator if name in OPERATORS_LISTS else world.city
    for token in (foreign_token, "???", "bm9uc2Vuc2U"):
        error = refused(
            Code.INVALID_ARGUMENT,
            "PAGE_TOKEN_INVALID",
            partial(ALL_LISTS[name], axis, {"page_token": token}),
        )
        assert told(error, "PAGE_TOKEN_INVALID").field == "page_token"


@pytest.mark.parametrize("name", ALL_LISTS)
def test_page_sizes(world: World, name: str) -> None:
    """A huge page is capped, a negative one refused."""
    axis = world.operator if name in OPERATORS_LISTS else world.city
    ALL_LISTS[name](axis, {"page_size": 2**31 - 1})
    error = refused(Code.INVALID_ARGUMENT, "PAGE_SIZE_INVALID", lambda: ALL_LISTS[name](axis, {"page_size": -1}))
    assert "token" not in told(error, "PAGE_SIZE_INVALID").remedy


def test_a_page_is_capped(world: World) -> None:
    """No page has more than 500 rows, and pages follow on without a gap or a repeat."""
    audit = OPERATORS_LISTS["audit"]
    while len(audit(world.operator, {"page_size": 10_000}).entries) < 500:
        for _ in range(20):
            refused(Code.INVALID_ARGUMENT, "XML_MALFORMED", lambda: submit(world.vpcp, b"<"))
    first = audit(world.operator, {"page_size": 10_000})
    assert len(first.entries) == 500
    names = [one.name for one in world.operator.directory.ListAgencies(directory_pb2.ListAgenciesRequest()).agencies]
    token, paged = "", []
    while True:
        page = world.operator.directory.ListAgencies(directory_pb2.ListAgenciesRequest(page_size=1, page_token=token))
        paged += [one.name for one in page.agencies]
        token = page.next_page_token
        if not token:
            break
    assert paged == names


@pytest.mark.parametrize("name", FILTERED)
@pytest.mark.parametrize(
    ("text", "position"),
    [("number ==", None), ("nonsense = 1", "1"), ("???", "1"), ('"x"', "1"), ("x" * 1001, "1000")],
    ids=["cut off", "unknown field", "signs", "only a value", "too long"],
)
def test_malformed_filters(world: World, name: str, text: str, position: str | None) -> None:
    """A filter that cannot be read is INVALID_ARGUMENT with the position."""
    error = refused(Code.INVALID_ARGUMENT, "FILTER_INVALID", lambda: FILTERED[name](world.city, {"filter": text}))
    assert error.metadata["position"] == (position or error.metadata["position"])
    assert f"position {error.metadata['position']}" in error.message
    assert 'field = "text"' in told(error, "FILTER_INVALID").remedy


def test_offsets_outside_the_content(world: World, exchanged: tuple[str, str]) -> None:
    """Content is read at any offset within it; outside it is OUT_OF_RANGE, and an unknown name NOT_FOUND."""
    document, _delivery = exchanged
    for offset in (-1, 2**40):
        refused(
            Code.OUT_OF_RANGE,
            "OFFSET_OUT_OF_RANGE",
            partial(_read, world.vpcp, f"{document}/rendition", offset),
        )
    limit = partial(_read, world.vpcp, f"{document}/rendition", limit=-1)
    assert told(refused(Code.INVALID_ARGUMENT, "LIMIT_INVALID", limit), "LIMIT_INVALID").rule.startswith("a reader")
    for name in (
        "",
        "nonsense",
        f"{document}/attachments/7",
        f"{document}/attachments/x",
        f"{document}/../x",
        "deliveries/x",
    ):
        error = refused(Code.NOT_FOUND, "RESOURCE_NOT_FOUND", partial(_read, world.vpcp, name))
        assert error.metadata["resource"] == name


def _read(axis: Axis, name: str, offset: int = 0, limit: int = 0) -> bytes:
    read = axis.channel("intake").unary_stream(
        "/google.bytestream.ByteStream/Read",
        bytestream_pb2.ReadRequest.SerializeToString,
        bytestream_pb2.ReadResponse.FromString,
    )
    request = bytestream_pb2.ReadRequest(resource_name=name, read_offset=offset, read_limit=limit)
    try:
        return b"".join(answer.data for answer in read(request, timeout=30.0))
    except grpc.RpcError as error:
        raise call_error(error) from error
