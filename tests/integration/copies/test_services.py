"""Calls that reach two copies of a service at the same moment end as if one had come after the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.engines import postgres_database
from tests.unit.intake.test_submit import file_of, submission
from tests.unit.routing.conftest import Routing, make

from lienthong import edxml
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.races import again
from lienthong.chassis.rpc.call import Call
from lienthong.common.v1 import directory_pb2 as common
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.intake.component import build as build_intake
from lienthong.intake.config import IntakeSection
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2
from lienthong.testing import service
from lienthong.testing.service import HCMC, VPCP, ServiceBench, service_bench

Answer = TypeVar("Answer")
Copy = TypeVar("Copy")
Intakes = tuple[ServiceBench, ServiceBench]
Routings = tuple[Routing, Routing]


@pytest.fixture(autouse=True)
def _on_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "open_database", postgres_database)


@pytest.fixture
def intakes(tmp_path: Path) -> tuple[ServiceBench, ServiceBench]:
    """Two copies of intake."""
    one, two = (service_bench(tmp_path, "intake", build_intake, IntakeSection()) for _ in range(2))
    return one, two


@pytest.fixture
def routings(tmp_path: Path) -> tuple[Routing, Routing]:
    """Two copies of routing."""
    return make(tmp_path), make(tmp_path)


def both(copies: tuple[Copy, Copy], action: Callable[[Copy, int], Answer]) -> list[Answer | AxisError]:
    """Does something at both copies at the same time, as their servers would."""

    def act(number: int) -> Answer | AxisError:
        try:
            return again(lambda: action(copies[number % 2], number))
        except AxisError as error:
            return error

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(act, range(8)))


def call(bench: ServiceBench, method: str = "lienthong.intake.v1.Intake/SubmitDocument") -> Call:
    """A call of the Government Office."""
    return bench.call(VPCP, method)


def test_a_document_at_two_copies_is_accepted_once(intakes: Intakes) -> None:
    """The same document under one key or under several: one is stored, all get its receipt."""
    for round_ in range(5):
        answers = both(
            intakes,
            lambda bench, number, round_=round_: bench.api("Intake").submit_document(  # type: ignore[misc]
                submission(f"key-{round_}-{number // 4}", document_id=f"doc-{round_}", number=str(round_)), call(bench)
            ),
        )
        assert len({answer.SerializeToString() for answer in answers if not isinstance(answer, AxisError)}) == 1
        assert not [answer for answer in answers if isinstance(answer, AxisError)]
    assert len(intakes[0].told(DocumentAccepted)) == 5


def test_an_update_at_two_copies_is_accepted_once(intakes: Intakes) -> None:
    """Updates have no unique key; the same one handed in at both copies under several keys is stored once."""
    first = (
        intakes[0]
        .api("Intake")
        .submit_document(submission("original", document_id="doc-1", number="1"), call(intakes[0]))
    )
    business = edxml.Business(kind=edxml.BusinessKind.UPDATE, document_id="doc-1")
    content = file_of(document_id="doc-1", business=business, subject="Đã sửa")

    def hand_in(bench: ServiceBench, number: int) -> Any:
        request = intake_pb2.SubmitEdxmlRequest(content=content, request_id=f"update-{number}")
        return bench.api("Intake").submit_edxml(request, call(bench, "lienthong.intake.v1.Intake/SubmitEdxml"))

    answers = both(intakes, hand_in)
    assert len({answer.document for answer in answers if not isinstance(answer, AxisError)}) == 1, answers
    assert first.document not in {answer.document for answer in answers if not isinstance(answer, AxisError)}
    assert len(intakes[0].told(DocumentAccepted)) == 2


def test_an_item_goes_to_one_of_two_copies(routings: Routings) -> None:
    """Pulls of one mailbox at two copies never hand out an item twice, and none is left behind."""
    for _ in range(12):
        routings[0].deliver(HCMC)
    batches = both(routings, lambda copy, _: copy.pull(HCMC, max_items=2))
    names = [item.name for batch in batches if not isinstance(batch, AxisError) for item in batch]
    assert (len(names), len(set(names))) == (12, 12)


def test_a_code_is_given_to_one_agency(routings: Routings) -> None:
    """Two operators who register the same code at two copies: one has it, the others are told who."""

    def register(copy: Routing, number: int) -> Any:
        agency = common.Agency(display_name=f"Sở {number}", codes=[common.AgencyCode(code="H77")])
        request = directory_pb2.CreateAgencyRequest(agency=agency, request_id=f"register-{number}")
        return copy.directory.create_agency(request, copy.call(None))

    answers = both(routings, register)
    refused = [answer for answer in answers if isinstance(answer, AxisError)]
    assert len(refused) == 7
    assert {error.code for error in refused} == {Code.ALREADY_EXISTS}
