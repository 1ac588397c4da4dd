"""Archives around attachments: taken off where a sender put them on, left alone where they are the file itself."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest

from lienthong.edxml import Code, Document, EdxmlError, MemorySpools, Reason, read, write

PDF = b"%PDF-1.7 made for a test"
SHEET = b"<html><table/></html>"


def _archive(*entries: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


WORKBOOK = _archive(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>"))
LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 a package with a password"


def _file(small_file: bytes, name: str, payload: bytes) -> bytes:
    start = small_file.index(b">", small_file.index(b"<edXML:ContentTransferEncoded")) + 1
    stop = small_file.index(b"</edXML:ContentTransferEncoded")
    data = small_file[:start] + base64.b64encode(payload) + small_file[stop:]
    return data.replace("một.pdf".encode(), name.encode()).replace(b"application/pdf", b"application/octet-stream")


def _read(data: bytes) -> tuple[Document, bytes, set[Code]]:
    result = read([data], MemorySpools())
    assert isinstance(result.message, Document)
    content = result.message.attachments[0].content.handle
    assert isinstance(content, bytes)
    return result.message, content, {finding.code for finding in result.warnings}


@pytest.mark.parametrize(
    ("name", "part"), [("a.kmz", "doc.kml"), ("a.jar", "META-INF/MANIFEST.MF"), ("a.xlsx", "xl/workbook.xml")]
)
def test_a_package_of_one_part_is_kept(small_file: bytes, name: str, part: str) -> None:
    """A file that is an archive by its kind comes as it was sent, also when it has one part only."""
    package = _archive((part, b"<kml/>"))
    message, content, findings = _read(_file(small_file, name, package))
    assert content == package
    assert not findings & {Code.CONTENT_NOT_AS_NAMED, Code.LABEL_DISAGREES, Code.ZIP_KEPT_PACKED}
    assert _read(b"".join(write(message, MemorySpools())))[0] == message


@pytest.mark.parametrize(
    ("entry", "inner"), [("x.edxml", WORKBOOK), ("x.edxml", LOCKED), ("9f3c.xlsx", SHEET), ("9f3c.XLSX", WORKBOOK)]
)
def test_an_archive_around_a_package_is_taken_off(small_file: bytes, entry: str, inner: bytes) -> None:
    """An archive whose only entry is such a file, by its content or by its name, was put around it."""
    assert _read(_file(small_file, "a.xlsx", _archive((entry, inner))))[1] == inner


@pytest.mark.parametrize("name", ["a.pdf", "a.doc", "a.txt", "a"])
def test_an_archive_in_an_archive_is_a_fixed_point(small_file: bytes, name: str) -> None:
    """Whoever reads the canonical form finds the content that the first reader found."""
    message, content, _ = _read(_file(small_file, name, _archive(("x", _archive(("y", PDF))))))
    written = b"".join(write(message, MemorySpools()))
    assert _read(written)[:2] == (message, content)
    assert b"".join(write(_read(written)[0], MemorySpools())) == written


def test_what_is_sent_as_it_is_loses_all_archives(small_file: bytes) -> None:
    """A PDF in two archives arrives as the PDF; a file of a kind that is sent zipped loses one archive alone."""
    nested = _archive(("x", _archive(("y", PDF))))
    assert _read(_file(small_file, "a.pdf", nested))[1] == PDF
    assert _read(_file(small_file, "a.txt", nested))[1] == _archive(("y", PDF))


def test_archives_without_end_are_refused(small_file: bytes) -> None:
    """More archives around one file than the bound are refused by its name, with the attachment's path."""
    payload = PDF
    for _ in range(9):
        payload = _archive(("x", payload))
    with pytest.raises(EdxmlError) as caught:
        _read(_file(small_file, "a.pdf", payload))
    problem = caught.value.problems[0]
    assert (problem.reason, problem.found) == (Reason.LIMIT_EXCEEDED, "zip_layers")
    assert problem.path.endswith("AttachmentEncoded/Attachment")
