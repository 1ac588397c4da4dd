"""Statuses that do not fit: kept, said what became of them, and never a way to look at what others exchange."""

from datetime import date

import pytest

from lienthong import edxml
from lienthong.chassis.errors import Code
from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import lifecycle_pb2
from lienthong.common.v1 import operations_pb2 as ops
from lienthong.routing.v1 import mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2 as pb

from .world import World, acknowledge, delivered, file_of, progress_of, pull, refused, report, submit, to, wait_for


def unmatched(axis: Axis) -> list[pb.UnmatchedStatus]:
    """Lists the statuses of an agency that match nothing."""
    return list(axis.workflow.ListUnmatchedStatuses(pb.ListUnmatchedStatusesRequest(page_size=500)).statuses)


def statuses_of(axis: Axis, document: str) -> list[pb.StatusRecord]:
    """Lists what was reported about a document."""
    return list(axis.workflow.ListStatuses(pb.ListStatusesRequest(document=document, page_size=500)).statuses)


def test_foreign_and_absent_are_answered_alike(world: World) -> None:
    """A status about a document of others is answered like one about nothing: kept, audited, not applied, listed."""
    receipt, item = delivered(world)
    absent = f"{receipt.document_id}-khác"
    answers = [report(world.nghe_an, "03", document_id=identifier) for identifier in (receipt.document_id, absent)]
    assert [(one.status.code, one.outcome, one.state, one.rule) for one in answers] == [
        (0, pb.OUTCOME_KEPT, lifecycle_pb2.DELIVERY_STATE_UNSPECIFIED, ""),
        (0, pb.OUTCOME_KEPT, lifecycle_pb2.DELIVERY_STATE_UNSPECIFIED, ""),
    ]
    named = [report(world.nghe_an, "03", delivery=name) for name in (item.delivery, item.delivery[:-4] + "0000")]
    assert named[0].outcome == named[1].outcome
    assert named[0].status.code == named[1].status.code
    names = {one.name for one in answers}
    listed = wait_for("both unmatched", lambda: [one for one in unmatched(world.nghe_an) if one.name in names])
    wait_for("both unmatched", lambda: names <= {one.name for one in unmatched(world.nghe_an)})
    assert {one.document_id for one in listed} <= {receipt.document_id, absent}
    assert progress_of(world.vpcp, receipt.document).recipients[0].state == lifecycle_pb2.DELIVERY_STATE_ARRIVED
    assert not [one for one in unmatched(world.city) if one.name in names]


def test_an_unmatched_status_is_in_the_audit_trail(world: World) -> None:
    """What was kept without a delivery stands in the audit trail with who said it."""
    result = report(world.nghe_an, "03", document_id="không có, 2026")
    request = ops.ListAuditEntriesRequest(service="workflow", resource=result.name)
    entries = world.operator.operations("workflow").ListAuditEntries(request).entries
    assert [one.agency for one in entries] == [world.agencies["nghe-an"].name.removeprefix("agencies/")]


def test_linking_reaches_own_deliveries_only(world: World) -> None:
    """An unmatched status is linked to a delivery of the caller only; foreign and absent ones are NOT_FOUND."""
    _receipt, mine = delivered(world)
    kept = report(world.city, "03", document_id="sai mã")

    def link(axis: Axis, delivery: str) -> pb.StatusResult:
        request = pb.LinkUnmatchedStatusRequest(name=kept.name, delivery=delivery, request_id=new_request_id())
        return axis.workflow.LinkUnmatchedStatus(request)

    refused(Code.NOT_FOUND, "RESOURCE_NOT_FOUND", lambda: link(world.nghe_an, mine.delivery))
    absent = mine.delivery[:-4] + "0000"
    refused(Code.NOT_FOUND, "RESOURCE_NOT_FOUND", lambda: link(world.city, absent))
    assert link(world.city, mine.delivery).outcome == pb.OUTCOME_APPLIED


def test_an_unknown_code_is_kept_verbatim(world: World) -> None:
    """A code that the axis does not know is kept as written, passed on, and changes no state."""
    receipt, item = delivered(world)
    result = report(world.city, "77", delivery=item.delivery, description="mã riêng")
    assert result.status.code == 0
    assert result.state == lifecycle_pb2.DELIVERY_STATE_ARRIVED
    kept = next(one for one in statuses_of(world.vpcp, receipt.document) if one.code == "77")
    assert kept.description == "mã riêng"
    told = pull(world.vpcp, receipt.document, mailbox_pb2.ITEM_KIND_STATUS)
    assert told.document == receipt.document


def test_an_earlier_step_after_a_later_one_is_history(world: World) -> None:
    """A step back is kept as history only; being assigned again while in process is no step back."""
    _receipt, item = delivered(world)
    for code in ("03", "04", "05"):
        assert report(world.city, code, delivery=item.delivery).outcome == pb.OUTCOME_APPLIED
    back = report(world.city, "03", delivery=item.delivery, description="muộn")
    assert (back.outcome, back.state) == (pb.OUTCOME_HISTORY, lifecycle_pb2.DELIVERY_STATE_PROCESSING)
    again = report(world.city, "04", delivery=item.delivery, description="giao lại")
    assert again.outcome == pb.OUTCOME_APPLIED


def test_a_status_after_the_withdrawal_is_a_conflict(world: World) -> None:
    """What comes after a withdrawal is history, and somebody is alerted to the conflict."""
    receipt = submit(world.vpcp, file_of())
    delivery = wait_for(
        "the delivery", lambda: next((row.delivery for row in progress_of(world.vpcp, receipt.document).recipients), "")
    )
    received = mailbox_pb2.ListDeliveriesRequest()
    wait_for(
        "the city can see it",
        lambda: delivery in {one.name for one in world.city.mailbox.ListDeliveries(received).deliveries},
    )
    recall = report(world.vpcp, "13", document_id=receipt.document_id, description="Sai số liệu")
    assert recall.status.code == 0

    def withdrawn() -> bool:
        rows = progress_of(world.vpcp, receipt.document).recipients
        return rows[0].state == lifecycle_pb2.DELIVERY_STATE_WITHDRAWN

    wait_for("the withdrawal", withdrawn)
    late = report(world.city, "03", delivery=delivery)
    assert (late.status.code, late.outcome) == (0, pb.OUTCOME_CONFLICT)
    assert late.state == lifecycle_pb2.DELIVERY_STATE_WITHDRAWN


def test_a_status_that_came_first_is_matched_by_itself(world: World) -> None:
    """A status that came before its document is applied by itself when the delivery is known."""
    data = file_of(document_id="000.00.00.G22,2026/11/20,901/sớm")
    early = report(world.city, "03", document_id="000.00.00.G22,2026/11/20,901/sớm", arrival_number="12")
    assert early.outcome == pb.OUTCOME_KEPT
    receipt = submit(world.vpcp, data)
    acknowledge(world.city, pull(world.city, receipt.document))
    wait_for(
        "03 is applied",
        lambda: progress_of(world.vpcp, receipt.document).recipients[0].arrival_number == "12",
    )


@pytest.mark.parametrize(
    ("code", "text"),
    [("02", ""), ("16", ""), ("", "x"), ("0" * 300, "")],
    ids=["02 without a reason", "16 without a reason", "no code", "an endless code"],
)
def test_a_status_that_says_too_little(world: World, code: str, text: str) -> None:
    """In a batch each status has its own answer; a code stands in it, the others are recorded."""
    _receipt, item = delivered(world)
    wrong = pb.StatusReport(code=code, delivery=item.delivery, description=text)
    right = pb.StatusReport(code="03", delivery=item.delivery)
    request = pb.ReportStatusesRequest(statuses=[wrong, right], request_id=new_request_id())
    first, second = world.city.workflow.ReportStatuses(request).results
    assert first.status.code == Code.INVALID_ARGUMENT.value
    assert first.status.message
    assert second.outcome == pb.OUTCOME_APPLIED


def test_a_broken_status_file_in_a_batch(world: World) -> None:
    """A status file that cannot be read is refused for itself, with its place."""
    request = pb.ReportStatusesRequest(edxml=[b"1212", file_of()], request_id=new_request_id())
    results = world.city.workflow.ReportStatuses(request).results
    assert [one.status.code for one in results] == [Code.INVALID_ARGUMENT.value] * 2
    assert "line 1, column 1" in results[0].status.message


def test_a_status_file_in_the_name_of_another(world: World) -> None:
    """A status file comes from the agency that reports; in another's name it is refused or kept, never applied."""
    receipt, item = delivered(world)
    status = edxml.Status(
        edxml.Organization("H29"),
        edxml.ResponseFor("G22", "1/VPCP-TH", receipt.document_id, date(2026, 11, 20)),
        "03",
    )
    request = pb.ReportStatusesRequest(edxml=[file_of(status)], request_id=new_request_id())
    (result,) = world.nghe_an.workflow.ReportStatuses(request).results
    assert result.outcome != pb.OUTCOME_APPLIED
    assert progress_of(world.city, receipt.document).recipients[0].state == lifecycle_pb2.DELIVERY_STATE_ARRIVED
    request = pb.ReportStatusesRequest(edxml=[file_of(status)], request_id=new_request_id())
    (mine,) = world.city.workflow.ReportStatuses(request).results
    assert (mine.outcome, mine.state) == (pb.OUTCOME_APPLIED, lifecycle_pb2.DELIVERY_STATE_ACCEPTED)
    assert item.document == receipt.document


def test_too_many_statuses_in_a_call(world: World) -> None:
    """A call carries at most 100 statuses, typed and edXML together; none at all is refused too."""
    many = pb.ReportStatusesRequest(
        statuses=[pb.StatusReport(code="03", document_id=str(number)) for number in range(101)],
        request_id=new_request_id(),
    )
    with pytest.raises(Exception, match="100"):
        world.city.workflow.ReportStatuses(many)


def test_a_recipient_sees_only_its_own_row(world: World) -> None:
    """Progress shows a recipient its own row, the sender all."""
    receipt = submit(world.vpcp, file_of(recipients=to("H29", "H41")))
    wait_for("both rows", lambda: len(progress_of(world.vpcp, receipt.document).recipients) == 2)
    (row,) = wait_for("its row", lambda: progress_of(world.city, receipt.document).recipients)
    assert row.agency == world.agencies["city"].name
