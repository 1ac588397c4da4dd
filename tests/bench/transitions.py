"""How many transitions of the lifecycle a core persists: in batches, sealed, with their events."""

import time
from pathlib import Path

from tests.bench.lists import filled_workflow
from tests.bench.parts import Row

from lienthong.testing.service import HCMC, ServiceBench
from lienthong.workflow.v1 import workflow_pb2 as pb

DELIVERIES = 1_000
BATCH = 100
CODES = ("04", "05", "06")
METHOD = "lienthong.workflow.v1.Workflow/ReportStatuses"


def transitions(folder: Path) -> list[Row]:
    """Measures accepted deliveries on their way to done.

    Raises:
        AssertionError: A status took no effect.
    """
    bench, names = filled_workflow(folder, DELIVERIES)
    wall, begun = time.perf_counter(), time.process_time()
    for place in range(0, DELIVERIES, BATCH):
        for code in CODES:
            _report(bench, names[place : place + BATCH], code)
    seconds, wall = time.process_time() - begun, time.perf_counter() - wall
    bench.context.database.close()
    rate = DELIVERIES * len(CODES) / seconds
    condition = f"{DELIVERIES:,} deliveries through 04, 05, 06, {BATCH} a call, SQLite, one process, CPU time"
    return [
        (
            "transitions persisted",
            f"{rate:,.0f} a second",
            f"{condition}; {wall / seconds:.1f} times as long by the clock",
        )
    ]


def _report(bench: ServiceBench, names: list[str], code: str) -> None:
    reports = [pb.StatusReport(delivery=f"deliveries/{name}", code=code, description="đang xử lý") for name in names]
    request = pb.ReportStatusesRequest(statuses=reports, request_id=f"{code}-{names[0]}")
    answer = bench.api("Workflow").report_statuses(request, bench.call(HCMC, METHOD))
    if any(one.outcome != pb.OUTCOME_APPLIED for one in answer.results):
        raise AssertionError(f"a status {code} took no effect: only transitions are measured")
