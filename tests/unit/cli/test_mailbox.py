"""What `lienthong mailbox download` says of hashes: only what it compared."""

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

import pytest

from lienthong.cli.mailbox import download_received
from lienthong.client import Axis
from lienthong.routing.v1 import mailbox_pb2 as pb

SENT, OTHER = b"<edXML/>", b"<edXML />"
WAITING = (
    pb.Item(name="items/letter", kind=pb.ITEM_KIND_DOCUMENT, delivery="deliveries/one"),
    pb.Item(name="items/status", kind=pb.ITEM_KIND_STATUS, delivery="deliveries/one"),
)


def axis_with(content: bytes) -> Axis:
    """An axis that lists one item a page, and gives a content that may differ from what it promised."""

    def list_items(request: pb.ListItemsRequest) -> pb.ListItemsResponse:
        at = int(request.page_token or 0)
        more = str(at + 1) if at + 1 < len(WAITING) else ""
        return pb.ListItemsResponse(items=[WAITING[at]], next_page_token=more)

    def get_delivery(request: pb.GetDeliveryRequest) -> pb.Delivery:
        return pb.Delivery(name=request.name, content_size=len(SENT), content_sha256=hashlib.sha256(SENT).digest())

    def download(_name: str, stream: BinaryIO, *_more: Any) -> str:
        stream.write(content)
        return hashlib.sha256(content).hexdigest()

    mailbox = SimpleNamespace(ListItems=list_items, GetDelivery=get_delivery)
    return cast("Axis", SimpleNamespace(mailbox=mailbox, download=download))


@pytest.mark.parametrize(
    ("name", "content", "file", "ok"),
    [
        ("deliveries/one", OTHER, "document.edxml", False),
        ("items/letter", SENT, "document.edxml", True),
        ("items/letter", OTHER, "document.edxml", False),
        ("items/status", OTHER, "status.edxml", None),
        ("items/gone", SENT, "gone.edxml", None),
    ],
)
def test_a_hash_is_compared_where_one_is_promised(
    tmp_path: Path, name: str, content: bytes, file: str, *, ok: bool | None
) -> None:
    """An item of a document goes by its delivery; of a status, or of what no longer waits, nothing is promised."""
    assert download_received(axis_with(content), name, tmp_path, as_json=True) == [(tmp_path / file, ok)]
