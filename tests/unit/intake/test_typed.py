"""Documents in types: what is checked is what is submitted, and nothing that was filled in is lost in silence."""

import pytest
from tests.unit.intake.test_checks import checked
from tests.unit.intake.test_submit import submission, vpcp

from lienthong.chassis.errors import AxisError
from lienthong.common.v1 import document_pb2
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import HCMC, ServiceBench


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


NEW, RECALL = document_pb2.DOCUMENT_KIND_NEW, document_pb2.DOCUMENT_KIND_RECALL
UPDATE, REPLACEMENT = document_pb2.DOCUMENT_KIND_UPDATE, document_pb2.DOCUMENT_KIND_REPLACEMENT


def target(document_id: str, *codes: str) -> document_pb2.Target:
    """An earlier document, and recipients concerned."""
    return document_pb2.Target(document_id=document_id, recipient_codes=codes)


@pytest.mark.parametrize(
    ("kind", "targets", "problems"),
    [
        (NEW, [target("a")], [("TARGET_NOT_ALLOWED", "")]),
        (UPDATE, [target("a"), target("b")], [("TARGETS_TOO_MANY", "")]),
        (UPDATE, [target("a", "H29")], [("TARGET_RECIPIENTS_NOT_ALLOWED", "[0].recipient_codes")]),
        (REPLACEMENT, [target("a"), target("")], [("TARGET_MISSING", "[1].document_id")]),
    ],
)
def test_no_target_is_passed_over(
    intake: ServiceBench,
    kind: document_pb2.DocumentKind,
    targets: list[document_pb2.Target],
    problems: list[tuple[str, str]],
) -> None:
    """What a document of its kind cannot say of earlier ones is refused at its field."""
    told = refused(intake, submission(kind=kind, targets=targets))
    assert told == [(reason, f"document.header.targets{place}") for reason, place in problems]


def test_a_recall_has_no_targets(intake: ServiceBench) -> None:
    """A recall names its document by DocumentId: targets that would be passed over are refused."""
    intake.api("Intake").submit_document(submission(), vpcp(intake))
    request = submission("recall", kind=RECALL, reason="Sai", targets=[target("a")])
    assert refused(intake, request) == [("TARGET_NOT_ALLOWED", "document.header.targets")]


def test_blanks_around_identifiers_are_trimmed(intake: ServiceBench) -> None:
    """A DocumentId and a code are the same with blanks around them, in types as in a file."""
    recipients = [document_pb2.Organization(code=" H29 ")]
    first = intake.api("Intake").submit_document(submission(document_id=" a ", recipients=recipients), vpcp(intake))
    (event,) = intake.told(DocumentAccepted)
    assert (first.document_id, event.header.document_id) == ("a", "a")
    assert [(one.code, one.agency) for one in event.recipients] == [("H29", HCMC.id)]
    request = pb.RecallDocumentRequest(name=first.document, reason="Sai", recipient_codes=[" H29"], request_id="recall")
    assert intake.api("Intake").recall_document(request, vpcp(intake, "RecallDocument")).document == first.document


def test_an_update_is_taken_as_it_was_told(intake: ServiceBench) -> None:
    """One that repeats the DocumentId of what it updates is told with a target without one: it may be handed in so."""
    intake.api("Intake").submit_document(submission("first"), vpcp(intake))
    update = submission("second", kind=UPDATE, targets=[target("")], subject="Về bản sửa")
    assert intake.api("Intake").submit_document(update, vpcp(intake)).document
