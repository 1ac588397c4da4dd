"""Documents in types: what a field may not hold is refused with its place, all of it at once."""

from typing import Any

import pytest
from google.type import date_pb2

from lienthong.chassis.errors import Code
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2
from lienthong.workflow.v1 import workflow_pb2

from .world import World, delivered, file_of, refused, told


def typed(
    attachments: tuple[intake_pb2.AttachmentContent, ...] = (), **fields: Any
) -> intake_pb2.SubmitDocumentRequest:
    """A letter to the city in types, with changes."""
    values: dict[str, Any] = {
        "number": "1",
        "notation": "VPCP-TH",
        "subject": "V/v thử nghiệm",
        "kind": document_pb2.DOCUMENT_KIND_NEW,
        "recipients": [document_pb2.Organization(code="000.00.00.H29")],
    }
    header = document_pb2.DocumentHeader(**(values | fields))
    content = intake_pb2.DocumentContent(header=header, attachments=attachments)
    return intake_pb2.SubmitDocumentRequest(document=content, request_id=new_request_id())


def _day(year: int) -> date_pb2.Date:
    return date_pb2.Date(year=year, month=1, day=31)


def _answer(year: int) -> document_pb2.ResponseFor:
    return document_pb2.ResponseFor(organ_code="H29", document_id="x", promulgation_date=_day(year))


NAMELESS = intake_pb2.AttachmentContent(data=b"x")
NAMED = intake_pb2.AttachmentContent(name="a.txt", data=b"x")


@pytest.mark.parametrize(
    ("reason", "field", "request_of"),
    [
        ("ATTACHMENTS_TOO_MANY", "document.attachments", lambda: typed((NAMED,) * 101)),
        ("ATTACHMENT_NAME_MISSING", "document.attachments[1].name", lambda: typed((NAMED, NAMELESS))),
        ("PRIORITY_INVALID", "document.header.priority", lambda: typed(priority=5)),
        ("PRIORITY_INVALID", "document.header.priority", lambda: typed(priority=-1)),
        ("TARGET_MISSING", "document.header.targets", lambda: typed(kind=document_pb2.DOCUMENT_KIND_UPDATE)),
        ("TARGET_MISSING", "document.header.targets", lambda: typed(kind=document_pb2.DOCUMENT_KIND_REPLACEMENT)),
        ("KIND_MISSING", "document.header.kind", lambda: typed(kind=99)),
        ("NUMBER_INVALID", "document.header.page_amount", lambda: typed(page_amount=-1)),
        ("NUMBER_INVALID", "document.header.promulgation_amount", lambda: typed(promulgation_amount=-(2**31))),
        (
            "DATE_INVALID",
            "document.header.promulgation_date",
            lambda: typed(promulgation_date=date_pb2.Date(year=9999)),
        ),
        ("DATE_INVALID", "document.header.promulgation_date", lambda: typed(promulgation_date=_day(9999))),
        ("DATE_INVALID", "document.header.due_date", lambda: typed(due_date=_day(1899))),
        ("DATE_INVALID", "document.header.response_for[0].promulgation_date", lambda: typed(response_for=[_answer(1)])),
    ],
)
def test_a_field_that_cannot_be(world: World, reason: str, field: str, request_of: Any) -> None:
    """The refusal names the field, the rule and the remedy; it is never read as something else."""
    error = refused(Code.INVALID_ARGUMENT, reason, lambda: world.vpcp.intake.SubmitDocument(request_of()))
    violation = told(error, reason)
    assert violation.field == field
    assert violation.remedy.startswith(("Give ", "Send ")), "the remedy follows the rule"


def test_all_problems_of_the_fields_at_once(world: World) -> None:
    """Whoever corrects a document learns everything that is wrong with its fields in one answer."""
    request = typed((NAMELESS,), kind=99, priority=7)
    error = refused(Code.INVALID_ARGUMENT, "DOCUMENT_INVALID", lambda: world.vpcp.intake.SubmitDocument(request))
    assert {one.reason for one in error.violations} == {"KIND_MISSING", "PRIORITY_INVALID", "ATTACHMENT_NAME_MISSING"}


def test_an_upload_has_no_negative_length(world: World) -> None:
    """A length is a length."""
    request = intake_pb2.CreateUploadRequest(size=-1, request_id=new_request_id())
    refused(Code.INVALID_ARGUMENT, "SIZE_INVALID", lambda: world.vpcp.intake.CreateUpload(request))


def test_what_is_malformed_is_said_in_words(world: World) -> None:
    """A refusal of a file says where, what the rule is and what stands there: nobody takes the rule for a finding."""
    request = intake_pb2.SubmitEdxmlRequest(
        content=file_of().replace(b"</edXML:Subject>", b"</edXML:Subjekt>"), request_id=new_request_id()
    )
    error = refused(Code.INVALID_ARGUMENT, "XML_MALFORMED", lambda: world.vpcp.intake.SubmitEdxml(request))
    assert error.message.startswith("line ")
    assert "must be well-formed XML" in error.message
    assert "mismatched tag" in error.message


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("document.header.document_id", {"document_id": "d" * 201}),
        ("document.header.number", {"number": "1" * 201}),
        ("document.header.notation", {"notation": "Ủ" * 201}),
    ],
)
def test_what_a_document_is_found_by_is_bounded(world: World, path: str, fields: dict[str, Any]) -> None:
    """A DocumentId, number or notation has at most 200 characters: an index of any database can hold it."""
    request = typed(**{"document_id": "d", **fields})
    error = refused(Code.INVALID_ARGUMENT, "IDENTIFIER_TOO_LONG", lambda: world.vpcp.intake.SubmitDocument(request))
    assert told(error, "IDENTIFIER_TOO_LONG").field == path


def test_parties_are_told_by_their_fields(world: World) -> None:
    """Who fills in fields is told of fields, in refusals and in warnings; places in edXML are for senders of files."""
    parties = {code: document_pb2.Organization(code=code) for code in ("H29", "H42", "000.00.00.H29", "H99.99")}
    request = typed(sender=parties["H99.99"], recipients=[parties[code] for code in ("H29", "H42", "000.00.00.H29")])
    error = refused(Code.INVALID_ARGUMENT, "DOCUMENT_INVALID", lambda: world.vpcp.intake.SubmitDocument(request))
    assert told(error, "SENDER_UNREGISTERED").field == "document.header.sender.code"
    assert told(error, "RECIPIENT_DUPLICATE").field == "document.header.recipients[2].code"
    check = world.vpcp.intake.CheckDocument(intake_pb2.CheckDocumentRequest(document=request.document))
    assert [one.path for one in check.warnings if one.code == "RECIPIENT_UNKNOWN"] == [
        "document.header.recipients[1].code"
    ]


def test_a_text_with_nul_is_refused_with_its_place(world: World) -> None:
    """U+0000 fits neither edXML nor every database: it is refused at the door, wherever it stands in a message."""
    request = typed((NAMED,), recipients=[document_pb2.Organization(code="H29", name="UBND\0")])
    error = refused(Code.INVALID_ARGUMENT, "TEXT_WITH_NUL", lambda: world.vpcp.intake.SubmitDocument(request))
    assert told(error, "TEXT_WITH_NUL").field == "document.header.recipients[0].name"


def test_a_status_with_nul_spoils_no_other_of_its_batch(world: World) -> None:
    """Each status of a batch is refused by itself, whatever stands in its texts; the door checks what all share."""
    _, item = delivered(world)
    batch = workflow_pb2.ReportStatusesRequest(request_id=new_request_id())
    batch.statuses.add(code="03", delivery=item.delivery, description="dòng\0một")
    batch.statuses.add(code="03", delivery=item.delivery, description="dòng một")
    bad, good = world.city.workflow.ReportStatuses(batch).results
    assert (bad.status.code, good.status.code) == (Code.INVALID_ARGUMENT.value, 0)
    assert "U+0000" in bad.status.message
    batch.request_id = "a\0b"
    refused(Code.INVALID_ARGUMENT, "TEXT_WITH_NUL", lambda: world.city.workflow.ReportStatuses(batch))


def test_a_check_tells_of_nul_among_all_problems(world: World) -> None:
    """Each text with U+0000 is a problem with path, rule and remedy, beside those of other fields."""
    request = typed((NAMED,), recipients=[document_pb2.Organization(code="H29", name="UBND\0")], priority=7)
    request.document.attachments[0].upload = "uploads/a\0b"
    answer = world.vpcp.intake.CheckDocument(intake_pb2.CheckDocumentRequest(document=request.document))
    assert {(one.reason, one.path) for one in answer.problems} == {
        ("TEXT_WITH_NUL", "document.header.recipients[0].name"),
        ("TEXT_WITH_NUL", "document.attachments[0].upload"),
        ("PRIORITY_INVALID", "document.header.priority"),
    }
    assert all(one.rule and one.remedy for one in answer.problems)
    assert not answer.acceptable
    upload = intake_pb2.CheckDocumentRequest(upload="uploads/a\0b")
    refused(Code.INVALID_ARGUMENT, "TEXT_WITH_NUL", lambda: world.vpcp.intake.CheckDocument(upload))


@pytest.mark.parametrize("character", ["\x0b", "\x1b", "\ufffe"])
def test_a_character_that_no_file_carries_is_refused_wherever_it_stands(world: World, character: str) -> None:
    """What edXML cannot carry would keep a status, a recall or a name from whoever reads files: nobody may send it."""
    receipt, item = delivered(world)
    odd = f"dòng một{character}dòng hai"
    recall = intake_pb2.RecallDocumentRequest(name=receipt.document, reason=odd, request_id=new_request_id())
    agency = directory_pb2.CreateAgencyRequest(request_id=new_request_id())
    agency.agency.display_name = odd
    for field, call in (
        ("reason", lambda: world.vpcp.intake.RecallDocument(recall)),
        ("agency.display_name", lambda: world.operator.directory.CreateAgency(agency)),
    ):
        assert told(refused(Code.INVALID_ARGUMENT, "CHARACTER_ILLEGAL", call), "CHARACTER_ILLEGAL").field == field
    batch = workflow_pb2.ReportStatusesRequest(request_id=new_request_id())
    batch.statuses.add(code="03", delivery=item.delivery, description=odd)
    batch.statuses.add(code="03", delivery=item.delivery, description="dòng một\ndòng hai")
    checked = world.vpcp.intake.CheckDocument(
        intake_pb2.CheckDocumentRequest(document=typed((NAMED,), subject=odd, number=odd, notation="x" * 201).document)
    )
    assert {one.reason for one in checked.problems} == {"IDENTIFIER_TOO_LONG", "CHARACTER_ILLEGAL"}
    bad, good = world.city.workflow.ReportStatuses(batch).results
    assert (bad.status.code, good.status.code) == (Code.INVALID_ARGUMENT.value, 0), "the others of a batch go on"
