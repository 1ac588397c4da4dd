"""Traces as a collector sees them."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as otlp
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as otlp_grpc

from lienthong.chassis import tracing
from lienthong.chassis.config import ServerSection, TelemetrySection
from lienthong.client import connect, load_context
from lienthong.client.credentials import Place, issue
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import document_pb2
from lienthong.demo.cast import Party
from lienthong.demo.timeline import wait_for
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.settings import Settings
from lienthong.testing.platform import Background

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(otlp_grpc.TraceServiceServicer):
    """A collector on loopback that remembers spans."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: dict[str, set[str]] = {}

    def Export(  # noqa: N802 -- the contract's name
        self, request: otlp.ExportTraceServiceRequest, _context: grpc.ServicerContext
    ) -> otlp.ExportTraceServiceResponse:
        """Takes spans."""
        with self._lock:
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        self._spans.setdefault(span.trace_id.hex(), set()).add(span.name)
        return otlp.ExportTraceServiceResponse()

    def names(self, trace: str) -> set[str]:
        """The names of a trace's spans."""
        with self._lock:
            return set(self._spans.get(trace, ()))


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    """A collector and its address."""
    server, servicer = grpc.server(futures.ThreadPoolExecutor(2)), Collector()
    otlp_grpc.add_TraceServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call] # generated
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield servicer, f"127.0.0.1:{port}"
    server.stop(1).wait()


def test_one_trace_from_submit_to_the_status(tmp_path: Path, collector: tuple[Collector, str]) -> None:
    """A trace begins with the sender's call and runs through events to the recipient's status."""
    servicer, address = collector
    settings = Settings(
        data_dir=tmp_path,
        server=ServerSection(listen="127.0.0.1:0", metrics=""),
        telemetry=TelemetrySection(otlp_endpoint=address, otlp_secure=False),
    )
    with Background(settings):
        sender, recipient = party(tmp_path, "G22"), party(tmp_path, "H29")
        receipt = submit(sender)
        item = recipient.pull(mailbox_pb2.ITEM_KIND_DOCUMENT, receipt.document)
        recipient.acknowledge(item)
        sender.pull(mailbox_pb2.ITEM_KIND_STATUS, receipt.document)
        for one in (sender, recipient):
            one.axis.close()
    wanted = {
        "lienthong.intake.v1.Intake/SubmitDocument",
        "lienthong.events.v1.DocumentAccepted",
        "lienthong.events.v1.VerdictReached",
        "lienthong.events.v1.DeliveryAcknowledged",
        "lienthong.events.v1.StatusRecorded",
    }
    wait_for("the whole trace", lambda: wanted <= servicer.names(TRACE))


def party(folder: Path, code: str) -> Party:
    """Registers an agency and speaks as it."""
    contexts = folder / "contexts"
    with connect(load_context(contexts / "operator.yaml")) as operator:
        agency = common.Agency(display_name=code, short_name=code, codes=[common.AgencyCode(code=code)])
        made = operator.directory.CreateAgency(
            directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id())
        )
        issue(operator, made.name, code, Place(contexts))
    return Party(code, made, connect(load_context(contexts / f"{code}.yaml")))


def submit(sender: Party) -> intake_pb2.Receipt:
    """Hands a document in, inside a trace of the caller's own."""
    header = document_pb2.DocumentHeader(
        number="1",
        subject="Thử",
        kind=document_pb2.DOCUMENT_KIND_NEW,
        recipients=[document_pb2.Organization(code="H29")],
    )
    attachment = intake_pb2.AttachmentContent(name="a.txt", data=b"abc")
    request = intake_pb2.SubmitDocumentRequest(
        document=intake_pb2.DocumentContent(header=header, attachments=[attachment]), request_id=new_request_id()
    )
    call = sender.axis.channel("intake").unary_unary(
        "/lienthong.intake.v1.Intake/SubmitDocument",
        request_serializer=intake_pb2.SubmitDocumentRequest.SerializeToString,
        response_deserializer=intake_pb2.Receipt.FromString,
    )
    return call(request, timeout=10.0, metadata=(("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"),))


def test_a_collector_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ends does not wait for a collector that takes the connection and says nothing."""
    monkeypatch.setattr(tracing, "LAST_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as door:
        traces = tracing.Tracing()
        traces.configure(f"127.0.0.1:{door.getsockname()[1]}", secure=False)
        with traces.span("call", "", tracing.SERVER):
            pass
        begun = time.monotonic()
        traces.shutdown()
        assert time.monotonic() - begun < 5.0
