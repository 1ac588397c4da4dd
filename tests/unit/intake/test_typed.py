"""Documents in types: what is checked is what is submitted, and nothing that was filled in is lost in silence."""

import pytest
from tests.unit.intake.test_checks import checked
from tests.unit.intake.test_submit import submission, vpcp

from lienthong.chassis.errors import AxisError
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import ServiceBench


def refused(intake: ServiceBench, request: pb.SubmitDocumentRequest) -> list[tuple[str, str]]:
    """Reasons and places for which a document is refused, and the same by its check."""
    with pytest.raises(AxisError) as caught:
        intake.api("Intake").submit_document(request, vpcp(intake))
    told = [(one.reason, one.field) for one in caught.value.violations]
    assert checked(intake, document=request.document) == told
    return told


def test_a_check_carries_no_more_than_a_submission(intake: ServiceBench) -> None:
    """Content that a call may not carry itself is refused by a check too."""
    content = submission(data=bytes(2_000_000)).document
    with pytest.raises(AxisError) as caught:
        checked(intake, document=content)
    assert (caught.value.reason, caught.value.violations[0].field) == ("INLINE_TOO_LARGE", "document.attachments")


def test_a_text_that_no_file_carries_is_told_by_its_field(intake: ServiceBench) -> None:
    """Each text with a character that edXML cannot carry is a problem at its field, beside those of the header."""
    request = submission(subject="a\x0bb", to_places=["x", "\ufffe"], number="1" * 201)
    request.document.attachments[0].description = "a\x1bb"
    assert refused(intake, request) == [
        ("CHARACTER_ILLEGAL", "document.header.subject"),
        ("CHARACTER_ILLEGAL", "document.header.to_places[1]"),
        ("CHARACTER_ILLEGAL", "document.attachments[0].description"),
        ("IDENTIFIER_TOO_LONG", "document.header.number"),
    ]
