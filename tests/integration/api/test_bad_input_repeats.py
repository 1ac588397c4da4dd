"""Repeats: the first answer comes back, whatever carried the repeat; other content under the same key is refused."""

import re
from dataclasses import replace

import pytest

from lienthong import edxml
from lienthong.chassis.errors import Code
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.workflow.v1 import workflow_pb2

from .world import World, attached, delivered, document_of, file_of, refused, submit, told

PDF = b"%PDF-1.7\n%%EOF\n"


def test_the_same_request_and_the_same_content(world: World) -> None:
    """A repeat by request_id gets the first receipt, byte for byte."""
    key, content = new_request_id(), file_of()
    assert submit(world.vpcp, content, key) == submit(world.vpcp, content, key)


def test_the_same_request_and_other_content(world: World) -> None:
    """A request_id names one content: other content is ALREADY_EXISTS naming the first."""
    key = new_request_id()
    first = submit(world.vpcp, file_of(), key)
    error = refused(Code.ALREADY_EXISTS, "REQUEST_ID_REUSED", lambda: submit(world.vpcp, file_of(), key))
    assert error.metadata == {"first": first.name, "request_id": key}


def test_whatever_was_asked_first_is_named(world: World) -> None:
    """Answers without a name of their own are named by what they tell of, or by what was asked of."""
    _receipt, item = delivered(world)
    key, status = new_request_id(), workflow_pb2.StatusReport(delivery=item.delivery, code="03")
    call = world.city.workflow.ReportStatuses
    (first,) = call(workflow_pb2.ReportStatusesRequest(statuses=[status], request_id=key)).results
    status.code = "05"
    again = workflow_pb2.ReportStatusesRequest(statuses=[status], request_id=key)
    assert refused(Code.ALREADY_EXISTS, "REQUEST_ID_REUSED", lambda: call(again)).metadata["first"] == first.name
    wanted = notification_pb2.Subscription(channel=notification_pb2.CHANNEL_IN_APP)
    made = [
        world.city.notification.CreateSubscription(
            notification_pb2.CreateSubscriptionRequest(subscription=wanted, request_id=new_request_id())
        ).name
        for _ in range(2)
    ]
    end = [notification_pb2.DeleteSubscriptionRequest(name=name, request_id=key) for name in made]
    world.city.notification.DeleteSubscription(end[0])
    error = refused(
        Code.ALREADY_EXISTS, "REQUEST_ID_REUSED", lambda: world.city.notification.DeleteSubscription(end[1])
    )
    assert error.metadata["first"] == made[0]


def test_keys_belong_to_an_agency_and_a_method(world: World) -> None:
    """The same request_id of another agency, or for another method, is another request."""
    key, document = new_request_id(), document_of()
    first = submit(world.vpcp, file_of(document), key)
    other = document_of(sender=edxml.Organization("H41"), recipients=(edxml.Organization("H29"),))
    assert submit(world.nghe_an, file_of(other), key).document != first.document
    upload = world.vpcp.intake.CreateUpload(intake_pb2.CreateUploadRequest(size=1, request_id=key))
    assert upload.name.startswith("uploads/")


@pytest.mark.parametrize("key", ["", "k" * 129], ids=["missing", "too long"])
def test_a_key_is_needed(world: World, key: str) -> None:
    """Every mutation has a request_id of 1 to 128 characters."""
    request = intake_pb2.SubmitEdxmlRequest(content=file_of(), request_id=key)
    error = refused(Code.INVALID_ARGUMENT, "REQUEST_ID_INVALID", lambda: world.vpcp.intake.SubmitEdxml(request))
    assert told(error, "REQUEST_ID_INVALID").field == "request_id"


def test_only_successes_are_remembered(world: World) -> None:
    """A refused request may be sent again, corrected, under the same key."""
    key = new_request_id()
    refused(Code.INVALID_ARGUMENT, "XML_MALFORMED", lambda: submit(world.vpcp, b"<", key))
    assert submit(world.vpcp, file_of(), key).document


@pytest.mark.parametrize(
    "again",
    [
        lambda data: data,
        lambda data: re.sub(rb">\s+<", b"><", data),
        lambda data: data.replace(b"edXML:", b"ns0:").replace(b"xmlns:edXML", b"xmlns:ns0"),
        lambda data: data.replace(b"2026/11/20</", b"20/11/2026</").replace(b"Bussiness", b"Business"),
    ],
    ids=["same bytes", "no white space", "other prefix", "other date pattern"],
)
def test_the_same_document_however_serialised(world: World, again: object) -> None:
    """Sender and DocumentId are the second line: the same fingerprint gets the first receipt under any key."""
    assert callable(again)
    data = file_of(attachments=(attached("công văn.pdf", PDF),))
    first = submit(world.vpcp, data)
    assert submit(world.vpcp, again(data)) == first


def test_the_same_document_id_with_other_content(world: World) -> None:
    """Other content under a DocumentId is ALREADY_EXISTS: what differs, and how to send an update."""
    document = document_of(attachments=(attached("công văn.pdf", PDF),))
    first = submit(world.vpcp, file_of(document))
    other = replace(document, subject="Khác", attachments=(attached("công văn.pdf", PDF + b"x"),))
    error = refused(Code.ALREADY_EXISTS, "DOCUMENT_ID_TAKEN", lambda: submit(world.vpcp, file_of(other)))
    assert error.metadata == {"first": first.document, "different": "subject, attachments"}
    assert "BussinessDocType 2" in error.message


def test_the_same_document_id_of_another_sender(world: World) -> None:
    """A DocumentId is unique for its sender only."""
    document = document_of()
    first = submit(world.vpcp, file_of(document))
    other = replace(document, sender=edxml.Organization("H41"))
    assert submit(world.nghe_an, file_of(other)).document != first.document


def test_a_recall_repeats_the_document_id(world: World) -> None:
    """A recall repeats the DocumentId of what it takes back: no duplicate, but a recall with its own receipt."""
    document = document_of()
    first = submit(world.vpcp, file_of(document))
    business = edxml.Business(kind=edxml.BusinessKind.RECALL, reason="Sai số liệu")
    recall = submit(world.vpcp, file_of(replace(document, business=business)))
    assert recall.document == first.document
    assert recall.name != first.name


def test_an_update_repeats_by_content(world: World) -> None:
    """An update repeats its target's latest update when the content is the same; other content is a further one."""
    document = document_of()
    submit(world.vpcp, file_of(document))
    business = edxml.Business(kind=edxml.BusinessKind.UPDATE, document_id=document.document_id, reason="Sửa")
    update = replace(document, business=business, subject="Đã sửa")
    one = submit(world.vpcp, file_of(update))
    assert submit(world.vpcp, file_of(update)) == one
    assert submit(world.vpcp, file_of(replace(update, subject="Đã sửa lần hai"))).document != one.document


def test_a_recall_says_why(world: World) -> None:
    """A recall without a reason is refused (QD28 Art. 8), by call and by file."""
    document = document_of()
    first = submit(world.vpcp, file_of(document))
    silent = edxml.Business(kind=edxml.BusinessKind.RECALL)
    refused(
        Code.INVALID_ARGUMENT,
        "REASON_REQUIRED",
        lambda: submit(world.vpcp, file_of(replace(document, business=silent))),
    )
    request = intake_pb2.RecallDocumentRequest(name=first.document, reason=" ", request_id=new_request_id())
    error = refused(Code.INVALID_ARGUMENT, "REASON_REQUIRED", lambda: world.vpcp.intake.RecallDocument(request))
    assert told(error, "REASON_REQUIRED").field == "reason"


def test_a_recall_from_somebody_who_did_not_get_it(world: World) -> None:
    """A recall names recipients of the document only."""
    first = submit(world.vpcp, file_of())
    request = intake_pb2.RecallDocumentRequest(
        name=first.document, reason="Sai", recipient_codes=["H41"], request_id=new_request_id()
    )
    error = refused(Code.INVALID_ARGUMENT, "NOT_A_RECIPIENT", lambda: world.vpcp.intake.RecallDocument(request))
    assert "H41" in error.message


def test_both_content_and_upload(world: World) -> None:
    """Content comes once: in the call or by upload."""
    request = intake_pb2.SubmitEdxmlRequest(content=file_of(), upload="uploads/one", request_id=new_request_id())
    refused(Code.NOT_FOUND, "RESOURCE_NOT_FOUND", lambda: world.vpcp.intake.SubmitEdxml(request))
    upload = world.vpcp.intake.CreateUpload(intake_pb2.CreateUploadRequest(request_id=new_request_id()))
    request.upload = upload.name
    refused(Code.INVALID_ARGUMENT, "CONTENT_TWICE", lambda: world.vpcp.intake.SubmitEdxml(request))
    both = intake_pb2.AttachmentContent(name="a.txt", data=b"x", upload=upload.name)
    check = intake_pb2.CheckDocumentRequest(document=intake_pb2.DocumentContent(attachments=[both]))
    error = refused(Code.INVALID_ARGUMENT, "CONTENT_TWICE", lambda: world.vpcp.intake.CheckDocument(check))
    assert [one.field for one in error.violations] == ["document.attachments[0].data"]


def test_neither_content_nor_upload(world: World) -> None:
    """A request without content says that it has none, not where an empty file is wrong."""
    request = intake_pb2.SubmitEdxmlRequest(request_id=new_request_id())
    error = refused(Code.INVALID_ARGUMENT, "CONTENT_MISSING", lambda: world.vpcp.intake.SubmitEdxml(request))
    assert [one.field for one in error.violations] == ["content"]
    check = intake_pb2.CheckDocumentRequest()
    refused(Code.INVALID_ARGUMENT, "CONTENT_MISSING", lambda: world.vpcp.intake.CheckDocument(check))


def test_a_typed_document_gets_a_document_id(world: World) -> None:
    """A typed document without a DocumentId gets one in the comma form, and repeats by its request_id."""
    header = document_pb2.DocumentHeader(
        number="77",
        notation="VPCP-KGVX",
        subject="Thử",
        type_name="Công văn",
        kind=document_pb2.DOCUMENT_KIND_NEW,
        recipients=[document_pb2.Organization(code="H29")],
    )
    request = intake_pb2.SubmitDocumentRequest(
        document=intake_pb2.DocumentContent(header=header), request_id=new_request_id()
    )
    first = world.vpcp.intake.SubmitDocument(request)
    assert re.fullmatch(r"000\.00\.00\.G22,\d{4}/\d\d/\d\d,77/VPCP-KGVX", first.document_id)
    assert world.vpcp.intake.SubmitDocument(request) == first
