"""Agencies that were joined, and codes that went from one to another, while documents are on the way."""

from dataclasses import dataclass
from itertools import count

import pytest

from lienthong.chassis.errors import Code
from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2, lifecycle_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2

from .world import World, acknowledge, document_of, file_of, progress_of, pull, refused, report, submit, to, wait_for

_numbers = count(50)


@dataclass
class Joined:
    """Two agencies of which the first went into the second after a document had come."""

    old: str
    new: str
    successor: Axis
    document: str


@pytest.fixture
def joined(world: World) -> Joined:
    """A document to the first of two agencies and to the city; then the first goes into the second."""
    old, new = (f"H{next(_numbers)}" for _ in range(2))
    world.join(f"old-{old}", f"UBND tỉnh cũ {old}", f"000.00.00.{old}", old)
    successor = world.join(f"new-{new}", f"UBND tỉnh mới {new}", f"000.00.00.{new}", new)
    receipt = submit(world.vpcp, file_of(recipients=to(f"000.00.00.{old}", "000.00.00.H29")))
    acknowledge(world.sessions[f"old-{old}"], pull(world.sessions[f"old-{old}"], receipt.document))
    acknowledge(world.city, pull(world.city, receipt.document))
    merge = directory_pb2.MergeAgenciesRequest(
        names=[f"agencies/{old}"], successor=f"agencies/{new}", request_id=new_request_id()
    )
    world.operator.directory.MergeAgencies(merge)
    wait_for("it has the mailbox", lambda: progress_of(successor, receipt.document).recipients)
    return Joined(old, new, successor, receipt.document)


def asked(world: World, document: str) -> set[str]:
    """Codes of the recipients at which a request of the sender is open."""
    rows = progress_of(world.vpcp, document).recipients
    open_ = [row for row in rows if row.side_request not in {0, lifecycle_pb2.SIDE_REQUEST_UNSPECIFIED}]
    return {row.code for row in open_}


@pytest.mark.parametrize("which", ["old", "new"])
def test_a_recall_names_either_code(world: World, joined: Joined, which: str) -> None:
    """A recall from one recipient reaches whoever took it over, under the code of then and under that of now."""
    code = getattr(joined, which)
    request = intake_pb2.RecallDocumentRequest(
        name=joined.document, reason="gửi nhầm nơi nhận", recipient_codes=[code], request_id=new_request_id()
    )
    world.vpcp.intake.RecallDocument(request)
    item = pull(joined.successor, joined.document, mailbox_pb2.ITEM_KIND_REQUEST)
    assert item.description == "gửi nhầm nơi nhận"
    assert len(wait_for("the request is open", lambda: asked(world, joined.document))) == 1


def test_a_status_13_names_the_code_of_now(world: World, joined: Joined) -> None:
    """A recall by status does the same as a recall by call."""
    document_id = progress_of(world.vpcp, joined.document).document_id
    result = report(
        world.vpcp, "13", document_id=document_id, description="gửi nhầm", recipient_codes=[f"000.00.00.{joined.new}"]
    )
    assert result.outcome == workflow_pb2.OUTCOME_FORWARDED
    assert pull(joined.successor, joined.document, mailbox_pb2.ITEM_KIND_REQUEST).description == "gửi nhầm"
    assert len(asked(world, joined.document)) == 1


def test_a_recall_names_the_code_that_the_document_wrote(world: World) -> None:
    """A code that went to another agency since means the recipient that the document wrote with it."""
    moved, kept = (f"H{next(_numbers)}" for _ in range(2))
    former = world.join(f"former-{kept}", f"Sở {kept}", kept, moved)
    receipt = submit(world.vpcp, file_of(recipients=to(moved, "H29")))
    acknowledge(former, pull(former, receipt.document))
    rename = directory_pb2.RenameAgencyRequest(name=f"agencies/{kept}", end_codes=[moved], request_id=new_request_id())
    world.operator.directory.RenameAgency(rename)
    world.register(f"later-{moved}", f"Sở mới {moved}", f"{moved}.1")
    rename = directory_pb2.RenameAgencyRequest(
        name=f"agencies/{moved}.1", add_codes=[moved], request_id=new_request_id()
    )
    world.operator.directory.RenameAgency(rename)
    request = intake_pb2.RecallDocumentRequest(
        name=receipt.document, reason="gửi nhầm", recipient_codes=[moved], request_id=new_request_id()
    )
    world.vpcp.intake.RecallDocument(request)
    assert pull(former, receipt.document, mailbox_pb2.ITEM_KIND_REQUEST).description == "gửi nhầm"
    request = intake_pb2.RecallDocumentRequest(
        name=receipt.document, reason="gửi nhầm", recipient_codes=[f"{moved}.1"], request_id=new_request_id()
    )
    refused(Code.INVALID_ARGUMENT, "NOT_A_RECIPIENT", lambda: world.vpcp.intake.RecallDocument(request))


def replacement(world: World, target: str, codes: list[str]) -> intake_pb2.Receipt:
    """Replaces a document at the recipients with some codes; it goes to the city and to Nghệ An."""
    header = document_pb2.DocumentHeader(
        number=document_of().code.number,
        notation="VPCP-TH",
        subject="V/v thay thế",
        kind=document_pb2.DOCUMENT_KIND_REPLACEMENT,
        recipients=[document_pb2.Organization(code=code) for code in ("000.00.00.H29", "000.00.00.H41")],
        targets=[document_pb2.Target(document_id=target, recipient_codes=codes)],
    )
    document = intake_pb2.DocumentContent(header=header)
    return world.vpcp.intake.SubmitDocument(
        intake_pb2.SubmitDocumentRequest(document=document, request_id=new_request_id())
    )


def test_a_replacement_at_some_recipients_under_another_code(world: World) -> None:
    """A replacement for one recipient concerns that one alone, in whichever style its code is written."""
    first = submit(world.vpcp, file_of(recipients=to("000.00.00.H29", "000.00.00.H41")))
    for axis in (world.city, world.nghe_an):
        acknowledge(axis, pull(axis, first.document))
    second = replacement(world, first.document_id, ["H41"])
    for axis in (world.city, world.nghe_an):
        pull(axis, second.document)
    wait_for("it is asked", lambda: asked(world, first.document))
    assert asked(world, first.document) == {"000.00.00.H41"}


def test_a_replacement_for_nobody_is_not_for_everybody(world: World) -> None:
    """A target named for codes that nobody has is left as it is, with a warning."""
    first = submit(world.vpcp, file_of(recipients=to("000.00.00.H29", "000.00.00.H41")))
    for axis in (world.city, world.nghe_an):
        acknowledge(axis, pull(axis, first.document))
    second = replacement(world, first.document_id, ["H99.9"])
    assert "TARGET_RECIPIENT_UNKNOWN" in {one.code for one in second.warnings}
    acknowledge(world.city, pull(world.city, second.document))
    wait_for(
        "it arrived", lambda: progress_of(world.city, second.document).recipients[0].steps[0].HasField("start_time")
    )
    assert asked(world, first.document) == set()
