"""Properties that hold for any document, not only for those of the corpus."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace
from datetime import date, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.edxml import (
    VIETNAM_TIME,
    Attachment,
    Business,
    BusinessKind,
    ContentRef,
    Document,
    DocumentCode,
    DocumentType,
    MemorySpools,
    Organization,
    OtherInfo,
    PromulgationInfo,
    Receiver,
    Replacement,
    ResponseFor,
    SignerInfo,
    Staff,
    Status,
    TraceHeader,
    fingerprint,
    plan,
    read,
    render,
    write,
)

PROFILE = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
_ALPHABET = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
_WORD = st.text(_ALPHABET, max_size=12).map(str.strip)
_MARKED = st.sampled_from(["a & b", "<x>", "]]>", "dòng 1\ndòng 2", "a\r\nb", " có khoảng trắng ", '"'])
TEXT = st.one_of(_WORD, _MARKED)
ID = st.text("ABCH0123456789.-/,", min_size=1, max_size=20)
DAY = st.dates(date(1900, 1, 2), date(2199, 12, 30))
MOMENT = st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1)).map(  # noqa: DTZ001 - the zone follows
    lambda value: value.replace(microsecond=0, tzinfo=VIETNAM_TIME)
)
MAYBE_DAY = st.none() | DAY
COUNT = st.none() | st.integers(0, 10**6)
FLAG = st.none() | st.booleans()
AGENCY = st.builds(Organization, ID, *[TEXT] * 7)
STAFF = st.builds(Staff, *[TEXT] * 6).filter(lambda staff: staff != Staff())
RESPONSE = st.builds(ResponseFor, ID, ID, ID, MAYBE_DAY)
NAMES = st.sampled_from(["một.pdf", "hai.txt", "ba.XLSX", "bốn.docx", "năm", "sáu.zip", "../b.jpg"])


def _attachment(index: int, name: str, content: bytes) -> Attachment:
    digest = hashlib.sha256(content).hexdigest()
    return Attachment(f"c{index}", name, ContentRef(len(content), digest, zlib.crc32(content), content))


def _texts(most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(TEXT.filter(str.strip), max_size=most).map(tuple)


# Content that is an archive itself is unpacked by rule; the examples of the corpus hold that.
CONTENT = st.binary(max_size=400).filter(lambda data: not data.startswith(b"PK"))
ATTACHMENTS = st.lists(st.tuples(NAMES, CONTENT), max_size=3).map(
    lambda items: tuple(_attachment(index, name, content) for index, (name, content) in enumerate(items))
)
BUSINESS = st.builds(
    Business,
    kind=st.sampled_from(BusinessKind),
    document_id=ID,
    reason=TEXT,
    paper=FLAG,
    document_info=FLAG,
    document_receiver=FLAG,
    receivers=st.lists(st.builds(Receiver, ID, COUNT), max_size=2).map(tuple),
    replacements=st.lists(st.builds(Replacement, ID, st.lists(ID, max_size=2).map(tuple)), max_size=2).map(tuple),
    staff=st.none() | STAFF,
)
OTHER = st.builds(OtherInfo, st.none() | st.integers(0, 4), TEXT, TEXT, COUNT, COUNT, TEXT, FLAG, TEXT, _texts(2))
DOCUMENTS = st.builds(
    Document,
    sender=AGENCY,
    recipients=st.lists(AGENCY, min_size=1, max_size=3).map(tuple),
    document_id=ID,
    code=st.builds(DocumentCode, ID, ID),
    promulgation=st.builds(PromulgationInfo, TEXT, MAYBE_DAY),
    document_type=st.builds(DocumentType, COUNT, COUNT, TEXT),
    subject=TEXT,
    content=TEXT,
    signer=st.builds(SignerInfo, TEXT, TEXT, TEXT),
    due_date=MAYBE_DAY,
    other=OTHER,
    response_for=st.lists(RESPONSE, max_size=2).map(tuple),
    steering_type=COUNT,
    task_codes=st.lists(ID, max_size=2).map(tuple),
    application_type=TEXT,
    to_places=_texts(2),
    business=st.none() | BUSINESS,
    trace_headers=st.lists(st.builds(TraceHeader, ID, MOMENT), max_size=2).map(tuple),
    trace_paper=FLAG,
    attachments=ATTACHMENTS,
)
STATUSES = st.builds(Status, AGENCY, RESPONSE, ID.filter(lambda c: len(c) > 1), st.none() | STAFF, TEXT, MOMENT)


@PROFILE
@given(DOCUMENTS)
def test_a_document_comes_back(document: Document) -> None:
    """What is written is read back as the same document, contents compared by hash."""
    data = b"".join(write(document, MemorySpools()))
    assert read([data], MemorySpools()).message == document


@PROFILE
@given(STATUSES)
def test_a_status_comes_back(status: Status) -> None:
    """What is written is read back as the same status."""
    assert read(write(status, MemorySpools()), MemorySpools()).message == status


@PROFILE
@given(DOCUMENTS, st.data())
def test_a_range_is_a_slice(document: Document, data: st.DataObject) -> None:
    """Any range of a rendition is that slice of the whole, and the computed length is the true one."""
    whole = b"".join(write(document, MemorySpools()))
    rendition = plan(document)
    assert rendition.length == len(whole)
    offset = data.draw(st.integers(0, len(whole) + 3))
    limit = data.draw(st.none() | st.integers(0, len(whole) + 3))
    stop = None if limit is None else offset + limit

    def opener(ordinal: int) -> object:
        return MemorySpools().reader(document.attachments[ordinal].content.handle)

    assert b"".join(render(rendition, opener, offset, limit)) == whole[offset:stop]  # type: ignore[arg-type]


@PROFILE
@given(DOCUMENTS, st.lists(st.integers(1, 997), min_size=1, max_size=5))
def test_chunking_is_of_no_account(document: Document, sizes: list[int]) -> None:
    """Odd chunks give the same result as the file in one piece."""
    data = b"".join(write(document, MemorySpools()))
    pieces, start, turn = [], 0, 0
    while start < len(data):
        pieces.append(data[start : start + sizes[turn % len(sizes)]])
        start, turn = start + len(pieces[-1]), turn + 1
    assert read(pieces, MemorySpools()) == read([data], MemorySpools())


@PROFILE
@given(DOCUMENTS, TEXT)
def test_the_fingerprint_sees_content_alone(document: Document, text: str) -> None:
    """The fingerprint ignores serialisation and trace, and sees every text that is not blank."""
    data = b"".join(write(document, MemorySpools()))
    again = read([data.replace(b"edXML:", b"q:").replace(b"xmlns:edXML", b"xmlns:q")], MemorySpools()).message
    assert isinstance(again, Document)
    print_of = fingerprint(document)
    assert fingerprint(again) == print_of
    assert fingerprint(replace(document, trace_headers=())) == print_of
    assert fingerprint(replace(document, subject=document.subject + " " + text + "x")) != print_of
