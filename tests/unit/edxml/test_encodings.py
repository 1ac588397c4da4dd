"""The encoding of a file: UTF-8, a byte order mark, or what the declaration says of bytes that fit."""

from __future__ import annotations

import pytest

from lienthong.edxml import Code, EdxmlError, MemorySpools, Problem, Reason, read


def _refused(data: bytes) -> Problem:
    with pytest.raises(EdxmlError) as caught:
        read([data], MemorySpools())
    return caught.value.problems[0]


def test_an_unknown_encoding_is_refused() -> None:
    """An encoding that nobody knows is refused as such, with its place."""
    problem = _refused(b'<?xml version="1.0" encoding="klingon"?><edXML/>')
    assert (problem.reason, problem.line) == (Reason.XML_ENCODING, 1)


def test_bytes_in_another_encoding_are_named(small_file: bytes) -> None:
    """Where the bytes are not in the encoding of the file, that is the fault, and the byte is named with its place."""
    bare = small_file.replace(b'<?xml version="1.0" encoding="UTF-8"?>', b"")
    problem = _refused(bare.replace("Sở Nội vụ".encode(), b"S\xf0 N\xe9i v\xf4"))
    assert (problem.reason, problem.found) == (Reason.XML_ENCODING, "byte F0")
    assert problem.line > 1
    wide = _refused(small_file.replace(b'"UTF-8"', b'"utf-16"'))
    assert (wide.reason, wide.line) == (Reason.XML_ENCODING, 1)


def test_a_byte_order_mark_is_believed(small_file: bytes) -> None:
    """A file that starts with the mark of UTF-8 is UTF-8, whatever its declaration says; the difference is reported."""
    plain = read([small_file], MemorySpools())
    for name in (b"windows-1252", b"ISO-8859-1", b"utf-16", b"utf8"):
        data = b"\xef\xbb\xbf" + small_file.replace(b'"UTF-8"', b'"%s"' % name)
        for step in (1, len(data)):
            result = read((data[at : at + step] for at in range(0, len(data), step)), MemorySpools())
            assert result.message == plain.message
            assert [(one.code, one.found) for one in result.warnings if one not in plain.warnings] == [
                (Code.ENCODING_OTHER, name.decode())
            ]


def test_a_misnamed_encoding_is_named(small_file: bytes) -> None:
    """`utf8` is no name of UTF-8 in XML: where its bytes cannot be read so, the name is the fault, not the text."""
    problem = _refused(small_file.replace(b'"UTF-8"', b'"utf8"'))
    assert (problem.reason, problem.found) == (Reason.XML_ENCODING, "utf8")
    assert problem.line > 1
    assert _refused(b'<?xml version="1.0" encoding="utf8"?><edXML></b>').reason is Reason.XML_MALFORMED
