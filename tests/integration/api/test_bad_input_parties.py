"""Senders and recipients that cannot be: everything that is wrong is told at once."""

from dataclasses import replace

import pytest

from lienthong import edxml
from lienthong.chassis.errors import Code
from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2

from .world import World, document_of, file_of, progress_of, pull, refused, submit, to, told, wait_for


def typed(*codes: str, sender: str = "") -> intake_pb2.SubmitDocumentRequest:
    """A document in types."""
    header = document_pb2.DocumentHeader(
        number="1",
        notation="VPCP-TH",
        subject="Thử",
        type_name="Công văn",
        kind=document_pb2.DOCUMENT_KIND_NEW,
        recipients=[document_pb2.Organization(code=code) for code in codes],
        sender=document_pb2.Organization(code=sender) if sender else None,
    )
    return intake_pb2.SubmitDocumentRequest(
        document=intake_pb2.DocumentContent(header=header), request_id=new_request_id()
    )


def test_an_agency_of_somebody_else(world: World) -> None:
    """An active agency that the calling system may not act for is PERMISSION_DENIED, in files and in types."""
    foreign = file_of(sender=edxml.Organization("000.00.00.H41", "Giả danh"))
    error = refused(Code.PERMISSION_DENIED, "SENDER_NOT_GRANTED", lambda: submit(world.vpcp, foreign))
    assert "MessageHeader/From/OrganId" in error.message
    request = typed("H29", sender="H41")
    error = refused(Code.PERMISSION_DENIED, "SENDER_NOT_GRANTED", lambda: world.vpcp.intake.SubmitDocument(request))
    assert "document.header.sender.code" in error.message
    check = intake_pb2.CheckDocumentRequest(edxml=foreign)
    refused(Code.PERMISSION_DENIED, "SENDER_NOT_GRANTED", lambda: world.vpcp.intake.CheckDocument(check))


@pytest.mark.parametrize(
    ("code", "reason"), [("000.00.00.X77", "SENDER_UNREGISTERED"), ("H98", "SENDER_RETIRED")], ids=str
)
def test_a_sender_that_cannot_send(world: World, code: str, reason: str) -> None:
    """An unregistered or retired sender is wrong, not forbidden: INVALID_ARGUMENT with its path."""
    error = refused(Code.INVALID_ARGUMENT, reason, lambda: submit(world.vpcp, file_of(sender=edxml.Organization(code))))
    assert told(error, reason).field == "MessageHeader/From/OrganId"


def test_no_recipients(world: World) -> None:
    """A document has at least one recipient."""
    refused(Code.INVALID_ARGUMENT, "RECIPIENTS_MISSING", lambda: world.vpcp.intake.SubmitDocument(typed()))


@pytest.mark.parametrize("codes", [("H29", "H29"), ("000.00.00.H29", "H29")], ids=["same code", "two aliases"])
def test_a_recipient_twice(world: World, codes: tuple[str, str]) -> None:
    """An agency is addressed once, under any of its codes."""
    error = refused(
        Code.INVALID_ARGUMENT, "RECIPIENT_DUPLICATE", lambda: submit(world.vpcp, file_of(recipients=to(*codes)))
    )
    assert told(error, "RECIPIENT_DUPLICATE").field == "MessageHeader/To[2]/OrganId"


def test_more_than_two_thousand(world: World) -> None:
    """A document has at most 2,000 recipients; the refusal says how many there are."""
    codes = ["H29", *(f"H29.{number}" for number in range(2000))]
    error = refused(
        Code.INVALID_ARGUMENT, "RECIPIENTS_TOO_MANY", lambda: submit(world.vpcp, file_of(recipients=to(*codes)))
    )
    assert "2000" in error.message


def test_everything_wrong_is_listed_at_once(world: World) -> None:
    """Sender, duplicate and kind: one refusal names them all."""
    document = document_of(
        sender=edxml.Organization("X77"),
        recipients=to("H29", "000.00.00.H29", "H41", "000.00.00.H41"),
    )
    error = refused(Code.INVALID_ARGUMENT, "DOCUMENT_INVALID", lambda: submit(world.vpcp, file_of(document)))
    found = sorted(one.reason for one in error.violations)
    assert found == ["RECIPIENT_DUPLICATE", "RECIPIENT_DUPLICATE", "SENDER_UNREGISTERED"]
    assert "3 problems" in error.message


def test_one_unknown_recipient(world: World) -> None:
    """An unknown recipient does not stop the others: it fails alone, with the nearest codes suggested."""
    receipt = submit(world.vpcp, file_of(recipients=to("H29", "H42")))
    unknown = receipt.recipients[1]
    assert (receipt.recipients[0].agency, unknown.agency) == (world.agencies["city"].name, "")
    assert "H41" in unknown.nearest_codes
    assert pull(world.city, receipt.document).document == receipt.document

    def failure() -> str:
        rows = progress_of(world.vpcp, receipt.document).recipients
        return next((row.failure for row in rows if row.code == "H42"), "")

    assert "H41" in wait_for("the failed delivery", failure)


def test_no_known_recipient(world: World) -> None:
    """When nobody is known both `check` and `submit` refuse, with the nearest codes of each."""
    data = file_of(recipients=to("H42", "H49"))
    error = refused(Code.INVALID_ARGUMENT, "DOCUMENT_INVALID", lambda: submit(world.vpcp, data))
    assert {one.reason for one in error.violations} == {"RECIPIENT_UNKNOWN"}
    assert "H41" in error.violations[0].remedy
    check = world.vpcp.intake.CheckDocument(intake_pb2.CheckDocumentRequest(edxml=data))
    assert not check.acceptable
    assert [one.path for one in check.problems] == ["MessageHeader/To[1]/OrganId", "MessageHeader/To[2]/OrganId"]


def test_a_retired_recipient(world: World) -> None:
    """An agency that retired without a successor counts as unknown."""
    receipt = submit(world.vpcp, file_of(recipients=to("H29", "H98")))
    assert [one.agency != "" for one in receipt.recipients] == [True, False]


def test_a_group(world: World) -> None:
    """A group is written as one recipient and becomes its members; one also named alone is merged."""
    receipt = submit(world.vpcp, file_of(recipients=to("provinces", "H29")))
    found = sorted(one.agency for one in receipt.recipients)
    assert found == sorted((world.agencies["city"].name, world.agencies["nghe-an"].name))
    own = file_of(document_of(sender=edxml.Organization("H29"), recipients=to("provinces")))
    assert [one.agency for one in submit(world.city, own).recipients] == [world.agencies["nghe-an"].name]


def test_a_system_for_two_agencies_names_one(world: World) -> None:
    """A system that may act for several agencies always names one, and the document's sender must be that one."""
    silent, spoken = world.speak("shared"), world.speak("shared", "H29")
    error = refused(Code.INVALID_ARGUMENT, "AGENCY_NOT_NAMED", lambda: submit(silent, file_of()))
    assert "x-lienthong-agency" in error.message
    error = refused(Code.INVALID_ARGUMENT, "SENDER_DIFFERS", lambda: submit(spoken, file_of()))
    assert told(error, "SENDER_DIFFERS").field == "MessageHeader/From/OrganId"
    mine = document_of(sender=edxml.Organization("H29"), recipients=to("H41"))
    assert submit(spoken, file_of(mine)).document
    assert listed(world.speak("shared", world.agencies["city"].name)) == listed(spoken)


@pytest.mark.parametrize("named", ["H41", "X77", "H98"])
def test_a_system_names_an_agency_that_it_may_not_act_for(world: World, named: str) -> None:
    """Naming an agency without a grant is PERMISSION_DENIED, alike for foreign, unknown and retired ones."""
    spoken = world.speak("shared", named)
    error = refused(Code.PERMISSION_DENIED, "AGENCY_NOT_GRANTED", lambda: listed(spoken))
    assert named in error.message


def listed(axis: Axis) -> object:
    """Lists what was sent."""
    return axis.intake.ListDocuments(intake_pb2.ListDocumentsRequest())


def test_a_date_that_does_not_exist_in_types(world: World) -> None:
    """A typed document says exactly what it means: a day that does not exist is refused."""
    request = typed("H29")
    day = request.document.header.promulgation_date
    day.year, day.month, day.day = 2026, 2, 30
    error = refused(Code.INVALID_ARGUMENT, "DATE_INVALID", lambda: world.vpcp.intake.SubmitDocument(request))
    assert told(error, "DATE_INVALID")


def test_a_typed_document_without_a_kind(world: World) -> None:
    """What a document does to earlier ones is said, never guessed."""
    request = typed("H29")
    request.document.header.kind = document_pb2.DOCUMENT_KIND_UNSPECIFIED
    error = refused(Code.INVALID_ARGUMENT, "KIND_MISSING", lambda: world.vpcp.intake.SubmitDocument(request))
    assert told(error, "KIND_MISSING").field == "document.header.kind"


def test_names_in_the_file_are_display_data(world: World) -> None:
    """Who somebody is stands in the directory: a wrong name beside a right code changes nothing."""
    document = document_of()
    odd = replace(document, recipients=(edxml.Organization("H29", "Bộ Tài chính"),))
    (recipient,) = submit(world.vpcp, file_of(odd)).recipients
    assert recipient.agency == world.agencies["city"].name
