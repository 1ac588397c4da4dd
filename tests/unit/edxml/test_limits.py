"""Hostile and huge files are refused by name of the limit, or pass in flat memory."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lienthong.edxml import (
    BusinessKind,
    Code,
    ContentRef,
    Document,
    EdxmlError,
    FileSpools,
    Limits,
    MemorySpools,
    Problem,
    Reader,
    Reason,
    Spool,
    plan,
    read,
    render,
    write,
)

_MIB = 1 << 20


def _refused(data: bytes, limits: Limits | None = None) -> Problem:
    with pytest.raises(EdxmlError) as caught:
        read([data], MemorySpools(), limits)
    return caught.value.problems[0]


def _with_payload(small_file: bytes, payload: bytes, name: str = "bom.dat") -> bytes:
    start = small_file.index(b">", small_file.index(b"<edXML:ContentTransferEncoded")) + 1
    stop = small_file.index(b"</edXML:ContentTransferEncoded")
    return (small_file[:start] + base64.b64encode(payload) + small_file[stop:]).replace(
        "một.pdf".encode(), name.encode()
    )


def _archive(size: int, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive, archive.open("x", "w") as entry:
        for _ in range(size // _MIB):
            entry.write(bytes(_MIB))
    return stream.getvalue()


def test_a_zip_bomb_is_refused_in_flat_memory(small_file: bytes, tmp_path: Path) -> None:
    """An archive that unpacks beyond the ratio is refused by the limit's name, and nothing stays behind."""
    data = _with_payload(small_file, _archive(200 * _MIB))
    tracemalloc.start()
    with pytest.raises(EdxmlError) as caught:
        read([data], FileSpools(tmp_path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.problems[0].reason is Reason.LIMIT_EXCEEDED
    assert caught.value.problems[0].found == "zip_ratio"
    assert caught.value.problems[0].path == "edXML/AttachmentEncoded/Attachment"
    assert caught.value.problems[0].line > 1
    assert peak < 20 * _MIB
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_of_another_method_stays_packed(small_file: bytes) -> None:
    """Methods whose memory cannot be bounded are not unpacked; the file is kept as it came."""
    result = read([_with_payload(small_file, _archive(64 * _MIB, zipfile.ZIP_BZIP2))], MemorySpools())
    assert Code.ZIP_KEPT_PACKED in {finding.code for finding in result.warnings}


def test_attachment_bytes_hold_after_unpacking(small_file: bytes) -> None:
    """The bound on an attachment holds for what it unpacks to."""
    data = _with_payload(small_file, _archive(4 * _MIB))
    assert _refused(data, Limits(attachment_bytes=2 * _MIB)).found == "attachment_bytes"


MANY = b"<edXML>" + b"<a>x</a>" * 300_000
ATTACHED = b"<edXML><AttachmentEncoded>" + b"<Attachment/>" * 9


def test_unpacked_bytes_add_up(small_document: Document) -> None:
    """Many archives that each stay within bounds are bounded together."""
    (attachment,) = small_document.attachments
    content = ContentRef(_MIB, hashlib.sha256(bytes(_MIB)).hexdigest(), zlib.crc32(bytes(_MIB)), bytes(_MIB))
    named = [replace(attachment, content_id=f"a{n}", name=f"{n}.txt", content=content) for n in range(4)]
    spools = MemorySpools()
    data = b"".join(write(replace(small_document, attachments=tuple(named)), spools))
    packed = re.sub(rb"(?<=2016\">)[A-Za-z0-9+/=]{99,}", base64.b64encode(_archive(_MIB)), data)
    assert len(packed) < len(data) // 9
    message = read([packed], spools).message
    assert isinstance(message, Document)
    assert {item.content.size for item in message.attachments} == {_MIB}
    assert _refused(packed, Limits(attachments_bytes=3 * _MIB)).found == "attachments_bytes"


def test_an_error_of_the_spool_stays_its_own(small_file: bytes) -> None:
    """What goes wrong in a spool is no fault of the file and is not reported as one."""

    class Full(MemorySpools):
        def open(self) -> Spool:
            raise ValueError("the disk is full")

    with pytest.raises(ValueError, match="the disk is full"):
        read([small_file], Full())


def test_a_report_is_bounded(small_file: bytes) -> None:
    """Long texts and names stand in a report in part: a small file cannot fill memory with what is said of it."""
    at = small_file.index(b"    </edXML:MessageHeader>")
    name = b"n" * 50_000
    unknown = b"<%s>" % name + b"".join(b"<e%d/>" % n for n in range(100)) + b"</%s>" % name
    subjects = b"<Subject>%s</Subject>" % (b"a" * 50_000) + b"<Subject>b</Subject>" * 100
    result = read([small_file[:at] + unknown + subjects + small_file[at:]], MemorySpools())
    codes = [finding.code for finding in result.warnings]
    assert (codes.count(Code.ELEMENT_UNKNOWN), codes.count(Code.ELEMENT_REPEATED)) == (101, 100)
    assert max(len(f"{one.path}{one.found}{one.taken}") for one in result.warnings) < 700
    assert isinstance(result.message, Document)
    assert result.message.subject == "a" * 50_000


@pytest.mark.parametrize("element", ["OtherInfo/Priority", "OtherInfo/PageAmount", "SteeringType", "DocumentType/Type"])
def test_a_number_beyond_32_bits_is_absent(small_file: bytes, element: str) -> None:
    """A number that no message of the axis carries is reported and absent; it stops nothing."""
    outer, _, inner = element.partition("/")
    digits = "2147483648"
    text = f"<{outer}><{inner}>{digits}</{inner}></{outer}>" if inner else f"<{outer}>{digits}</{outer}>"
    at = small_file.index(b"    </edXML:MessageHeader>")
    result = read([small_file[:at] + text.encode() + small_file[at:]], MemorySpools())
    (finding,) = [one for one in result.warnings if one.found == digits]
    assert (finding.code, finding.taken) == (Code.VALUE_OUT_OF_RANGE, "")
    assert finding.path.endswith(element)
    assert digits.encode() not in b"".join(write(result.message, MemorySpools()))


def test_a_second_header_is_refused(small_file: bytes) -> None:
    """Two headers in one file are refused: which of them counts would be a guess."""
    start, stop = small_file.index(b"      <edXML:MessageHeader>"), small_file.index(b"    </edXML:edXMLHeader>")
    assert _refused(small_file[:stop] + small_file[start:]).reason is Reason.HEADER_REPEATED


def test_the_first_business_counts(small_file: bytes) -> None:
    """Of several operations the first counts, and the others are reported."""
    at = small_file.index(b"    </edXML:edXMLHeader>")
    lists = b"".join(
        b"<edXML:TraceHeaderList><edXML:Bussiness><edXML:BussinessDocType>%d</edXML:BussinessDocType>"
        b"</edXML:Bussiness></edXML:TraceHeaderList>" % kind
        for kind in (1, 0)
    )
    result = read([small_file[:at] + lists + small_file[at:]], MemorySpools())
    assert isinstance(result.message, Document)
    assert result.message.kind is BusinessKind.RECALL
    assert [finding.code for finding in result.warnings].count(Code.ELEMENT_REPEATED) == 1


@pytest.mark.parametrize(
    "before",
    [b"", b"<edXML:Bussiness/>", b"</edXML:TraceHeaderList><edXML:TraceHeaderList>"],
    ids=["", "empty", "list"],
)
@pytest.mark.parametrize("lacking", [False, True])
def test_an_operation_is_remarked_on_as_it_is_read(small_file: bytes, before: bytes, *, lacking: bool) -> None:
    """What an operation lacks is told of the one that counts, wherever it stands, and of no other."""
    at = small_file.index(b"    </edXML:edXMLHeader>")
    kind = b"<edXML:BusinessDocType/>" + (b"" if lacking else b"<edXML:BusinessDocType>2</edXML:BusinessDocType>")
    business = b"<edXML:Business>%s<edXML:DocumentId>1</edXML:DocumentId></edXML:Business>" % kind
    lists = b"<edXML:TraceHeaderList>" + before + business + b"</edXML:TraceHeaderList>"
    result = read([small_file[:at] + lists + small_file[at:]], MemorySpools())
    assert isinstance(result.message, Document)
    assert result.message.kind is (BusinessKind.NEW if lacking else BusinessKind.UPDATE)
    assert (Code.BUSINESS_KIND_MISSING in {finding.code for finding in result.warnings}) is lacking


NESTED = b"<edXML>" + b"<a>" * 40


@pytest.mark.parametrize(
    ("data", "limits", "reason", "found"),
    [
        (NESTED, Limits(), Reason.XML_TOO_DEEP, ""),
        (b"<edXML>" + b"<a/>" * 20, Limits(elements=10), Reason.LIMIT_EXCEEDED, "elements"),
        (b"<edXML><a>" + b"x" * 99, Limits(text_bytes=50), Reason.LIMIT_EXCEEDED, "text_bytes"),
        (b"<edXML>" + b" " * 99, Limits(file_bytes=50), Reason.LIMIT_EXCEEDED, "file_bytes"),
        (b"<edXML a='" + b"x" * 5 * _MIB, Limits(), Reason.LIMIT_EXCEEDED, "token_bytes"),
        (b"<edXML><!--" + b"x" * 5 * _MIB, Limits(), Reason.LIMIT_EXCEEDED, "token_bytes"),
        (b"<edXML>" + b"<a>x</a>" * 300_000, Limits(outside_bytes=_MIB, elements=9**9), Reason.LIMIT_EXCEEDED,
        "outside_bytes"), (b"<edXML><AttachmentEncoded>" + b"<Attachment/>" * 9, Limits(attachments=3),
        Reason.LIMIT_EXCEEDED, "attachments"),
    ],
)  # fmt: skip
def test_bounds(data: bytes, limits: Limits, reason: Reason, found: str) -> None:
    """Each bound refuses by its own name, before the file ends."""
    problem = _refused(data, limits)
    assert (problem.reason, problem.found) == (reason, found)


def test_a_comment_inside_a_payload_is_bounded(small_file: bytes) -> None:
    """Markup that never ends is refused even where payload texts go uncounted."""
    at = small_file.index(b">", small_file.index(b"<edXML:ContentTransferEncoded")) + 1
    data = small_file[:at] + b"<!-- ContentTransferEncoded>" + b"x" * 5 * _MIB
    assert _refused(data).found == "token_bytes"


def test_deep_nesting_inside_the_signature(small_file: bytes) -> None:
    """The signature is kept unread, yet bounded in depth."""
    at = small_file.index(b"    </edXML:edXMLHeader>")
    data = small_file[:at] + b"<Signature>" + b"<a>" * 40 + small_file[at:]
    assert _refused(data).reason is Reason.XML_TOO_DEEP


def test_an_element_inside_a_payload_is_refused(small_file: bytes) -> None:
    """A payload is text; elements in it are no base64."""
    at = small_file.index(b"</edXML:ContentTransferEncoded")
    assert _refused(small_file[:at] + b"<a/>" + small_file[at:]).reason is Reason.BASE64_INVALID


def test_errors_leave_nothing_in_the_spools(small_file: bytes, tmp_path: Path) -> None:
    """A refused file, and an aborted one, leave no content behind; the reader says that it has ended."""
    reader = Reader(FileSpools(tmp_path))
    with pytest.raises(EdxmlError):
        reader.feed(small_file.replace(b"</AttachmentEncoded>", b"</Wrong>"))
    with pytest.raises(ValueError, match="ended"):
        reader.feed(b"x")
    aborted = Reader(FileSpools(tmp_path))
    aborted.feed(small_file)
    aborted.abort()
    assert list(tmp_path.iterdir()) == []


def test_file_spools_hold_what_was_read(small_file: bytes, tmp_path: Path) -> None:
    """Contents in files are read back and written again like those in memory."""
    spools = FileSpools(tmp_path)
    result = read(io.BytesIO(small_file), spools)
    assert b"".join(write(result.message, spools)) == small_file
    assert len(list(tmp_path.iterdir())) == 1


class _Sink(MemorySpools):
    """Spools that keep nothing."""

    def open(self) -> Spool:
        """A content that is forgotten at once."""
        return _Nothing()


class _Nothing:
    def write(self, data: bytes) -> None:
        del data

    def finish(self) -> bytes:
        return b""

    def discard(self) -> None:
        """There is nothing to forget."""


class _Zeros(io.RawIOBase):
    """A stream of zeros of a given size."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        taken = self._left if size < 0 else min(size, self._left)
        self._left -= taken
        return bytes(taken)


def test_large_contents_pass_in_flat_memory(small_document: Document) -> None:
    """A file with 256 MiB of content is written and read in a few MiB of memory."""
    size = 256 * _MIB
    attachment = small_document.attachments[0]
    content = replace(attachment.content, size=size)
    large = replace(small_document, attachments=(replace(attachment, content=content),))

    def pieces() -> Iterator[bytes]:
        return render(plan(large), lambda _: _Zeros(size))  # type: ignore[arg-type,return-value]

    tracemalloc.start()
    result = read(pieces(), _Sink())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(result.message, Document)
    assert result.message.attachments[0].content.size == size
    assert peak < 24 * _MIB
