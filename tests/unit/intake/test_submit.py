"""Handing documents in."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from google.type.date_pb2 import Date
from sqlalchemy import Connection
from tests.waiting import eventually

from lienthong import edxml
from lienthong.chassis.errors import AxisError, Code, unavailable
from lienthong.chassis.keyfiles import load_certificates
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.seals import verify_seal
from lienthong.common.v1 import document_pb2
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.intake.component import build
from lienthong.intake.config import IntakeSection
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import HCMC, NGHE_AN, VPCP, ServiceBench, service_bench

PAPERS = ("7816", "7817", "7818")


def header(**more: object) -> document_pb2.DocumentHeader:
    """A header to the city, with changes."""
    fields: dict[str, object] = {
        "document_id": "000.00.00.G22,2026/11/22,7816/VPCP-TTĐT",
        "number": "7816",
        "notation": "VPCP-TTĐT",
        "subject": "V/v kết nối, liên thông phần mềm quản lý văn bản",
        "type_name": "Công văn",
        "type": 2,
        "type_detail": 18,
        "promulgation_date": Date(year=2026, month=11, day=22),
        "recipients": [document_pb2.Organization(code="000.00.00.H29", name="UBND TP.HCM")],
        "kind": document_pb2.DOCUMENT_KIND_NEW,
    }
    return document_pb2.DocumentHeader(**(fields | more))  # type: ignore[arg-type] # fields of the message


def submission(key: str = "first", data: bytes = b"%PDF-1.7 x", **more: object) -> pb.SubmitDocumentRequest:
    """A submission in types."""
    attachment = pb.AttachmentContent(name="cong-van.pdf", data=data)
    content = pb.DocumentContent(header=header(**more), attachments=[attachment])
    return pb.SubmitDocumentRequest(document=content, request_id=key)


def vpcp(intake: ServiceBench, method: str = "SubmitDocument") -> Call:
    """A call of the Government Office."""
    return intake.call(VPCP, f"lienthong.intake.v1.Intake/{method}")


def file_of(**more: Any) -> bytes:
    """An edXML file to the city, with changes."""
    document = edxml.Document(
        sender=edxml.Organization("G22", "Văn phòng Chính phủ"),
        recipients=(edxml.Organization("H29", "UBND TP.HCM"),),
        document_id="doc-1",
        code=edxml.DocumentCode("1", "VPCP"),
        promulgation=edxml.PromulgationInfo("Hà Nội", date(2026, 11, 22)),
        subject="Thử",
    )
    return b"".join(edxml.write(replace(document, **more), edxml.MemorySpools()))


def test_a_document_is_accepted_with_a_sealed_receipt(intake: ServiceBench) -> None:
    """Submit returns a receipt whose seal verifies, and tells everybody in one event."""
    receipt = intake.api("Intake").submit_document(submission(), vpcp(intake))
    root = load_certificates(intake.context.base.keys.root.chain)
    verdict = verify_seal(receipt.subject, receipt.seal, root, intake.clock.now())
    (event,) = intake.told(DocumentAccepted)
    assert verdict.valid
    assert receipt.document == f"documents/{event.document}"
    assert [one.agency for one in event.recipients] == [HCMC.id]


def test_the_same_request_gets_the_same_receipt(intake: ServiceBench) -> None:
    """A repeat by request_id answers with the first receipt, byte for byte, and nothing is told twice."""
    api = intake.api("Intake")
    first = api.submit_document(submission(), vpcp(intake))
    again = api.submit_document(submission(), vpcp(intake))
    assert first == again
    assert len(intake.told(DocumentAccepted)) == 1


def test_the_same_document_under_another_key_gets_the_first_receipt(intake: ServiceBench) -> None:
    """Sender and DocumentId are the second line: the same content answers with the first receipt."""
    api = intake.api("Intake")
    first = api.submit_document(submission(), vpcp(intake))
    again = api.submit_document(submission("second"), vpcp(intake))
    assert first == again


def test_other_content_under_the_same_key_is_refused(intake: ServiceBench) -> None:
    """A request_id names one content: other content is ALREADY_EXISTS naming the first."""
    api = intake.api("Intake")
    first = api.submit_document(submission(), vpcp(intake))
    with pytest.raises(AxisError) as refused:
        api.submit_document(submission(document_id="another"), vpcp(intake))
    assert refused.value.reason == "REQUEST_ID_REUSED"
    assert refused.value.metadata["first"] == first.name


def test_other_content_under_the_same_document_id_is_refused(intake: ServiceBench) -> None:
    """A DocumentId names one content: the error says what differs and how to send an update."""
    api = intake.api("Intake")
    api.submit_document(submission(), vpcp(intake))
    with pytest.raises(AxisError) as refused:
        api.submit_document(submission("second", data=b"%PDF-1.7 y", subject="Khác"), vpcp(intake))
    assert refused.value.code is Code.ALREADY_EXISTS
    assert refused.value.reason == "DOCUMENT_ID_TAKEN"
    assert refused.value.metadata["different"] == "subject, attachments"
    assert "update" in refused.value.message


def test_an_unknown_recipient_does_not_stop_the_others(intake: ServiceBench) -> None:
    """One unknown code is accepted for the sake of the others, with a warning that names the nearest codes."""
    recipients = [document_pb2.Organization(code="H29"), document_pb2.Organization(code="H42")]
    receipt = intake.api("Intake").submit_document(submission(recipients=recipients), vpcp(intake))
    assert [one.agency != "" for one in receipt.recipients] == [True, False]
    (warning,) = [one for one in receipt.warnings if one.code == "RECIPIENT_UNKNOWN"]
    assert "H41" in warning.taken


def test_all_problems_are_told_at_once(intake: ServiceBench) -> None:
    """A refusal lists every problem: an unregistered sender and a recipient under two aliases."""
    recipients = [document_pb2.Organization(code="H29"), document_pb2.Organization(code="000.00.00.H29")]
    sender = document_pb2.Organization(code="H99")
    with pytest.raises(AxisError) as refused:
        intake.api("Intake").submit_document(submission(recipients=recipients, sender=sender), vpcp(intake))
    assert {one.reason for one in refused.value.violations} == {"SENDER_UNREGISTERED", "RECIPIENT_DUPLICATE"}


def test_nobody_sends_for_another(intake: ServiceBench) -> None:
    """An active agency that the system may not act for is PERMISSION_DENIED."""
    sender = document_pb2.Organization(code="H41")
    with pytest.raises(AxisError) as refused:
        intake.api("Intake").submit_document(submission(sender=sender), vpcp(intake))
    assert refused.value.code is Code.PERMISSION_DENIED


def test_only_unknown_recipients_are_refused(intake: ServiceBench) -> None:
    """When no recipient is known the document is refused, with the nearest codes."""
    recipients = [document_pb2.Organization(code="H42")]
    with pytest.raises(AxisError) as refused:
        intake.api("Intake").submit_document(submission(recipients=recipients), vpcp(intake))
    assert refused.value.reason == "RECIPIENT_UNKNOWN"


def test_a_group_becomes_its_members(intake: ServiceBench) -> None:
    """A group is expanded; the sender is left out of its own group and a member named alone is merged."""
    recipients = [document_pb2.Organization(code="provinces"), document_pb2.Organization(code="H29")]
    receipt = intake.api("Intake").submit_document(submission(recipients=recipients), vpcp(intake))
    assert {one.agency for one in receipt.recipients} == {f"agencies/{HCMC.id}", f"agencies/{NGHE_AN.id}"}


def test_an_edxml_file_and_its_check(intake: ServiceBench) -> None:
    """`check` says what `submit` would say and stores nothing; then the file is accepted."""
    api, content = intake.api("Intake"), file_of()
    answer = api.check_document(pb.CheckDocumentRequest(edxml=content), vpcp(intake, "CheckDocument"))
    assert answer.acceptable
    assert intake.told(DocumentAccepted) == []
    receipt = api.submit_edxml(pb.SubmitEdxmlRequest(content=content, request_id="a"), vpcp(intake, "SubmitEdxml"))
    assert receipt.document_id == "doc-1"


def test_a_broken_file_is_refused_with_its_place(intake: ServiceBench) -> None:
    """What is not XML is INVALID_ARGUMENT with line and column."""
    with pytest.raises(AxisError) as refused:
        intake.api("Intake").submit_edxml(
            pb.SubmitEdxmlRequest(content=b"1212" + file_of(), request_id="a"), vpcp(intake, "SubmitEdxml")
        )
    assert refused.value.reason == "XML_MALFORMED"
    assert (refused.value.violations[0].line, refused.value.violations[0].column) == (1, 1)


@pytest.mark.parametrize(("words", "kept"), [(10, 1), (1_000, 2)], ids=["in the event", "in the store"])
def test_the_rendition_is_what_was_sealed(intake: ServiceBench, words: int, kept: int) -> None:
    """Length and hash of the canonical rendition are fixed at acceptance; reading gives exactly those bytes.

    Only what is too large for an event is kept beside the attachments.
    """
    api = intake.api("Intake")
    subject = " ".join(hashlib.sha256(bytes([number % 256, number // 256])).hexdigest() for number in range(words))
    receipt = api.submit_document(submission(subject=subject), vpcp(intake))
    document = api.get_document(pb.GetDocumentRequest(name=receipt.document), vpcp(intake, "GetDocument"))
    (door,) = intake.component.doors
    content = door.open_content(f"{receipt.document}/rendition", vpcp(intake, "Read"))
    data = b"".join(content.read(0))
    read = edxml.read([data], edxml.MemorySpools()).message
    assert len(data) == content.size == document.rendition_size
    assert isinstance(read, edxml.Document)
    assert read.attachments[0].content.sha256 == document.attachments[0].sha256.hex()
    assert len(list(intake.context.base.blobs.entries())) == kept


def test_strangers_see_nothing(intake: ServiceBench) -> None:
    """A document that the caller did not send is NOT_FOUND, as if it did not exist."""
    receipt = intake.api("Intake").submit_document(submission(), vpcp(intake))
    for name in (receipt.document, "documents/none"):
        with pytest.raises(AxisError) as refused:
            intake.api("Intake").get_document(pb.GetDocumentRequest(name=name), intake.call(HCMC))
        assert refused.value.code is Code.NOT_FOUND


def test_lists_are_searched_without_accents(intake: ServiceBench) -> None:
    """Words of the subject are found with accents folded; a token belongs to its list."""
    api = intake.api("Intake")
    for number in range(3):
        api.submit_document(submission(f"k{number}", document_id=f"d{number}", number=str(number)), vpcp(intake))
    call = vpcp(intake, "ListDocuments")
    page = api.list_documents(pb.ListDocumentsRequest(filter='subject : "lien thong"', page_size=2), call)
    rest = api.list_documents(
        pb.ListDocumentsRequest(filter='subject : "lien thong"', page_token=page.next_page_token), call
    )
    assert [one.header.number for one in (*page.documents, *rest.documents)] == ["2", "1", "0"]
    with pytest.raises(AxisError) as refused:
        api.list_documents(pb.ListDocumentsRequest(page_token=page.next_page_token), call)
    assert refused.value.reason == "PAGE_TOKEN_INVALID"


def test_what_cannot_be_written_leaves_no_content(intake: ServiceBench) -> None:
    """A document with a text that XML cannot carry is refused, and its contents do not stay behind."""
    api = intake.api("Intake")
    with pytest.raises(AxisError) as caught:
        api.submit_document(submission(subject="V/v \x00"), vpcp(intake))
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert not list(intake.context.base.blobs.entries())


def test_a_commit_that_fails_after_it_was_durable_keeps_the_contents(
    intake: ServiceBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents that went together are tried again alone, find themselves stored, and keep what they hold."""
    api, database = intake.api("Intake"), intake.context.database
    write, turns = database.write, count()

    @contextmanager
    def failing() -> Iterator[Connection]:
        turn = next(turns)
        with write() as connection:
            yield connection
        if turn == 0:
            eventually(lambda: api._counter.desk.group.waiting == len(PAPERS) - 1)
        if turn == 1:
            raise unavailable("DATABASE_AWAY", "The database does not answer.", timedelta(seconds=1))

    monkeypatch.setattr(database, "write", failing)
    with ThreadPoolExecutor(len(PAPERS)) as threads:
        calls = [submission(key, key.encode(), document_id=key, number=key) for key in PAPERS]
        receipts = list(threads.map(lambda one: api.submit_document(one, vpcp(intake)), calls))
    for key, receipt in zip(PAPERS, receipts, strict=True):
        assert content_of(intake, receipt) == key.encode()


def content_of(intake: ServiceBench, receipt: pb.Receipt) -> bytes:
    """Reads the first attachment of an accepted document out of the store."""
    (event,) = [one for one in intake.told(DocumentAccepted) if receipt.document == f"documents/{one.document}"]
    with intake.context.base.blobs.open(event.attachments[0].blob.key) as stream:
        return stream.read()


def test_an_upload_is_complete_once_its_content_is_committed(intake: ServiceBench) -> None:
    """A program that died after it committed the content, and before it noted so, has lost nothing of an upload."""
    data = b"content" * 1000
    api, call = intake.api("Intake"), vpcp(intake, "CreateUpload")
    upload = api.create_upload(pb.CreateUploadRequest(size=len(data), request_id="upload"), call)
    door = intake.component.doors[0]
    sink = door.open_upload(upload.name, call)
    sink.write(0, data[:100])
    sink.flush(finish=False)
    sink.write(100, data[100:])
    sink._writer.commit()  # type: ignore[attr-defined] # and there it dies
    again = door.open_upload(upload.name, call)
    assert (again.complete, again.committed) == (True, len(data))
    told = api.get_upload(pb.GetUploadRequest(name=upload.name), call)
    assert told.sha256 == hashlib.sha256(data).digest()


def test_uploads_of_an_agency_are_bounded_in_bytes(tmp_path: Path) -> None:
    """An agency cannot fill the disk with uploads that it never submits; other agencies go on."""
    bench = service_bench(tmp_path, "intake", build, IntakeSection(upload_bytes_per_agency=1000))
    api = bench.api("Intake")
    api.create_upload(pb.CreateUploadRequest(size=700, request_id="one"), vpcp(bench, "CreateUpload"))
    with pytest.raises(AxisError) as caught:
        api.create_upload(pb.CreateUploadRequest(size=301, request_id="two"), vpcp(bench, "CreateUpload"))
    assert (caught.value.code, caught.value.reason) == (Code.RESOURCE_EXHAUSTED, "UPLOADS_TOO_LARGE")
    assert caught.value.retry_after
    other = bench.call(HCMC, "lienthong.intake.v1.Intake/CreateUpload")
    assert api.create_upload(pb.CreateUploadRequest(size=1000, request_id="three"), other).name
