"""Files that are no edXML, or too much of it: refused with place, rule and remedy, before anything is stored."""

import base64
import io
import re
import zipfile
from pathlib import Path

import pytest

from lienthong.chassis.errors import Code
from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2

from .world import World, attached, document_of, file_of, refused, submit, told

MIB = 1024 * 1024
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def test_words_that_are_no_xml(world: World) -> None:
    """What is not XML is INVALID_ARGUMENT at its line and column."""
    error = refused(Code.INVALID_ARGUMENT, "XML_MALFORMED", lambda: submit(world.vpcp, "Kính gửi".encode()))
    assert "line 1, column 1" in error.message


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (lambda data: data[: len(data) // 2], r"line \d+, column \d+"),
        (lambda data: b"1212\n" + data, r"line 1, column 1"),
        (lambda data: data.replace(b"</edXML:Subject>", b"</edXML:Content>"), r"line \d+, column \d+"),
    ],
    ids=["truncated", "junk before the declaration", "mismatched tags"],
)
def test_damaged_xml(world: World, damage: object, place: str) -> None:
    """A damaged file is never repaired: INVALID_ARGUMENT with line and column, rule and remedy."""
    assert callable(damage)
    error = refused(Code.INVALID_ARGUMENT, "XML_MALFORMED", lambda: submit(world.vpcp, damage(file_of())))
    assert re.search(place, error.message)
    assert "Correct the file" in error.message


def test_a_doctype(world: World) -> None:
    """A DOCTYPE is refused wherever it points."""
    data = file_of().replace(b"?>\n", b'?>\n<!DOCTYPE edXML [<!ENTITY a "b">]>\n', 1)
    error = refused(Code.INVALID_ARGUMENT, "XML_DOCTYPE", lambda: submit(world.vpcp, data))
    assert "Remove the DOCTYPE" in error.message


def test_too_deep(world: World) -> None:
    """Elements inside one another are bounded."""
    data = file_of().replace(b"</edXML:MessageHeader>", b"<a>" * 40 + b"</a>" * 40 + b"</edXML:MessageHeader>")
    error = refused(Code.INVALID_ARGUMENT, "XML_TOO_DEEP", lambda: submit(world.vpcp, data))
    assert "depth is limited to 32" in error.message


def test_too_many_attachments(world: World) -> None:
    """The number of attachments is bounded, by the limit's name and value."""
    files = tuple(attached(f"{number}.pdf", PDF, number) for number in range(101))
    error = refused(Code.INVALID_ARGUMENT, "LIMIT_EXCEEDED", lambda: submit(world.vpcp, file_of(attachments=files)))
    assert "attachments is limited to 100" in error.message


def test_too_large_inline(world: World) -> None:
    """Content of more than 1 MiB goes by upload; the refusal names the bound and says so."""
    data = file_of(attachments=(attached("to.pdf", PDF + bytes(MIB)),))
    error = refused(Code.INVALID_ARGUMENT, "INLINE_TOO_LARGE", lambda: submit(world.vpcp, data))
    assert str(MIB) in error.message
    assert "CreateUpload" in error.message


def test_typed_content_too_large_inline(world: World) -> None:
    """All attachments of a typed document together stay within the same bound."""
    half = intake_pb2.AttachmentContent(name="một.bin", data=bytes(MIB // 2 + 1))
    request = intake_pb2.SubmitDocumentRequest(
        document=intake_pb2.DocumentContent(attachments=[half, half]), request_id=new_request_id()
    )
    error = refused(Code.INVALID_ARGUMENT, "INLINE_TOO_LARGE", lambda: world.vpcp.intake.SubmitDocument(request))
    assert told(error, "INLINE_TOO_LARGE").field == "document.attachments"


def test_a_zip_bomb(world: World, tmp_path: Path) -> None:
    """An archive that unpacks beyond the ratio is refused by the limit's name, in flat memory."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x", "w") as entry:
        for _ in range(300):
            entry.write(bytes(MIB))
    bomb = _payload(file_of(attachments=(attached("bom.dat", b"?"),)), stream.getvalue())
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before = _peak()
    error = refused(Code.INVALID_ARGUMENT, "LIMIT_EXCEEDED", lambda: submit(world.vpcp, bomb))
    assert "zip_ratio" in error.message
    assert _peak() - before < 64 * MIB
    assert not list(tmp_path.iterdir())


def test_declared_but_missing(world: World) -> None:
    """Every Reference of the manifest has its attachment."""
    data = re.sub(rb"<AttachmentEncoded>.*</AttachmentEncoded>", b"", _attached(), flags=re.DOTALL)
    error = refused(Code.INVALID_ARGUMENT, "ATTACHMENT_MISSING", lambda: submit(world.vpcp, data))
    assert told(error, "ATTACHMENT_MISSING")


def test_extra_attachment(world: World) -> None:
    """Every attachment is named by the manifest."""
    data = re.sub(rb"<edXML:edXMLBody>.*</edXML:edXMLBody>", b"", _attached(), flags=re.DOTALL)
    assert data != _attached()
    error = refused(Code.INVALID_ARGUMENT, "ATTACHMENT_EXTRA", lambda: submit(world.vpcp, data))
    assert told(error, "ATTACHMENT_EXTRA")


def test_bad_base64(world: World) -> None:
    """Content that is no base64 is refused, never half decoded."""
    data = _payload(_attached(), b"", raw=b"JVBERi0*jcK")
    error = refused(Code.INVALID_ARGUMENT, "BASE64_INVALID", lambda: submit(world.vpcp, data))
    assert told(error, "BASE64_INVALID").field.endswith("ContentTransferEncoded") or "Attachment" in error.message


def test_label_and_content_disagree(world: World) -> None:
    """A label that disagrees with the content is a warning: the content decides, the document is accepted."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("một.txt", "một")
        packed.writestr("hai.txt", "hai")
    data = file_of(attachments=(attached("công văn.pdf", archive.getvalue()),))
    receipt = submit(world.vpcp, data)
    assert {one.code for one in receipt.warnings} & {"LABEL_DISAGREES", "CONTENT_NOT_AS_NAMED"}


def test_a_status_at_intake(world: World) -> None:
    """A status message is refused with a pointer to where statuses go."""
    data = (Path(__file__).parents[2] / "corpus" / "edxml" / "30-status-one-digit.edxml").read_bytes()
    error = refused(Code.INVALID_ARGUMENT, "STATUS_AT_INTAKE", lambda: submit(world.vpcp, data))
    assert "ReportStatuses" in error.message


def test_a_kind_that_is_none_of_the_four(world: World) -> None:
    """An operation that is none of new, recall, update, replacement is refused, not taken for a new document."""
    data = (Path(__file__).parents[2] / "corpus" / "edxml" / "22-kind-number.edxml").read_bytes()
    check = world.vpcp.intake.CheckDocument(intake_pb2.CheckDocumentRequest(edxml=data))
    assert not check.acceptable
    assert "BUSINESS_KIND_UNKNOWN" in {one.reason for one in check.problems}


@pytest.mark.parametrize("source", ["content", "upload"])
def test_a_hundred_problems_do_not_break_the_call(world: World, source: str) -> None:
    """However many problems a document has, the error stays within what a call may carry, and says how many."""
    codes = [code for number in range(300) for code in (f"H29.{number:03}", "000.00.00.H29", "H29")]
    recipients = tuple(document_of(recipients=()).recipients) + tuple(
        document_of().recipients[0].__class__(code, "Tên dài " * 20) for code in codes
    )
    data = file_of(recipients=recipients)
    if source == "upload":
        request = _uploaded(world, data)
    else:
        request = intake_pb2.SubmitEdxmlRequest(content=data, request_id=new_request_id())
    error = refused(Code.INVALID_ARGUMENT, "DOCUMENT_INVALID", lambda: world.vpcp.intake.SubmitEdxml(request))
    assert error.metadata["violations"] == "599"
    assert 5 < len(error.violations) <= 100


def test_nothing_is_kept_of_a_refused_document(world: World) -> None:
    """A refusal stores an audit line and nothing else: the DocumentId is free for the corrected file."""
    document = document_of()
    wrong = file_of(document).replace(b"000.00.00.H29", b"000.00.00.X99")
    refused(Code.INVALID_ARGUMENT, "RECIPIENT_UNKNOWN", lambda: submit(world.vpcp, wrong))
    assert submit(world.vpcp, file_of(document)).document_id == document.document_id


def _attached() -> bytes:
    return file_of(attachments=(attached("công văn.pdf", PDF),))


def _payload(data: bytes, content: bytes, raw: bytes = b"") -> bytes:
    start = data.index(b">", data.index(b"<edXML:ContentTransferEncoded")) + 1
    stop = data.index(b"</edXML:ContentTransferEncoded")
    return data[:start] + (raw or base64.b64encode(content)) + data[stop:]


def _uploaded(world: World, data: bytes) -> intake_pb2.SubmitEdxmlRequest:
    file = world.folder / "uploaded.edxml"
    file.write_bytes(data)
    return intake_pb2.SubmitEdxmlRequest(upload=world.vpcp.upload(file), request_id=new_request_id())


def _peak() -> int:
    status = Path("/proc/self/status").read_text("ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024
