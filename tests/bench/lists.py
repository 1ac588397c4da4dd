"""What calls that list, show and count cost when ten thousand documents become a million, or as many as are wanted.

Rows go through the storage of each service; a million documents of intake take 4 GB of the disk, those of others less.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from google.type.date_pb2 import Date
from sqlalchemy import select
from tests.bench.parts import Row

from lienthong.chassis.rpc.call import Call
from lienthong.chassis.times import to_timestamp
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1 import document_pb2
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.intake.component import build as build_intake
from lienthong.intake.config import IntakeSection
from lienthong.intake.storage import NewDocument
from lienthong.intake.storage import add_document as add_sent
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.component import build as build_routing
from lienthong.routing.config import RoutingSection
from lienthong.routing.storage.deliveries import add_delivery as add_received
from lienthong.routing.storage.deliveries import add_words
from lienthong.routing.storage.documents import add_document as add_known
from lienthong.routing.storage.rows import StoredDelivery as Received
from lienthong.routing.storage.rows import StoredDocument
from lienthong.routing.v1 import mailbox_pb2
from lienthong.testing.service import HCMC, VPCP, ServiceBench, service_bench
from lienthong.workflow.component import build as build_workflow
from lienthong.workflow.config import WorkflowSection
from lienthong.workflow.storage import StoredCase, StoredDelivery, add_delivery, save_case
from lienthong.workflow.storage.tables import deliveries
from lienthong.workflow.v1 import workflow_pb2

SMALL = 10_000
LARGE = int(os.environ.get("BENCH_ROWS", "1000000"))
AT_ONCE = 2_000
CALLS = 40
COUNTED = 1_000
"""Deliveries of a period, a microsecond from each to the next."""
SUBJECT = "V/v kết nối, liên thông phần mềm quản lý văn bản"

Add = Callable[[UnitOfWork, str, int], None]


@dataclass(frozen=True, slots=True)
class Listed:
    """A service with its rows and calls.

    Attributes:
        bench: The service.
        add: Adds what one document is there; takes an identifier and a number.
        lists: Calls by name.
    """

    bench: ServiceBench
    add: Add
    lists: dict[str, Callable[[], Any]]


def lists(folder: Path) -> list[Row]:
    """Measures calls of three services."""
    rows: list[Row] = []
    for make in (_intake, _routing, _workflow):
        place = folder / make.__name__.strip("_")
        listed = make(place)
        _fill(listed, range(SMALL))
        small = _times(listed)
        _fill(listed, range(SMALL, LARGE))
        large = _times(listed)
        rows += [_row(name, small[name], large[name]) for name in small]
        listed.bench.context.database.close()
        shutil.rmtree(place)
    return rows


def _row(name: str, small: float, large: float) -> Row:
    figure = f"{small * 1000:.1f} ms, {large * 1000:.1f} ms: {large / small:.2f} times"
    return name, figure, f"CPU and wall of one call, median of {CALLS}; at {SMALL:,} and at {LARGE:,} documents"


def _fill(listed: Listed, numbers: range) -> None:
    ids = listed.bench.context.base.ids
    for place in range(0, len(numbers), AT_ONCE):
        with listed.bench.context.units.begin() as work:
            for number in numbers[place : place + AT_ONCE]:
                listed.add(work, ids.new(), number)


def _times(listed: Listed) -> dict[str, float]:
    return {name: median(_timed(call) for _ in range(CALLS)) for name, call in listed.lists.items()}


def _timed(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    answer = call()
    took = time.perf_counter() - begun
    shown = [value for _field, value in answer.ListFields() if isinstance(value, Sized) and not isinstance(value, str)]
    if not any(map(len, shown)):
        raise ValueError("the answer is empty: nothing is measured")
    return took


def _accepted(identifier: str, number: int) -> DocumentAccepted:
    header = document_pb2.DocumentHeader(
        number=str(number),
        notation="VPCP-TTĐT",
        document_id=f"000.00.00.G22,2026/11/22,{number}/VPCP-TTĐT",
        subject=f"{SUBJECT} số {number}",
        type_name="Công văn",
        kind=document_pb2.DOCUMENT_KIND_NEW,
        promulgation_date=Date(year=2026, month=11, day=22),
    )
    return DocumentAccepted(document=identifier, sender_agency=VPCP.id, sender_name=VPCP.name, header=header)


def _intake(folder: Path) -> Listed:
    bench = _opened(folder, "intake", build_intake, IntakeSection())
    api, call = bench.api("Intake"), bench.call(VPCP, "lienthong.intake.v1.Intake/ListDocuments")

    def add(work: UnitOfWork, identifier: str, number: int) -> None:
        event = _accepted(identifier, number)
        event.rendition.plan.key = identifier
        new = NewDocument(event, f"{VPCP.id}\n{event.header.document_id}", "", identifier, b"receipt", (), b"")
        add_sent(work.rows, new, work.now_micros + number)

    return Listed(bench, add, dict(_asked("sent", api.list_documents, intake_pb2.ListDocumentsRequest, call)))


def _routing(folder: Path) -> Listed:
    bench = _opened(folder, "routing", build_routing, RoutingSection())
    api, call = bench.api("Mailbox"), bench.call(HCMC, "lienthong.routing.v1.Mailbox/ListDeliveries")

    def add(work: UnitOfWork, identifier: str, number: int) -> None:
        event = _accepted(identifier, number)
        header = event.header
        add_known(work.rows, StoredDocument(identifier, VPCP.id, event.SerializeToString(), 1, verdict=1), b"")
        row = Received(
            id=identifier,
            document=identifier,
            ordinal=0,
            sender=VPCP.id,
            recipient=HCMC.id,
            state="ACKNOWLEDGED",
            held_until=0,
            created_at=work.now_micros,
            chain=identifier,
            number=header.number,
            notation=header.notation,
            document_id=header.document_id,
            visible=1,
        )
        add_received(work.rows, row)
        add_words(work.rows, HCMC.id, identifier, {"ket", "noi", "lien", "thong", str(number)})

    return Listed(bench, add, dict(_asked("received", api.list_deliveries, mailbox_pb2.ListDeliveriesRequest, call)))


def _workflow(folder: Path) -> Listed:
    bench = _opened(folder, "workflow", build_workflow, WorkflowSection())
    api = bench.api("Workflow")

    def add(work: UnitOfWork, identifier: str, number: int) -> None:
        save_case(work.rows, StoredCase(identifier, f"d{number}", VPCP.id, VPCP.name, SUBJECT, f"{number}/VPCP"))
        row = stored_delivery(identifier, number, work.now_micros + number, "ACCEPTED")
        row.due_at = work.now_micros - 1
        add_delivery(work.rows, row)

    call = bench.call(HCMC, "lienthong.workflow.v1.Workflow/ListCases")
    wanted = {"cases": "", "cases, overdue": "overdue = true", "cases, by state": 'state = "ACCEPTED"'}
    asked = {
        f"list of {name}": partial(_ask, api.list_cases, workflow_pb2.ListCasesRequest(filter=condition), call)
        for name, condition in wanted.items()
    }
    return Listed(bench, add, {**asked, **_shown(bench, api)})


def stored_delivery(identifier: str, number: int, created_at: int, state: str) -> StoredDelivery:
    """Makes the row of a delivery from one agency to another, as workflow keeps it."""
    return StoredDelivery(
        id=identifier,
        document=identifier,
        case_document=identifier,
        sender=VPCP.id,
        sender_code="G22",
        recipient=HCMC.id,
        recipient_code="H29",
        recipient_name=HCMC.name,
        document_id=f"d{number}",
        code=f"{number}/VPCP",
        promulgated="2026-11-22",
        created_at=created_at,
        visible=True,
        state=state,
    )


def _shown(bench: ServiceBench, api: Any) -> dict[str, Callable[[], Any]]:
    """Gives the calls about one document, the first, and about those of a period, always as many."""

    def progress() -> Any:
        with bench.context.database.read() as connection:
            first = connection.execute(select(deliveries.c.document).order_by(deliveries.c.id).limit(1)).scalar_one()
        call = bench.call(HCMC, "lienthong.workflow.v1.Workflow/GetProgress")
        return api.get_progress(workflow_pb2.GetProgressRequest(document=f"documents/{first}"), call)

    start = bench.clock.now()
    end = start + timedelta(microseconds=COUNTED)
    period = workflow_pb2.GetStatisticsRequest(start_time=to_timestamp(start), end_time=to_timestamp(end))
    call = bench.call(HCMC, "lienthong.workflow.v1.Workflow/GetStatistics")
    return {"progress": progress, f"statistics of {COUNTED:,}": partial(_ask, api.get_statistics, period, call)}


def filled_workflow(folder: Path, count: int) -> tuple[ServiceBench, list[str]]:
    """Makes a workflow with accepted deliveries at one agency; gives their identifiers too."""
    listed = _workflow(folder / "workflow")
    _fill(listed, range(count))
    with listed.bench.context.database.read() as connection:
        return listed.bench, list(connection.execute(select(deliveries.c.id).limit(count)).scalars())


def _asked(name: str, method: Any, kind: Any, call: Call) -> Iterator[tuple[str, Callable[[], Any]]]:
    wanted = {"": "", ", by number": 'number = "4711"', ", by words": 'subject : "lien thong 4711"'}
    for about, condition in wanted.items():
        yield f"list of what was {name}{about}", partial(_ask, method, kind(filter=condition), call)


def _ask(method: Any, request: Any, call: Call) -> Any:
    return method(request, call)


def _opened(folder: Path, name: str, build: Any, section: Any) -> ServiceBench:
    folder.mkdir(parents=True)
    return service_bench(folder, name, build, section)
