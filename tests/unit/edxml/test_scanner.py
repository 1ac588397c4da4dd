"""The pass over the bytes: places stay true although payloads go past the parser; signatures are kept whole."""

from __future__ import annotations

import pytest

from lienthong.edxml import Document, EdxmlError, MemorySpools, read, write
from lienthong.edxml.signature import carriable

_END = b"</edXML:ContentTransferEncoded>"


def _place(data: bytes, step: int) -> tuple[int, int]:
    with pytest.raises(EdxmlError) as caught:
        read((data[at : at + step] for at in range(0, len(data), step)), MemorySpools())
    problem = caught.value.problems[0]
    return problem.line, problem.column


@pytest.mark.parametrize("step", [1, 10, 10_000])
@pytest.mark.parametrize("payload", [b"", b"QUJD" * 50, b"QUJD\n" * 50, b"\nQUJD\r\nQUJD", b"<![CDATA[QUJD]]>"])
def test_places_behind_a_payload(small_file: bytes, payload: bytes, step: int) -> None:
    """Line and column of an error behind a payload are those of the file, whatever the chunks."""
    head = small_file[: small_file.index(b">", small_file.index(b"<edXML:ContentTransferEncoded")) + 1]
    before = head + payload + _END
    line = before.count(b"\n") + 1
    column = len(before) - (before.rfind(b"\n") + 1) + 1
    # expat points at the name of a wrong end tag, two characters in.
    assert _place(before + b"</Wrong>", step) == (line, column + 2)
    assert _place(before + _END + b"\n", step) == (line, column + 2)


def test_places_of_two_payloads_in_one_line(small_file: bytes) -> None:
    """Several payloads in one line each count."""
    start = small_file.index(b"    <Attachment>")
    stop = small_file.index(b"</Attachment>") + len(b"</Attachment>")
    one = small_file[start:stop].replace(b"\n", b" ")
    data = small_file[:start] + one + one + b"</Wrong>"
    last = data.decode().split("\n")[-1]
    assert _place(data, 64) == (data.count(b"\n") + 1, last.index("Wrong") + 1)


SIGNATURES = [
    b"<Signature/>",
    b'<Signature a="1>2"  />',
    b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:A><![CDATA[<x>]]></ds:A></ds:Signature >',
    b"<Signature>\r\n  <!-- kept --><edXML:Signature/>&#10;</Signature>",
]


@pytest.mark.parametrize("step", [1, 33, 10_000])
@pytest.mark.parametrize("xml", SIGNATURES)
def test_signatures_are_cut_out_whole(small_file: bytes, xml: bytes, step: int) -> None:
    """A signature is kept byte for byte, however it is written, and written again as it was."""
    at = small_file.index(b"    </edXML:edXMLHeader>")
    data = small_file[:at] + xml + b"<!-- behind -->" + small_file[at:]
    message = read((data[n : n + step] for n in range(0, len(data), step)), MemorySpools()).message
    assert isinstance(message, Document)
    assert message.signature_xml == xml
    assert xml + b"\n" in b"".join(write(message, MemorySpools()))


def test_inherited_prefixes_come_along(small_file: bytes) -> None:
    """A signature that uses a prefix of its ancestors takes the declaration with it, so that it can stand alone."""
    at = small_file.index(b"    </edXML:edXMLHeader>")
    data = small_file[:at] + b"<ds:Signature><ds:A/></ds:Signature>" + small_file[at:]
    data = data.replace(b"<edXML xmlns=", b'<edXML xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns=')
    message = read([data], MemorySpools()).message
    assert isinstance(message, Document)
    declared = b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:A/></ds:Signature>'
    assert message.signature_xml == declared
    assert carriable(declared)


def test_an_unbound_signature_is_kept_but_not_written(small_file: bytes) -> None:
    """A signature with an unbound prefix refuses nothing; it stays as data and out of the canonical file."""
    at = small_file.index(b"    </edXML:edXMLHeader>")
    result = read([small_file[:at] + b"<ds:Signature/>" + small_file[at:]], MemorySpools())
    assert isinstance(result.message, Document)
    assert result.message.signature_xml == b"<ds:Signature/>"
    assert "SIGNATURE_NOT_CARRIED" in [finding.code for finding in result.warnings]
    assert b"".join(write(result.message, MemorySpools())) == small_file
