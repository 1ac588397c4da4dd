"""What differs when other content comes under a DocumentId that is taken."""

from typing import Any

import pytest
from tests.unit.intake.test_submit import submission, vpcp

from lienthong.chassis.errors import AxisError
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import HCMC, ServiceBench


def different(intake: ServiceBench, request: pb.SubmitDocumentRequest) -> str:
    """Hands other content in under a DocumentId that is taken; gives what is said to differ."""
    with pytest.raises(AxisError) as refused:
        intake.api("Intake").submit_document(request, vpcp(intake))
    assert refused.value.reason == "DOCUMENT_ID_TAKEN"
    return refused.value.metadata["different"]


@pytest.mark.parametrize("change", [{"name": "khác.pdf"}, {"description": "khác"}, {"data": b"%PDF-1.7 y"}])
def test_an_attachment_differs_in_all_that_counts(intake: ServiceBench, change: dict[str, Any]) -> None:
    """Name and description of an attachment belong to a document as its content does."""
    intake.api("Intake").submit_document(submission(), vpcp(intake))
    request = submission("second")
    request.document.attachments[0].MergeFrom(pb.AttachmentContent(**change))
    assert different(intake, request) == "attachments"


def test_what_the_axis_filled_in_does_not_differ(intake: ServiceBench) -> None:
    """Which earlier document is answered was found out by the axis: nobody sent it, and it is not said to differ."""
    earlier = submission("earlier", document_id="of the city", recipients=[document_pb2.Organization(code="G22")])
    call = intake.call(HCMC, "lienthong.intake.v1.Intake/SubmitDocument")
    intake.api("Intake").submit_document(earlier, call)
    answers = [document_pb2.ResponseFor(organ_code="H29", document_id="of the city")]
    receipt = intake.api("Intake").submit_document(submission(response_for=answers), vpcp(intake))
    told = intake.api("Intake").get_document(pb.GetDocumentRequest(name=receipt.document), vpcp(intake, "GetDocument"))
    assert told.header.response_for[0].document
    changed = submission("second", response_for=answers, subject=" Khác ", content="  ")
    assert different(intake, changed) == "subject"
