"""Answers that would be too large for a message: pages end earlier, batches are shorter, the rest is refused.

A client in any language takes messages of 4 MiB when it is not told otherwise; the tests ask for no more.
"""

from collections.abc import Callable
from typing import Any

import pytest

from lienthong.chassis.errors import Code
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import mailbox_pb2

from .world import World, acknowledge, document_of, emptied, file_of, refused, submit, to, told, wait_for

CLIENT_BYTES = 4 * 1024 * 1024
TEXT = "Nội dung toàn văn. " * 34_000
"""The text of a document in its header, some 800 KiB."""


def typed(content: str = "", **fields: Any) -> intake_pb2.SubmitDocumentRequest:
    """A document in types, with a number of its own."""
    number = document_of().code.number
    header = document_pb2.DocumentHeader(
        number=number,
        notation="VPCP-TH",
        subject="V/v văn bản rất dài",
        content=content,
        kind=document_pb2.DOCUMENT_KIND_NEW,
        recipients=[document_pb2.Organization(code=one.organ_id, name=one.name) for one in to("000.00.00.H29")],
        **fields,
    )
    document = intake_pb2.DocumentContent(header=header)
    return intake_pb2.SubmitDocumentRequest(document=document, request_id=new_request_id())


def walked(ask: Callable[[str], Any], field: str) -> list[Any]:
    """Follows a list to its end; each of its answers is one that every client takes."""
    found, token = [], ""
    while True:
        page = ask(token)
        assert page.ByteSize() <= CLIENT_BYTES
        found += getattr(page, field)
        token = page.next_page_token
        if not token:
            return found


def test_lists_of_long_documents(world: World) -> None:
    """A page ends before it is too large for a message; the pages together have everything, once."""
    emptied(world.city)
    sent = [world.vpcp.intake.SubmitDocument(typed(TEXT)).document for _ in range(8)]
    wait_for("all are there", lambda: set(sent) <= {one.document for one in _waiting(world)})
    documents = walked(
        lambda token: world.vpcp.intake.ListDocuments(
            intake_pb2.ListDocumentsRequest(filter='subject : "rat dai"', page_token=token)
        ),
        "documents",
    )
    assert [one.name for one in documents] == sent[::-1]
    deliveries = walked(
        lambda token: world.city.mailbox.ListDeliveries(
            mailbox_pb2.ListDeliveriesRequest(filter='subject : "rat dai"', page_token=token)
        ),
        "deliveries",
    )
    assert sorted(one.document for one in deliveries) == sorted(sent)
    emptied(world.city)


def test_batches_of_items_with_many_attachments(world: World) -> None:
    """A pull leases as many items as its answer can carry; the others wait, with none of their leases used up."""
    emptied(world.city)
    names = [f"{number} {'Phụ lục kèm theo ' * 300}.bin" for number in range(100)]
    sent = []
    for _ in range(9):
        request = typed()
        for name in names:
            request.document.attachments.add(name=name, data=b"x")
        sent.append(world.vpcp.intake.SubmitDocument(request).document)
    wait_for("all are there", lambda: set(sent) <= {one.document for one in _waiting(world)})
    pulled: dict[str, int] = {}
    while not set(sent) <= pulled.keys():
        batch = mailbox_pb2.PullItemsRequest(max_items=100, inline_limit=1 << 20, request_id=new_request_id())
        answer = world.city.mailbox.PullItems(batch)
        assert answer.items
        assert answer.ByteSize() <= CLIENT_BYTES
        assert acknowledge(world.city, *answer.items) == [0] * len(answer.items)
        pulled |= {one.document: one.attempts for one in answer.items}
    assert [(one, pulled[one]) for one in pulled if one in sent] == [(document, 1) for document in sent]


def test_a_header_that_no_event_can_carry(world: World) -> None:
    """What a document says outside its attachments is bounded, and both `check` and `submit` say so."""
    request = typed(TEXT * 2)
    checked = world.vpcp.intake.CheckDocument(intake_pb2.CheckDocumentRequest(document=request.document))
    assert [one.reason for one in checked.problems] == ["HEADER_TOO_LARGE"]
    error = refused(Code.INVALID_ARGUMENT, "HEADER_TOO_LARGE", lambda: world.vpcp.intake.SubmitDocument(request))
    assert "attachment" in told(error, "HEADER_TOO_LARGE").remedy


def test_two_thousand_recipients_with_all_their_details(world: World) -> None:
    """As many recipients as there may be, each with name, address and all, are no header that is too large."""
    request = typed()
    for number in range(1999):
        request.document.header.recipients.add(
            code=f"{number % 1000:03}.{number // 1000:02}.01.H29",
            name=f"Ủy ban nhân dân xã Tân Thạnh Đông {number}",
            address=f"Số {number} đường Nguyễn Thị Minh Khai, phường Bến Nghé, Quận 1, Thành phố Hồ Chí Minh",
            email=f"vanthu{number}@tphcm.gov.vn",
            telephone="028 3829 6052",
        )
    checked = world.vpcp.intake.CheckDocument(intake_pb2.CheckDocumentRequest(document=request.document))
    assert checked.acceptable, [one.reason for one in checked.problems]


@pytest.mark.parametrize("length", [4001, 100_000])
def test_a_reason_at_length(world: World, length: int) -> None:
    """A recall's reason is told to every recipient: at most 4,000 characters."""
    receipt = submit(world.vpcp, file_of())
    request = intake_pb2.RecallDocumentRequest(name=receipt.document, reason="x" * length, request_id=new_request_id())
    refused(Code.INVALID_ARGUMENT, "TEXT_TOO_LONG", lambda: world.vpcp.intake.RecallDocument(request))


def _waiting(world: World) -> list[mailbox_pb2.Item]:
    return walked(lambda token: world.city.mailbox.ListItems(mailbox_pb2.ListItemsRequest(page_token=token)), "items")
