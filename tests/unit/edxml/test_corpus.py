"""Every deviation seen between implementations is either accepted with its finding or refused with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lienthong.edxml import (
    BusinessKind,
    Code,
    Document,
    EdxmlError,
    MemorySpools,
    Message,
    ReadResult,
    Status,
    read,
    write,
)

FOLDER = Path(__file__).parents[2] / "corpus" / "edxml"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expectations.json").read_text())
ACCEPTED = sorted(name for name, entry in EXPECTED.items() if "refused" not in entry)
REFUSED = sorted(EXPECTED.keys() - set(ACCEPTED))


def _bytes(name: str) -> bytes:
    return (FOLDER / f"{name}.edxml").read_bytes()


def _read(name: str) -> ReadResult:
    return read([_bytes(name)], MemorySpools())


def _document(name: str) -> Document:
    message = _read(name).message
    assert isinstance(message, Document)
    return message


def _written(message: Message) -> bytes:
    return b"".join(write(message, MemorySpools()))


def test_the_table_lists_every_file() -> None:
    """No file of the corpus is without an expectation, none is expected and missing."""
    assert {path.stem for path in FOLDER.glob("*.edxml")} == EXPECTED.keys()


@pytest.mark.parametrize("number", [*(f"{n:02}" for n in range(1, 24)), "17a"])
def test_every_deviation_has_a_file(number: str) -> None:
    """Deviations 1 to 23 and 17a are each held by at least one file."""
    assert any(name.startswith(f"{number}-") for name in EXPECTED)


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_with_findings(name: str) -> None:
    """A deviation that is accepted is reported, by exactly the findings of the table."""
    result = _read(name)
    assert sorted(finding.code for finding in result.warnings) == EXPECTED[name]["findings"]
    assert type(result.message).__name__.lower() == EXPECTED[name]["kind"]


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_place(name: str) -> None:
    """A refusal names reason, line, column, rule and remedy, and leaves no message behind."""
    with pytest.raises(EdxmlError) as caught:
        _read(name)
    problem = caught.value.problems[0]
    assert problem.reason == EXPECTED[name]["refused"]
    assert problem.line > 0
    assert problem.column > 0
    assert problem.rule
    assert problem.remedy
    if place := EXPECTED[name].get("place"):
        assert [problem.line, problem.column] == place


@pytest.mark.parametrize("name", ACCEPTED)
def test_writing_what_was_read_is_a_fixed_point(name: str) -> None:
    """Once in canonical form, a file is read and written to the same bytes, and the message to itself."""
    message = _read(name).message
    first = _written(message)
    again = read([first], MemorySpools()).message
    assert again == message
    assert _written(again) == first


@pytest.mark.parametrize("name", [name for name in ACCEPTED if name.startswith("canonical")])
def test_golden_files_are_byte_stable(name: str) -> None:
    """The canonical form never changes by a byte."""
    assert _written(_read(name).message) == _bytes(name)


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("name", ACCEPTED)
def test_chunks_do_not_matter(name: str, size: int) -> None:
    """However a file is cut up, message, findings, outside bytes and gaps come out the same."""
    data = _bytes(name)
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    assert read(pieces, MemorySpools()) == _read(name)


@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize("name", REFUSED)
def test_chunks_do_not_matter_to_refusals(name: str, size: int) -> None:
    """However a file is cut up, its problems and their places come out the same."""
    data = _bytes(name)
    problems = []
    for step in (size, len(data)):
        with pytest.raises(EdxmlError) as caught:
            read((data[start : start + step] for start in range(0, len(data), step)), MemorySpools())
        problems.append([(item.reason, item.path, item.line, item.column) for item in caught.value.problems])
    assert problems[0] == problems[1]


PLAIN = [
    *("01-business-one-s", "02-unprefixed", "03-other-prefix", "04-no-namespace", "04-other-namespace"),
    *("05-root-capital", "06-root-envelope", "08-date-day-first", "09-date-dashes", "09-date-iso-utc"),
    *("10-date-with-time", "13-cid-none", "13-cid-double", "17a-unbound-prefix", "18-bom"),
    *("21-extra-namespaces", "31-manifest-name", "32-wrapped", "32-cdata", "32-references"),
    *("33-zipped-pdf", "33-zip-labelled-pdf", "33-pdf-labelled-zip", "34-other-encoding"),
]


@pytest.mark.parametrize("name", PLAIN)
def test_variants_mean_the_same(name: str) -> None:
    """A variant in form alone is read to the same message as the canonical file."""
    assert _read(name).message == _read("canonical-small").message


@pytest.mark.parametrize("name", ["08-date-impossible", "08-date-year-11"])
def test_impossible_dates_are_absent(name: str) -> None:
    """An impossible date counts as absent, never as another date, and its text stays in the finding."""
    assert _document(name).due_date is None
    found = [item for item in _read(name).warnings if item.code is Code.DATE_UNREADABLE]
    assert found[0].found in {"2026/02/30", "0011/08/30"}
    assert found[0].taken == ""


def test_text_in_numbers_is_never_zero() -> None:
    """A text in a numeric field counts as absent and stays in the finding: no urgency is lost silently."""
    document = _document("22-text-numbers")
    assert (document.other.priority, document.steering_type, document.document_type.group) == (None,) * 3
    texts = {item.found for item in _read("22-text-numbers").warnings}
    assert texts == {"hỏa tốc", "giao việc", "hành chính"}


@pytest.mark.parametrize(("name", "text"), [("22-kind-text", "thu hồi"), ("22-kind-number", "7")])
def test_an_unknown_kind_is_not_new(name: str, text: str) -> None:
    """A kind of operation that cannot be read is not taken for a new document; its text is carried on."""
    document = _document(name)
    assert document.kind is None
    assert document.business is not None
    assert document.business.kind_text == text
    assert f"<edXML:BussinessDocType>{text}<".encode() in _written(document)


def test_one_s_keeps_the_kind() -> None:
    """`Business` with one s is understood and never written."""
    document = _document("01-business-one-s")
    assert document.kind is BusinessKind.NEW
    assert b"Business" not in _written(document)


def test_empty_response_for_is_absent() -> None:
    """An empty `ResponseFor` answers nothing."""
    assert _document("15-empty-elements").response_for == ()


def test_unbound_prefixes_are_named() -> None:
    """Each unbound prefix is reported once, by name."""
    found = [item.found for item in _read("17a-unbound-prefix").warnings if item.code is Code.PREFIX_UNBOUND]
    assert found == ["xlink", "edXML"]


def test_unknown_elements_are_listed() -> None:
    """What has no place in the model is listed with its text."""
    assert [(item.path.split("/")[-1], item.text) for item in _read("31-unknown-element").unread] == [
        ("Urgent", "rất gấp")
    ]


def test_header_problems_come_together() -> None:
    """All problems of a header are told together, and with them those of what stands behind it."""
    data = _bytes("31-header-empty")
    wanted = {"From/OrganId", "To", "DocumentId"}
    assert _problem_paths(data) == wanted
    body = b"<edXMLBody><edXMLManifest><Reference><ContentId>cid:a</ContentId></Reference></edXMLManifest></edXMLBody>"
    at = data.index(b"</edXMLHeader>") + len(b"</edXMLHeader>")
    reference = "edXML/edXMLEnvelope/edXMLBody/edXMLManifest/Reference"
    assert _problem_paths(data[:at] + body + data[at:]) == {*wanted, reference}
    assert _problem_paths(data[:at]) == {*wanted, ""}  # cut off behind its header


@pytest.mark.parametrize(
    ("end", "twice"),
    [(b"</edXML:edXMLHeader>", b"Signature"), (b"</Attachment>", b"ContentTransferEncoded")],
)
def test_what_stands_there_twice_is_named(small_file: bytes, end: bytes, twice: bytes) -> None:
    """Of a second signature or content the rule says so, and nothing of headers or content ids."""
    element = b"<%s></%s>" % (twice, twice)
    with pytest.raises(EdxmlError) as caught:
        read([small_file.replace(end, element + element + end)], MemorySpools())
    problem = caught.value.problems[0]
    assert problem.rule in {"a header has at most one Signature", "an Attachment has one ContentTransferEncoded"}
    assert twice.decode() in problem.rule


def _problem_paths(data: bytes) -> set[str]:
    with pytest.raises(EdxmlError) as caught:
        read([data], MemorySpools())
    return {problem.path.split("MessageHeader/")[-1] for problem in caught.value.problems}


def test_status_codes() -> None:
    """One digit is padded to two, an unknown code is kept as it came."""
    codes = []
    for name in ("30-status-one-digit", "30-status-unknown"):
        message = _read(name).message
        assert isinstance(message, Status)
        codes.append(message.code)
    assert codes == ["03", "09"]


def test_outside_is_verbatim() -> None:
    """What stood outside the payloads is kept byte for byte, with the places where payloads stood."""
    element = re.compile(rb"(<[^<>]*ContentTransferEncoded[^>]*>).*?(</[^<>]*ContentTransferEncoded>)", re.DOTALL)
    for name in ACCEPTED:
        data, result = _bytes(name), _read(name)
        assert result.outside == element.sub(rb"\1\2", data)
        ends = [match.end(1) for match in element.finditer(result.outside)]
        assert list(result.gaps) == ends


def test_the_signature_is_verbatim() -> None:
    """The signature is kept and written byte for byte and reported as not verifiable."""
    document = _document("canonical-document")
    assert document.signature_xml in _bytes("canonical-document")
    assert document.signature_xml.endswith(b"</Signature>")
