"""Whatever comes, the two submit calls answer with a receipt or with an error that is documented, and alike again."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.rpc import status_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.api.world import World, attached, file_of, submit

from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.rpc.status import DETAILS_KEY, from_status
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2 as pb

ROOT = Path(__file__).parents[3]
CORPUS = [file.read_bytes() for file in sorted((ROOT / "tests/corpus/edxml").glob("*.edxml"))]
SECONDS = 20.0
SILENT = frozenset({Code.INTERNAL, Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.ABORTED})
"""Answers that would be our fault."""

FUZZ = settings(
    max_examples=400,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_MARKS = (b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!DOCTYPE x>", b"\x00", b"\xff", b"000.00.00.G22", b"H29", b"2")
DAMAGE = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(_MARKS)), max_size=3)
TEXT = st.text(max_size=40) | st.sampled_from(
    ["000.00.00.H29", "H41", "G22", "\ufffe", "\U0010ffff", "e\u0301" * 30, "x" * 5000]
)
NUMBER = st.integers(-(2**31), 2**31 - 1)
"""Of a field of 32 bits; enums take unknown values too."""
_VALUES: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_STRING: TEXT,
    FieldDescriptor.CPPTYPE_INT32: NUMBER,
    FieldDescriptor.CPPTYPE_ENUM: NUMBER,
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}


@cache
def documented() -> frozenset[str]:
    """Gives every reason of the page of reasons."""
    page = (ROOT / "docs/reference/errors.md").read_text("utf-8")
    return frozenset(re.findall(r"^\| `([A-Z0-9_]+)`", page, re.MULTILINE))


def answer(world: World, method: str, request: bytes) -> bytes | AxisError:
    """Makes a call with a request as bytes; gives the receipt as bytes, or the error, which must be documented."""
    call: Any = world.vpcp.channel("intake").unary_unary(f"/lienthong.intake.v1.Intake/{method}")
    try:
        receipt: bytes = call(request, timeout=SECONDS)
    except grpc.RpcError as raised:
        error = _axis_error(raised)
        assert error.code not in SILENT, error
        assert error.reason in documented(), error
        assert error.message
        return error
    assert pb.Receipt.FromString(receipt).document
    return receipt


def alike(world: World, method: str, request: bytes) -> None:
    """Makes a call twice: both are answered, and alike."""
    first, second = (answer(world, method, request) for _ in range(2))
    if isinstance(first, AxisError):
        assert isinstance(second, AxisError)
        assert (second.code, second.reason, second.message) == (first.code, first.reason, first.message)
    else:
        assert second == first


@FUZZ
@given(st.sampled_from(CORPUS), DAMAGE, st.binary(max_size=50) | st.none())
def test_any_file(world: World, file: bytes, damage: list[tuple[float, int, bytes]], instead: bytes | None) -> None:
    """A damaged file, or no file at all, is accepted or refused with a documented reason."""
    if instead is None:
        file = file_of(attachments=(attached("công văn.pdf", b"%PDF-1.7"),)) if len(damage) == 1 else file
    for share, deleted, inserted in damage:
        at = int(share * len(file))
        file = file[:at] + inserted + file[at + deleted :]
    request = pb.SubmitEdxmlRequest(content=file if instead is None else instead, request_id=new_request_id())
    alike(world, "SubmitEdxml", request.SerializeToString())


@FUZZ
@given(st.data())
def test_any_values(world: World, data: Any) -> None:
    """A document in types with any values in any fields is accepted or refused with a documented reason."""
    header = document_pb2.DocumentHeader()
    _fill(header, data, 0)
    if data.draw(st.booleans()):
        header.kind, header.sender.code = document_pb2.DOCUMENT_KIND_NEW, ""
        header.recipients.add(code="H29")
    document = pb.DocumentContent(header=header)
    for name, content in data.draw(st.lists(st.tuples(TEXT, st.binary(max_size=100)), max_size=2)):
        document.attachments.add(name=name, data=content)
    request = pb.SubmitDocumentRequest(document=document, request_id=data.draw(TEXT) + new_request_id())
    alike(world, "SubmitDocument", request.SerializeToString())


@pytest.mark.parametrize("method", ["SubmitDocument", "SubmitEdxml"])
@FUZZ
@given(junk=st.binary(max_size=60))
def test_any_bytes(world: World, method: str, junk: bytes) -> None:
    """Bytes that are no message of ours, texts that are no UTF-8 among them, are refused as what they are."""
    alike(world, method, junk)


def test_it_is_well_after_all_that(world: World) -> None:
    """The platform serves as before."""
    assert world.vpcp.serving("intake")
    assert submit(world.vpcp, file_of()).document


def _fill(message: Any, data: Any, depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        if not data.draw(st.booleans()):
            continue
        if field.message_type is not None:
            if depth < 2:
                target = getattr(message, field.name)
                _fill(target.add() if field.is_repeated else target, data, depth + 1)
        else:
            value = data.draw(_VALUES[field.cpp_type])
            if field.is_repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)


def _axis_error(raised: Any) -> AxisError:
    for key, value in raised.trailing_metadata() or ():
        if key == DETAILS_KEY:
            return from_status(status_pb2.Status.FromString(value))
    return AxisError(Code.INTERNAL, raised.code().name, raised.details() or "")
