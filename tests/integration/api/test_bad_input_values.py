"""Odd values inside a good file: read as far as the format says, with a warning; never a silent zero."""

import io
import re
import unicodedata

import pytest

from lienthong import edxml
from lienthong.client import Axis
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import mailbox_pb2

from .world import World, attached, file_of, pull, submit

PDF = b"%PDF-1.7\n%%EOF\n"


def accepted(axis: Axis, data: bytes) -> intake_pb2.Document:
    """Hands a file in; gives what became of it."""
    receipt = submit(axis, data)
    return axis.intake.GetDocument(intake_pb2.GetDocumentRequest(name=receipt.document))


def with_date(text: str) -> bytes:
    """A file whose date of issue is written in some way."""
    return re.sub(rb"<edXML:PromulgationDate>[^<]*<", f"<edXML:PromulgationDate>{text}<".encode(), file_of(), count=1)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("30/10/2020", (2020, 10, 30)),
        ("2020-10-30", (2020, 10, 30)),
        ("2020-10-30T17:00:00Z", (2020, 10, 31)),
        ("2020/10/30 08:15:00", (2020, 10, 30)),
    ],
)
def test_dates_in_another_pattern(world: World, text: str, day: tuple[int, int, int]) -> None:
    """A date in a known other pattern is read, and the warning says what was made of it."""
    document = accepted(world.vpcp, with_date(text))
    found = document.header.promulgation_date
    assert (found.year, found.month, found.day) == day
    (warning,) = [one for one in document.warnings if one.path.endswith("PromulgationDate")]
    assert warning.code == "DATE_NORMALISED"
    assert warning.found == text


@pytest.mark.parametrize("text", ["2026/02/30", "0011/05/20", "20/05/11", "hôm nay"])
def test_dates_that_are_none(world: World, text: str) -> None:
    """A date that does not exist counts as absent, with its text in a warning; never as another day."""
    document = accepted(world.vpcp, with_date(text))
    assert not document.header.HasField("promulgation_date")
    (warning,) = [one for one in document.warnings if one.path.endswith("PromulgationDate")]
    assert (warning.code, warning.found, warning.taken) == ("DATE_UNREADABLE", text, "")


@pytest.mark.parametrize("element", ["SteeringType", "Priority", "PageAmount", "Type"])
def test_text_in_a_number_field(world: World, element: str) -> None:
    """Text in a number field counts as absent and stands in a warning; never a silent zero."""
    document = edxml.OtherInfo(priority=1, page_amount=2)
    data = file_of(other=document, steering_type=1)
    odd = re.sub(f"<edXML:{element}>[^<]*<".encode(), f"<edXML:{element}>khẩn<".encode(), data, count=1)
    assert odd != data
    warnings = [one for one in accepted(world.vpcp, odd).warnings if one.path.endswith(element)]
    assert [(one.code, one.found, one.taken) for one in warnings] == [("VALUE_UNREADABLE", "khẩn", "")]


NAMES = {
    "a path": "../../etc/passwd",
    "a drive": "C:\\Văn thư\\công văn.pdf",
    "long": "công văn " * 70 + ".pdf",
    "decomposed": unicodedata.normalize("NFD", "Quyết định số 45.pdf"),
    "dots": "..",
    "a device": "CON.pdf",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_file_names(world: World, name: str) -> None:
    """A file name is data: kept and shown as sent, and stored under a safe one."""
    document = accepted(world.vpcp, file_of(attachments=(attached(name, PDF),)))
    (one,) = document.attachments
    assert one.name == name
    _assert_safe(one.safe_name)
    item = pull(world.city, document.name)
    assert item.attachments[0].name == name
    delivery = world.city.mailbox.GetDelivery(mailbox_pb2.GetDeliveryRequest(name=item.delivery))
    assert (delivery.attachments[0].name, delivery.attachments[0].safe_name) == (name, one.safe_name)


def test_control_characters_in_a_name(world: World) -> None:
    """Characters that XML can carry but people cannot see are kept as data, not in the safe name."""
    name = "công\tvăn\u200f\u202efdp.exe\u0085.pdf"
    document = accepted(world.vpcp, file_of(attachments=(attached(name, PDF),)))
    (one,) = document.attachments
    _assert_safe(one.safe_name)
    assert "\u202e" in one.name


def test_vietnamese_reads_the_same_at_the_recipient(world: World) -> None:
    """What the sender wrote, in either form of Unicode, is what the recipient's file says."""
    subject = unicodedata.normalize("NFD", "V/v triển khai Nghị định số 30/2020/NĐ-CP")
    document = accepted(world.vpcp, file_of(subject=subject))
    item = pull(world.city, document.name)
    stream = io.BytesIO()
    world.city.download(f"{item.delivery}/content", stream)
    message = edxml.read([stream.getvalue()], edxml.MemorySpools()).message
    assert isinstance(message, edxml.Document)
    assert message.subject == subject


def _assert_safe(name: str) -> None:
    assert name
    assert name not in {".", ".."}
    assert not set(name) & set('/\\:*?"<>|')
    assert len(name.encode()) <= 255
    assert all(unicodedata.category(letter)[0] != "C" for letter in name)
    assert name == unicodedata.normalize("NFC", name)
