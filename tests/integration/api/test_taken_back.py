"""An update or a replacement that is taken back leaves no question behind at what it would have changed."""

from io import BytesIO

import pytest

from lienthong.chassis.errors import Code
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2, lifecycle_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2

from .world import World, acknowledge, delivered, document_of, progress_of, pull, refused, report, wait_for

UPDATE, REPLACEMENT = document_pb2.DOCUMENT_KIND_UPDATE, document_pb2.DOCUMENT_KIND_REPLACEMENT
ASKS = {UPDATE: lifecycle_pb2.SIDE_REQUEST_UPDATE, REPLACEMENT: lifecycle_pb2.SIDE_REQUEST_REPLACE}


def follow_up(world: World, kind: document_pb2.DocumentKind.ValueType, target: str) -> str:
    """Updates or replaces a document at the city; gives the name of the new one."""
    header = document_pb2.DocumentHeader(
        number=document_of().code.number,
        notation="VPCP-TH",
        subject="V/v đính chính",
        kind=kind,
        recipients=[document_pb2.Organization(code="000.00.00.H29")],
        targets=[document_pb2.Target(document_id=target)],
    )
    document = intake_pb2.DocumentContent(header=header)
    request = intake_pb2.SubmitDocumentRequest(document=document, request_id=new_request_id())
    return world.vpcp.intake.SubmitDocument(request).document


def recall(world: World, document: str) -> None:
    """Takes a document back."""
    request = intake_pb2.RecallDocumentRequest(name=document, reason="gửi nhầm", request_id=new_request_id())
    world.vpcp.intake.RecallDocument(request)


def asked(world: World, document: str, request: lifecycle_pb2.SideRequest.ValueType) -> None:
    """Waits until a request, or none, is the one that the next 15 or 16 answers."""
    wait_for("the request", lambda: progress_of(world.vpcp, document).recipients[0].side_request == request)


@pytest.mark.parametrize("kind", [UPDATE, REPLACEMENT])
def test_what_asked_is_taken_back_with_consent(world: World, kind: document_pb2.DocumentKind.ValueType) -> None:
    """After its recall was agreed to, the next 15 answers the next question, not that of what is gone."""
    receipt, item = delivered(world)
    second = follow_up(world, kind, receipt.document_id)
    asking = pull(world.city, second)
    acknowledge(world.city, asking)
    asked(world, receipt.document, ASKS[kind])
    recall(world, second)
    acknowledge(world.city, pull(world.city, second, mailbox_pb2.ITEM_KIND_REQUEST))
    assert report(world.city, "15", delivery=asking.delivery).state == lifecycle_pb2.DELIVERY_STATE_WITHDRAWN
    asked(world, receipt.document, lifecycle_pb2.SIDE_REQUEST_UNSPECIFIED)
    recall(world, receipt.document)
    asked(world, receipt.document, lifecycle_pb2.SIDE_REQUEST_RECALL)
    result = report(world.city, "15", delivery=item.delivery)
    assert (result.outcome, result.state) == (
        workflow_pb2.OUTCOME_APPLIED,
        lifecycle_pb2.DELIVERY_STATE_WITHDRAWN,
    )


def test_a_replacement_is_taken_back_unopened(world: World) -> None:
    """A replacement that nobody opened asks nothing any more: a 15 does not end what it would have replaced."""
    receipt, item = delivered(world)
    second = follow_up(world, REPLACEMENT, receipt.document_id)
    asked(world, receipt.document, ASKS[REPLACEMENT])
    recall(world, second)
    asked(world, receipt.document, lifecycle_pb2.SIDE_REQUEST_UNSPECIFIED)
    result = report(world.city, "15", delivery=item.delivery)
    assert (result.outcome, result.rule) == (workflow_pb2.OUTCOME_CONFLICT, "31")
    assert progress_of(world.vpcp, receipt.document).recipients[0].state == lifecycle_pb2.DELIVERY_STATE_ARRIVED


def test_an_update_is_taken_back_with_its_document(world: World) -> None:
    """A recall of a document that was updated, and agreed to, ends the content of the update too."""
    receipt, item = delivered(world)
    second = follow_up(world, UPDATE, receipt.document_id)
    asking = pull(world.city, second)
    acknowledge(world.city, asking)
    asked(world, receipt.document, ASKS[UPDATE])
    assert report(world.city, "15", delivery=item.delivery).rule == "24"
    recall(world, receipt.document)
    asked(world, receipt.document, lifecycle_pb2.SIDE_REQUEST_RECALL)
    assert report(world.city, "15", delivery=item.delivery).state == lifecycle_pb2.DELIVERY_STATE_WITHDRAWN

    def withdrawn() -> bool:
        request = mailbox_pb2.GetDeliveryRequest(name=asking.delivery)
        return world.city.mailbox.GetDelivery(request).transport_state == "WITHDRAWN"

    wait_for("the update is withdrawn too", withdrawn)
    refused(
        Code.FAILED_PRECONDITION,
        "DOCUMENT_WITHDRAWN",
        lambda: world.city.download(f"{asking.delivery}/content", BytesIO()),
    )
