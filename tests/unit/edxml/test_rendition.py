"""Renditions: stored and rendered for ever, archives that any tool opens, nothing silently short."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from dataclasses import replace

import pytest

from lienthong.edxml import (
    ContentRef,
    Document,
    EdxmlError,
    Framing,
    Organization,
    Reason,
    Rendition,
    plan,
    render,
)
from lienthong.edxml.zipframe import zip_frame

_EMPTY = ContentRef(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0)


def test_a_stored_rendition_is_the_same(small_document: Document) -> None:
    """A rendition survives its JSON unchanged."""
    document = replace(small_document, attachments=(replace(small_document.attachments[0], name="hai.xlsx"),))
    rendition = plan(document)
    assert rendition.splices[0].framing is Framing.ZIP
    assert Rendition.from_json(rendition.to_json()) == rendition


@pytest.mark.parametrize("damage", [b"[]", b'{"format":2}', b'{"format":1}', b"x"])
def test_a_damaged_rendition_is_refused(damage: bytes) -> None:
    """What is no rendition of a known format is refused, not guessed at."""
    with pytest.raises(ValueError, match=r".+"):
        Rendition.from_json(damage)


def test_stored_fields_are_pinned(small_document: Document) -> None:
    """The names in a stored rendition are part of the data of years ago."""
    record = json.loads(plan(small_document).to_json())
    assert record.keys() == {"format", "skeleton", "splices"}
    assert list(record["splices"][0]) == [
        *("offset", "ordinal", "framing", "prefix", "suffix", "size", "crc32", "sha256"),
    ]


def test_zip_frames_open_anywhere() -> None:
    """The archive is valid: one STORED entry with its CRC, named by UUIDv5, at a fixed time."""
    content = b"n\xe1\xbb\x99i dung"
    reference = ContentRef(len(content), "ab" * 32, zlib.crc32(content))
    frame = zip_frame(reference, "txt")
    with zipfile.ZipFile(io.BytesIO(frame.prefix + content + frame.suffix)) as archive:
        (entry,) = archive.infolist()
        assert archive.testzip() is None
        assert archive.read(entry) == content
    assert entry.compress_type == zipfile.ZIP_STORED
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    assert entry.filename == "fef56ed3-005f-596e-b349-54c181621620.txt"


def test_zip64_frames_hold_true_sizes() -> None:
    """From 4 GiB on, sizes and offsets stand in the ZIP64 fields."""
    size = 5 << 30
    frame = zip_frame(replace(_EMPTY, size=size), "")
    extra = struct.pack("<2H2Q", 1, 16, size, size)
    assert frame.prefix.endswith(extra)
    end64 = frame.suffix.index(b"PK\x06\x06")
    directory, offset = struct.unpack_from("<2Q", frame.suffix, end64 + 40)
    assert directory == end64
    assert offset == len(frame.prefix) + size
    locator = frame.suffix.index(b"PK\x06\x07")
    assert struct.unpack_from("<Q", frame.suffix, locator + 8) == (offset + end64,)


def test_missing_content_is_an_error(small_document: Document) -> None:
    """A content shorter than recorded raises; a short file is never passed off as whole."""
    with pytest.raises(EdxmlError) as caught:
        list(render(plan(small_document), lambda _: io.BytesIO(b"%PDF")))
    assert caught.value.problems[0].reason is Reason.CONTENT_TRUNCATED


def test_ranges_are_not_negative(small_document: Document) -> None:
    """A negative range is a mistake of the caller."""
    with pytest.raises(ValueError, match="from 0"):
        render(plan(small_document), lambda _: io.BytesIO(), -1)


def test_what_cannot_be_written_is_refused_at_once(small_document: Document) -> None:
    """All problems of a document come together: missing fields, repeated content ids, characters XML has not."""
    twice = (*small_document.attachments, *small_document.attachments)
    document = replace(
        small_document,
        sender=Organization(""),
        recipients=(),
        subject="a\x00b",
        content="\ud800",
        attachments=twice,
    )
    with pytest.raises(EdxmlError) as caught:
        plan(document)
    reasons = [problem.reason for problem in caught.value.problems]
    assert reasons == [
        *(Reason.FIELD_REQUIRED, Reason.FIELD_REQUIRED, Reason.ATTACHMENT_REPEATED),
        *(Reason.CHARACTER_ILLEGAL, Reason.CHARACTER_ILLEGAL),
    ]


@pytest.mark.parametrize(
    "xml",
    [b"<Signature>", b"<Signature/><x/>", b"</edXML><Signature/>", b"<ds:Signature/>", b"<Other/>", b"t<Signature/>"],
)
def test_only_a_signature_goes_in_as_it_is(small_document: Document, xml: bytes) -> None:
    """Bytes taken over verbatim are exactly one well-formed Signature, or stay out."""
    assert plan(replace(small_document, signature_xml=xml)) == plan(small_document)
