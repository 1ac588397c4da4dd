"""A process that starts while an engine is away lives, says what it can do, and goes on by itself when it is there."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.waiting import eventually

from lienthong.chassis.rpc.server import LIVENESS, READINESS
from lienthong.client import Axis, AxisUnavailableError, connect, load_context
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import operations_pb2
from lienthong.dev.platform import SERVICES, Copy, ProcessPlatform, Wanted
from lienthong.routing.v1 import directory_pb2

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

SECONDS = 60.0
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPlatform]:
    """Engines, and routing as the only service."""
    wanted = Wanted({service: int(service == "routing") for service in SERVICES}, tied=True)
    made = ProcessPlatform(tmp_path_factory.mktemp("start"), wanted)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def routing(platform: ProcessPlatform) -> Iterator[Copy]:
    """The process of routing, stopped; whatever becomes of it, all engines are there afterwards."""
    (copy,) = platform.copies
    copy.process.stop()
    yield copy
    for engine in platform.engines.values():
        engine.start()


@pytest.fixture
def axis(platform: ProcessPlatform) -> Iterator[Axis]:
    """A session as operator."""
    with connect(load_context(platform.contexts / "operator-routing-1.yaml")) as session:
        yield session


def health(axis: Axis, name: str) -> int | None:
    """What a process says of its health; None while nobody answers."""
    stub: Any = health_pb2_grpc.HealthStub(axis.channel("routing"))
    try:
        return int(stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=2.0).status)
    except Exception:  # noqa: BLE001 -- asked again until the deadline
        return None


def probe(copy: Copy, path: str) -> int:
    """What a process answers to a probe over HTTP."""
    return httpx.get(f"http://127.0.0.1:{copy.metrics}{path}", timeout=5.0).status_code


def is_ready(axis: Axis) -> bool:
    """Whether calls may come."""
    return health(axis, READINESS) == SERVING


def add_agency(axis: Axis, code: str) -> None:
    """Does a call that changes something."""
    agency = common.Agency(display_name=code, codes=[common.AgencyCode(code=code)])
    request = directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id())
    axis.directory.CreateAgency(request, timeout=5.0)


def waiting(axis: Axis) -> int:
    """Events in the outbox."""
    request = operations_pb2.GetOutboxRequest(service="routing")
    return int(axis.operations("routing").GetOutbox(request).waiting)


def test_without_its_database_a_process_lives_and_waits(platform: ProcessPlatform, routing: Copy, axis: Axis) -> None:
    """It is alive and not ready, tells callers to come again, and is ready soon after the database is."""
    platform.engines["postgres"].stop()
    routing.process.launch()
    eventually(lambda: health(axis, LIVENESS) == SERVING, "it lives", SECONDS)
    assert health(axis, READINESS) == NOT_SERVING
    assert [probe(routing, path) for path in ("/livez", "/readyz")] == [200, 503]
    with pytest.raises(AxisUnavailableError) as caught:
        add_agency(axis, "000.00.01.G01")
    assert caught.value.reason == "STARTING"
    assert routing.process.process() is not None
    assert "waits for the database" in routing.process.log.read_text("utf-8")
    platform.engines["postgres"].start()
    eventually(partial(is_ready, axis), "it is ready", SECONDS)
    assert probe(routing, "/readyz") == 200
    add_agency(axis, "000.00.01.G01")


def test_a_process_that_waits_stops_when_asked(platform: ProcessPlatform, routing: Copy, axis: Axis) -> None:
    """Its supervisor need not kill it."""
    platform.engines["postgres"].stop()
    routing.process.launch()
    eventually(lambda: health(axis, LIVENESS) == SERVING, "it lives", SECONDS)
    routing.process.stop(SECONDS)
    assert routing.process.log.read_text("utf-8").rstrip().splitlines()[-1].find('"stopped"') > 0


def test_without_kafka_a_process_is_ready(platform: ProcessPlatform, routing: Copy, axis: Axis) -> None:
    """Calls are answered, events wait, and go out by themselves when Kafka is there."""
    platform.engines["kafka"].stop()
    routing.process.launch()
    eventually(partial(is_ready, axis), "it is ready", SECONDS)
    add_agency(axis, "000.00.01.G02")
    assert waiting(axis)
    platform.engines["kafka"].start()
    eventually(lambda: not waiting(axis), "events go out", SECONDS)


def test_without_the_object_store_a_process_is_ready(platform: ProcessPlatform, routing: Copy, axis: Axis) -> None:
    """Calls without contents are answered."""
    platform.engines["objects"].stop()
    routing.process.launch()
    eventually(partial(is_ready, axis), "it is ready", SECONDS)
    add_agency(axis, "000.00.01.G03")
