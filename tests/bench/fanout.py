"""One document to very many agencies, beside ordinary traffic."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.effort import counted
from tests.bench.load import DEADLINE_SECONDS, LoadResult, percentile, run_load
from tests.bench.parts import Row
from tests.bench.world import World, papers, submission

from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import document_pb2
from lienthong.routing.v1 import directory_pb2
from lienthong.workflow.v1 import workflow_pb2

RECIPIENTS = 700
DOCUMENTS = 150
RATE = 10.0
"""Documents a second of the ordinary traffic."""
AFTER_SECONDS = 4.0
"""When the large one is handed in, after the ordinary traffic began."""


def fan_out(world: World) -> list[Row]:
    """Measures until the last of many deliveries is available, and what it does to the others."""
    codes = _registered(world)
    pdfs = papers(world.who, 2 * DOCUMENTS + 1)
    alone = run_load(world, pdfs[:DOCUMENTS], 400_000, RATE)
    with ThreadPoolExecutor(1) as threads:
        large = threads.submit(_send, world, pdfs[-1], codes)
        beside = run_load(world, pdfs[DOCUMENTS:-1], 410_000, RATE)
        seconds = large.result(DEADLINE_SECONDS)
    traffic = f"beside {RATE:.0f} documents a second to one recipient"
    return [
        (f"one document to {RECIPIENTS} agencies", f"{seconds:.1f} s", f"submit to the last available, {traffic}"),
        ("ordinary traffic, alone", *_latencies(alone)),
        ("ordinary traffic, meanwhile", *_latencies(beside)),
    ]


def _registered(world: World) -> list[str]:
    codes = [f"000.{number // 100 + 1:02d}.{number % 100:02d}.H77" for number in range(RECIPIENTS)]
    for code in codes:
        agency = common.Agency(display_name=f"Đơn vị {code}", codes=[common.AgencyCode(code=code)])
        request = directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id())
        world.operator.directory.CreateAgency(request)
    return codes


def _send(world: World, pdf: bytes, codes: list[str]) -> float:
    threading.Event().wait(AFTER_SECONDS)
    wanted = submission(420_000, pdf)
    del wanted.document.header.recipients[:]
    wanted.document.header.recipients.extend(document_pb2.Organization(code=code) for code in codes)
    begun = time.monotonic()
    document = world.sender.axis.intake.SubmitDocument(wanted).document
    wanted_progress = workflow_pb2.GetProgressRequest(document=document)
    ports = [machine.metrics for machine in world.machines if machine.metrics]
    while True:
        available = counted(ports, "lienthong_delivery_steps_total", state="available") >= RECIPIENTS
        seen = world.sender.axis.workflow.GetProgress(wanted_progress) if available else None
        if seen is not None and len(seen.recipients) == RECIPIENTS:
            return time.monotonic() - begun
        if time.monotonic() - begun > DEADLINE_SECONDS:
            raise TimeoutError("the deliveries did not become available")
        time.sleep(0.05)


def _latencies(result: LoadResult) -> tuple[str, str]:
    accepts, journey = result.journey.accepts, result.journey
    back = journey.latencies(journey.returned, journey.acknowledged)
    return (
        f"{percentile(accepts, 0.99) * 1000:.0f} / {percentile(back, 0.99) * 1000:.0f} ms",
        "p99 of accept, and of the status at the sender",
    )
