"""What a document costs before it is refused: nothing is looked up for more than a document may name."""

import pytest
from tests.unit.intake.test_checks import checked
from tests.unit.intake.test_submit import file_of, header, submission, vpcp

from lienthong import edxml
from lienthong.chassis.directory.model import Directory
from lienthong.chassis.errors import AxisError, Code
from lienthong.common.v1 import document_pb2
from lienthong.intake import storage
from lienthong.intake.domain.addressing import SUGGESTED
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import ServiceBench

AT_MOST = 2000
EARLIER = 500


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Counts what the directory and the database are asked."""
    counts = {"resolve": 0, "known": 0, "nearest": 0, "document_by_key": 0}

    def counted(owner: object, name: str) -> None:
        whole = getattr(owner, name)

        def count(*args: object, **more: object) -> object:
            counts[name] += 1
            return whole(*args, **more)

        monkeypatch.setattr(owner, name, count)

    counted(Directory, "resolve")
    counted(Directory, "known")
    counted(Directory, "nearest")
    counted(storage, "document_by_key")
    return counts


def strangers(count: int) -> list[document_pb2.Organization]:
    """Recipients that nobody knows, and the city."""
    unknown = [document_pb2.Organization(code=f"X{number}") for number in range(count - 1)]
    return [document_pb2.Organization(code="H29"), *unknown]


def test_too_many_recipients_are_not_looked_up(intake: ServiceBench, asked: dict[str, int]) -> None:
    """More recipients than a document may have are refused before one of them is resolved."""
    content = pb.DocumentContent(header=header(recipients=strangers(AT_MOST + 1)))
    assert checked(intake, document=content) == [("RECIPIENTS_TOO_MANY", "document.header.recipients")]
    assert (asked["resolve"], asked["nearest"]) == (0, 0)


def test_nearest_codes_are_told_of_some(intake: ServiceBench, asked: dict[str, int]) -> None:
    """The nearest codes are looked for a few times in a document; each unknown recipient has its warning."""
    content = pb.DocumentContent(header=header(recipients=strangers(AT_MOST)))
    request = pb.CheckDocumentRequest(document=content)
    answer = intake.api("Intake").check_document(request, vpcp(intake, "CheckDocument"))
    assert answer.acceptable
    assert [one.code for one in answer.warnings] == ["RECIPIENT_UNKNOWN"] * (AT_MOST - 1)
    assert asked["nearest"] == SUGGESTED
    assert "of 32 recipients" in answer.warnings[-1].taken


def test_a_group_named_twice_is_addressed_once(intake: ServiceBench) -> None:
    """A group that is named again adds nobody."""
    request = pb.CheckDocumentRequest(edxml=file_of(recipients=(edxml.Organization("provinces"),) * 2))
    answer = intake.api("Intake").check_document(request, vpcp(intake, "CheckDocument"))
    assert answer.acceptable
    assert len(answer.recipients) == 2


@pytest.mark.parametrize(("count", "refused"), [(EARLIER, False), (4 * EARLIER, True)])
def test_earlier_documents_are_bounded(
    intake: ServiceBench, asked: dict[str, int], count: int, *, refused: bool
) -> None:
    """What a document answers or replaces is looked up one by one: more than a bound is refused, and not looked up."""
    earlier = [str(number) for number in range(count)]
    answers = [document_pb2.ResponseFor(organ_code="H29", document_id=one) for one in earlier]
    content = pb.DocumentContent(header=header(response_for=answers))
    problem = ("HEADER_TOO_LARGE", "document.header.response_for")
    assert checked(intake, document=content) == ([problem] if refused else [])
    targets = [document_pb2.Target(document_id=one) for one in earlier]
    kind = document_pb2.DOCUMENT_KIND_REPLACEMENT
    content = pb.DocumentContent(header=header(kind=kind, targets=targets))
    problem = ("HEADER_TOO_LARGE", "document.header.targets")
    assert checked(intake, document=content) == ([problem] if refused else [])
    # For each of the two, twice: a refused document is judged again by a directory that was read again.
    assert asked["document_by_key"] <= (8 if refused else 6 * EARLIER + 8)


def test_recipients_of_targets_are_bounded(intake: ServiceBench, asked: dict[str, int]) -> None:
    """The recipients of what is replaced count to the header: of one that is too large none is looked up."""
    target = document_pb2.Target(document_id="a", recipient_codes=[f"X{number}" for number in range(100_000)])
    content = pb.DocumentContent(header=header(kind=document_pb2.DOCUMENT_KIND_REPLACEMENT, targets=[target]))
    assert checked(intake, document=content) == [("HEADER_TOO_LARGE", "document.header")]
    assert asked["known"] < AT_MOST


@pytest.mark.parametrize(("codes", "reason"), [(AT_MOST, "DOCUMENT_INVALID"), (AT_MOST + 1, "RECIPIENTS_TOO_MANY")])
def test_a_recall_names_no_more_than_a_document_has(
    intake: ServiceBench, asked: dict[str, int], codes: int, reason: str
) -> None:
    """More codes than a document can have recipients are refused before one of them is compared."""
    api = intake.api("Intake")
    receipt = api.submit_document(submission(), vpcp(intake))
    known = asked["known"]
    names = [f"X{number}" for number in range(codes)]
    request = pb.RecallDocumentRequest(name=receipt.document, reason="Sai", recipient_codes=names, request_id="recall")
    with pytest.raises(AxisError) as refused:
        api.recall_document(request, vpcp(intake, "RecallDocument"))
    assert refused.value.reason == reason
    assert asked["known"] - known == (0 if reason == "RECIPIENTS_TOO_MANY" else codes)


def test_a_recall_compares_before_it_writes(intake: ServiceBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the codes of a recall are compared, whoever writes does not wait for it."""
    api, database = intake.api("Intake"), intake.context.database
    receipt = api.submit_document(submission(), vpcp(intake))

    def writing() -> None:
        raise AssertionError("a refused recall opened a transaction")

    monkeypatch.setattr(database, "write", writing)
    request = pb.RecallDocumentRequest(name=receipt.document, reason="Sai", recipient_codes=["X"], request_id="recall")
    with pytest.raises(AxisError) as refused:
        api.recall_document(request, vpcp(intake, "RecallDocument"))
    assert refused.value.reason == "NOT_A_RECIPIENT"


@pytest.mark.parametrize("ordinal", ["1", "9" * 5000, "00", "\u0661", "-1", ""])
def test_an_attachment_that_is_not_there_is_not_found(intake: ServiceBench, ordinal: str) -> None:
    """Whatever stands where the number of an attachment belongs, what names none is NOT_FOUND."""
    receipt = intake.api("Intake").submit_document(submission(), vpcp(intake))
    door = intake.component.doors[0]
    assert door.open_content(f"{receipt.document}/attachments/0", vpcp(intake, "Read")).size
    with pytest.raises(AxisError) as refused:
        door.open_content(f"{receipt.document}/attachments/{ordinal}", vpcp(intake, "Read"))
    assert refused.value.code is Code.NOT_FOUND
