"""CheckDocument tells what submitting would answer, all at once."""

from dataclasses import replace
from typing import Any
from unicodedata import normalize

import pytest
from tests.unit.intake.test_submit import file_of, submission, vpcp

from lienthong import edxml
from lienthong.chassis.errors import AxisError
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import ServiceBench

RECALL = edxml.Business(kind=edxml.BusinessKind.RECALL, reason="Sai nội dung")
BARE_REFERENCE = (
    b"<edXML:edXMLBody><edXML:edXMLManifest><edXML:Reference><edXML:ContentId>cid:a</edXML:ContentId></edXML:Reference>"
    b"</edXML:edXMLManifest></edXML:edXMLBody>"
)


def submitted(intake: ServiceBench, content: bytes, key: str = "a") -> pb.Receipt:
    """Hands a file in."""
    request = pb.SubmitEdxmlRequest(content=content, request_id=key)
    receipt: pb.Receipt = intake.api("Intake").submit_edxml(request, vpcp(intake, "SubmitEdxml"))
    return receipt


def checked(intake: ServiceBench, **source: Any) -> list[tuple[str, str]]:
    """Reasons and places of the problems."""
    request = pb.CheckDocumentRequest(**source)
    answer = intake.api("Intake").check_document(request, vpcp(intake, "CheckDocument"))
    assert answer.acceptable == (not answer.problems)
    return [(one.reason, one.path) for one in answer.problems]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"business": RECALL}, None),
        ({"business": replace(RECALL, reason=" ")}, "REASON_REQUIRED"),
        ({"business": RECALL, "recipients": (edxml.Organization("H41"),)}, "NOT_A_RECIPIENT"),
        ({"business": RECALL, "document_id": "unknown", "code": edxml.DocumentCode("9")}, "RESOURCE_NOT_FOUND"),
        ({}, None),
        ({"subject": "Khác"}, "DOCUMENT_ID_TAKEN"),
        ({"subject": "Khác", "business": edxml.Business(edxml.BusinessKind.UPDATE, document_id="doc-1")}, None),
    ],
)
def test_a_check_answers_as_a_submission(intake: ServiceBench, changes: dict[str, Any], problem: str | None) -> None:
    """What submitting would refuse for the sake of earlier documents is a problem of the check, by the same reason."""
    submitted(intake, file_of())
    content = file_of(**changes)
    assert [reason for reason, _ in checked(intake, edxml=content)] == ([problem] if problem else [])
    if problem is None:
        submitted(intake, content, "b")
        return
    with pytest.raises(AxisError) as refused:
        submitted(intake, content, "b")
    assert refused.value.reason == problem


def test_a_check_of_types_names_its_field(intake: ServiceBench) -> None:
    """A document in types whose DocumentId is taken is told so at the field that the caller filled in."""
    intake.api("Intake").submit_document(submission(), vpcp(intake))
    recall = submission(kind=document_pb2.DOCUMENT_KIND_RECALL, reason="Sai", document_id="x", number="9").document
    assert checked(intake, document=recall) == [("RESOURCE_NOT_FOUND", "document.header.document_id")]
    content = submission(subject="Khác").document
    assert checked(intake, document=content) == [("DOCUMENT_ID_TAKEN", "document.header.document_id")]


def test_a_document_in_types_is_told_of_all_at_once(intake: ServiceBench) -> None:
    """What is wrong with a field and who is not known come together, at the fields that the caller filled in."""
    content = submission(priority=9, recipients=[document_pb2.Organization(code="H77")]).document
    assert checked(intake, document=content) == [
        ("PRIORITY_INVALID", "document.header.priority"),
        ("RECIPIENT_UNKNOWN", "document.header.recipients[0].code"),
    ]
    content.header.kind = 99  # type: ignore[assignment] # a kind of a later contract
    assert checked(intake, document=content)[0] == ("KIND_MISSING", "document.header.kind")


def test_accents_make_no_other_document(intake: ServiceBench) -> None:
    """A DocumentId is the same however its accents are composed: a repeat, a target and a recall find the document."""
    composed = "Số 1/CV-ĐỘI"
    apart = normalize("NFD", composed)
    first = submitted(intake, file_of(document_id=composed))
    assert submitted(intake, file_of(document_id=apart), "b").name == first.name
    assert submitted(intake, file_of(document_id=apart, business=RECALL), "c").document == first.document


def test_a_broken_file_is_told_of_its_header_too(intake: ServiceBench) -> None:
    """Problems of attachments, of the markup and of who is named in the header come together, checked or submitted."""
    data = file_of(sender=edxml.Organization("Q99"), recipients=(edxml.Organization("H77"),))
    at = data.index(b"  </edXML:edXMLEnvelope>")
    header = [
        ("SENDER_UNREGISTERED", "MessageHeader/From/OrganId"),
        ("RECIPIENT_UNKNOWN", "MessageHeader/To[1]/OrganId"),
    ]
    reference = "edXML/edXMLEnvelope/edXMLBody/edXMLManifest/Reference"
    unpaired = data[:at] + BARE_REFERENCE + data[at:]
    assert checked(intake, edxml=unpaired) == [("ATTACHMENT_MISSING", reference), *header]
    assert checked(intake, edxml=data[:-9]) == [("XML_MALFORMED", ""), *header]
    with pytest.raises(AxisError) as refused:
        submitted(intake, unpaired)
    assert [one.reason for one in refused.value.violations] == ["ATTACHMENT_MISSING", *dict(header)]


def test_what_is_said_of_a_long_code_is_bounded(intake: ServiceBench) -> None:
    """A code of any length is told in part, as a warning and as a problem."""
    long = edxml.Organization("H" * 5000)
    receipt = submitted(intake, file_of(recipients=(edxml.Organization("H29"), long)))
    assert [len(one.found) for one in receipt.warnings if one.code == "RECIPIENT_UNKNOWN"] == [120]
    request = pb.CheckDocumentRequest(edxml=file_of(document_id="doc-2", recipients=(long,)))
    (problem,) = intake.api("Intake").check_document(request, vpcp(intake, "CheckDocument")).problems
    assert (problem.reason, len(problem.found)) == ("RECIPIENT_UNKNOWN", 120)
    assert len(problem.rule) < 300


def test_a_number_beyond_32_bits_is_a_warning(intake: ServiceBench) -> None:
    """A number that no message carries stops nothing: the document goes, the number stands in a warning."""
    data = file_of(steering_type=12_345_678_901)
    receipt = submitted(intake, data)
    (warning,) = [one for one in receipt.warnings if one.found == "12345678901"]
    assert warning.code == "VALUE_OUT_OF_RANGE"
