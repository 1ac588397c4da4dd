"""Earlier documents that are found without their DocumentId: by number, notation and date."""

from datetime import date
from typing import Any

import pytest
from tests.unit.intake.test_submit import file_of, vpcp

from lienthong import edxml
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import HCMC, ServiceBench

UPDATE = edxml.Business(edxml.BusinessKind.UPDATE, document_id="of our own making")
DAY = date(2026, 11, 22)


def sent(intake: ServiceBench, key: str, **more: Any) -> DocumentAccepted:
    """Hands a file of the Government Office in; gives what is told of it."""
    request = pb.SubmitEdxmlRequest(content=file_of(document_id=key, **more), request_id=f"{key} {len(more)}")
    receipt = intake.api("Intake").submit_edxml(request, vpcp(intake, "SubmitEdxml"))
    told: list[DocumentAccepted] = intake.told(DocumentAccepted)
    (event,) = [one for one in told if receipt.document == f"documents/{one.document}"]
    return event


def issued(day: date | None) -> edxml.PromulgationInfo:
    """Place and date of issue."""
    return edxml.PromulgationInfo("Hà Nội", day)


@pytest.mark.parametrize(("day", "found"), [(DAY, True), (None, False), (date(2025, 11, 22), False)])
def test_a_number_names_a_document_with_its_date(intake: ServiceBench, day: date | None, *, found: bool) -> None:
    """Numbers begin anew each year: without a date, or with another one, the only document of a number is not meant."""
    first = sent(intake, "first")
    update = sent(intake, "update", promulgation=issued(day), business=UPDATE)
    assert [one.document for one in update.affected] == [first.document if found else ""]


@pytest.mark.parametrize(("day", "found"), [(DAY, True), (None, False)])
def test_an_answer_names_a_document_with_its_date(intake: ServiceBench, day: date | None, *, found: bool) -> None:
    """What is answered by number alone is known only with its date."""
    first = sent(intake, "first")
    answer = edxml.ResponseFor("G22", "1/VPCP", "", day)
    content = file_of(sender=edxml.Organization("H29"), recipients=(edxml.Organization("G22"),), response_for=(answer,))
    call = intake.call(HCMC, "lienthong.intake.v1.Intake/SubmitEdxml")
    intake.api("Intake").submit_edxml(pb.SubmitEdxmlRequest(content=content, request_id="a"), call)
    assert list(intake.told(DocumentAccepted)[-1].answers) == ([first.document] if found else [])


def test_updates_do_not_hide_their_document(intake: ServiceBench) -> None:
    """A document that was updated is still found by its number, and so it is by a number that an update gave it."""
    first = sent(intake, "first")
    sent(intake, "second", subject="Hai", business=UPDATE)
    sent(intake, "third", subject="Ba", business=UPDATE, code=edxml.DocumentCode("1", "VPCP"))
    renumbered = edxml.Business(edxml.BusinessKind.UPDATE, document_id="first")
    other = edxml.DocumentCode("2", "VPCP")
    sent(intake, "fourth", subject="Bốn", business=renumbered, code=other)
    for key, code in (("fifth", edxml.DocumentCode("1", "VPCP")), ("sixth", other)):
        update = sent(intake, key, subject=key, business=UPDATE, code=code)
        assert [one.document for one in update.affected] == [first.document]


def test_two_documents_of_one_number_are_not_guessed_at(intake: ServiceBench) -> None:
    """Where number and date fit two documents neither is meant."""
    sent(intake, "first")
    sent(intake, "second")
    update = sent(intake, "update", business=UPDATE)
    assert [one.document for one in update.affected] == [""]


def test_each_answer_names_its_own_document(intake: ServiceBench) -> None:
    """Of several documents that are answered each is named where it was written, and one that is not known is not."""
    first = sent(intake, "first")
    second = sent(intake, "second")
    answers = tuple(edxml.ResponseFor("G22", "", one) for one in ("unknown", "second", "first", "second"))
    content = file_of(sender=edxml.Organization("H29"), recipients=(edxml.Organization("G22"),), response_for=answers)
    call = intake.call(HCMC, "lienthong.intake.v1.Intake/SubmitEdxml")
    intake.api("Intake").submit_edxml(pb.SubmitEdxmlRequest(content=content, request_id="a"), call)
    event = intake.told(DocumentAccepted)[-1]
    named = [one.document.removeprefix("documents/") for one in event.header.response_for]
    assert named == ["", second.document, first.document, second.document]
    assert list(event.answers) == [second.document, first.document]


def test_each_target_names_its_document(intake: ServiceBench) -> None:
    """What a replacement or an update names is told with the document that the axis knows."""
    first = sent(intake, "first")
    replaced = tuple(edxml.Replacement(one, ()) for one in ("unknown", "first"))
    other = sent(intake, "other", business=edxml.Business(edxml.BusinessKind.REPLACE, replacements=replaced))
    assert [one.document for one in other.header.targets] == ["", f"documents/{first.document}"]
    update = sent(intake, "first", subject="Hai", business=edxml.Business(edxml.BusinessKind.UPDATE))
    assert [one.document for one in update.header.targets] == [f"documents/{first.document}"]
