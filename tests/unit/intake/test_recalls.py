"""Recalls that come as edXML files: type 1 repeats the header of what it takes back, its recipients too."""

import pytest
from tests.unit.intake.test_submit import file_of, vpcp

from lienthong import edxml
from lienthong.chassis.errors import AxisError
from lienthong.events.v1.intake_documents_pb2 import RecallRequested
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import HCMC, NGHE_AN, ServiceBench


def to(*codes: str) -> tuple[edxml.Organization, ...]:
    """Recipients."""
    return tuple(edxml.Organization(code) for code in codes)


def sent(intake: ServiceBench, key: str, recipients: tuple[edxml.Organization, ...], reason: str = "") -> pb.Receipt:
    """Hands the file in; with a reason as a recall."""
    business = edxml.Business(kind=edxml.BusinessKind.RECALL, reason=reason) if reason else None
    content = file_of(recipients=recipients, business=business)
    request = pb.SubmitEdxmlRequest(content=content, request_id=key)
    receipt: pb.Receipt = intake.api("Intake").submit_edxml(request, vpcp(intake, "SubmitEdxml"))
    return receipt


def test_a_recall_file_is_no_duplicate(intake: ServiceBench) -> None:
    """Type 1 repeats the DocumentId: it is a recall, told to routing, with a receipt of its own."""
    first = sent(intake, "a", to("H29"))
    receipt = sent(intake, "b", to("H29"), "Sai nội dung")
    (event,) = intake.told(RecallRequested)
    assert receipt.document == first.document
    assert event.reason == "Sai nội dung"


@pytest.mark.parametrize("recipients", [("H29", "H77"), ("provinces",), ("provinces", "H77"), ("H29", "provinces")])
def test_a_recall_repeats_the_recipients_as_they_were_written(
    intake: ServiceBench, recipients: tuple[str, ...]
) -> None:
    """A group, and a recipient that the directory does not know, are named as in the document: everybody is meant."""
    sent(intake, "a", to(*recipients))
    sent(intake, "b", to(*recipients), "Sai nội dung")
    (event,) = intake.told(RecallRequested)
    assert list(event.agencies) == []


def test_a_recall_from_a_group_leaves_the_others(intake: ServiceBench) -> None:
    """The members that the document was expanded to are meant, and nobody else; one of them may stand alone."""
    sent(intake, "a", (*to("provinces"), *to("G22")))
    sent(intake, "b", to("provinces"), "Sai nội dung")
    sent(intake, "c", to("H29"), "Sai nội dung")
    groups, alone = intake.told(RecallRequested)
    assert list(groups.agencies) == sorted([HCMC.id, NGHE_AN.id])
    assert list(alone.agencies) == [HCMC.id]


@pytest.mark.parametrize("named", ["H41", "H77"])
def test_a_recall_from_others_is_refused(intake: ServiceBench, named: str) -> None:
    """Who is no recipient, or not known and named without the others, is refused; nothing is taken back."""
    sent(intake, "a", to("H29", "G22", "H77"))
    with pytest.raises(AxisError) as refused:
        sent(intake, "b", to("H29", named), "Sai nội dung")
    (violation,) = refused.value.violations
    assert (violation.field, violation.reason, violation.found) == ("MessageHeader/To", "NOT_A_RECIPIENT", named)
    assert not intake.told(RecallRequested)
