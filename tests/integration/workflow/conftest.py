"""Workflow on the bench, and the events of its neighbours in short words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message

from lienthong.chassis.directory.model import Agency
from lienthong.chassis.events.event import DELIVERIES, DOCUMENTS, VERDICTS
from lienthong.chassis.times import to_date, to_timestamp
from lienthong.common.v1 import document_pb2, lifecycle_pb2
from lienthong.events.v1 import intake_documents_pb2 as intake
from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.events.v1 import signing_verdicts_pb2 as signing
from lienthong.testing.clock import FakeClock
from lienthong.testing.service import HCMC, VPCP, ServiceBench, service_bench
from lienthong.workflow.component import build
from lienthong.workflow.config import WorkflowSection
from lienthong.workflow.v1 import workflow_pb2 as pb


@dataclass
class World:
    """The service, and short words for what its neighbours tell it."""

    bench: ServiceBench
    keys: int = 0
    references: dict[str, routing.DeliveryReference] = field(default_factory=dict)

    @property
    def clock(self) -> FakeClock:
        """The clock of the service."""
        return self.bench.clock

    @property
    def api(self) -> Any:
        """The service `Workflow`."""
        return self.bench.api("Workflow")

    def key(self) -> str:
        """A new request_id."""
        self.keys += 1
        return f"key-{self.keys}"

    def header(self, document: str, **more: Any) -> document_pb2.DocumentHeader:
        """A header; DocumentId and notation follow from the document's name."""
        values: dict[str, Any] = {
            "document_id": f"G22,2026-11-20,{document}",
            "number": "7816",
            "notation": f"VPCP-{document}",
            "promulgation_date": to_date(date(2026, 11, 20)),
            "subject": "Về việc triển khai Nghị định 30",
            "priority": 1,
        }
        return document_pb2.DocumentHeader(**{**values, **more})

    def accept(self, document: str, sender: Agency = VPCP, answers: tuple[str, ...] = (), **header: Any) -> None:
        """Intake accepted a document."""
        event = intake.DocumentAccepted(
            document=document,
            sender_agency=sender.id,
            sender_code=sender.codes[0].code,
            sender_name=sender.name,
            header=self.header(document, **header),
            answers=answers,
            accept_time=to_timestamp(self.clock.now()),
        )
        self.bench.feed(DOCUMENTS, document, event)

    def create(
        self,
        delivery: str,
        document: str,
        recipient: Agency | None = HCMC,
        sender: Agency = VPCP,
        *,
        count: int = 1,
        header: dict[str, Any] | None = None,
        sequence: int | None = None,
        **more: Any,
    ) -> None:
        """Routing made a delivery."""
        about = routing.DeliveryReference(
            delivery=delivery,
            document=document,
            sender_agency=sender.id,
            recipient_agency=recipient.id if recipient else "",
        )
        self.references[delivery] = about
        event = routing.DeliveryCreated(
            reference=about,
            recipient_code=recipient.codes[0].code if recipient else "000.00.00.X99",
            recipient_name=recipient.name if recipient else "Không rõ",
            sender_code=sender.codes[0].code,
            sender_name=sender.name,
            header=self.header(document, **(header or {})),
            delivery_count=count,
            create_time=to_timestamp(self.clock.now()),
            accept_time=to_timestamp(self.clock.now()),
            **more,
        )
        self.bench.feed(DELIVERIES, delivery, event, sequence)

    def tell(self, kind: type[Message], delivery: str, *, sequence: int | None = None, **fields: Any) -> None:
        """Routing told something of a delivery."""
        message: Any = kind(reference=self.references[delivery], event_time=to_timestamp(self.clock.now()), **fields)
        self.bench.feed(DELIVERIES, delivery, message, sequence)

    def arrive(self, delivery: str) -> None:
        """A delivery became visible and was stored."""
        self.tell(routing.DeliveryAvailable, delivery, verdict=lifecycle_pb2.VERDICT_SIGNED)
        self.tell(routing.DeliveryAcknowledged, delivery, system="dms")

    def deliver(
        self, delivery: str, document: str, recipient: Agency = HCMC, sender: Agency = VPCP, **more: Any
    ) -> None:
        """A document was accepted, delivered and stored."""
        self.accept(document, sender, **more.pop("accepted", {}))
        self.create(delivery, document, recipient, sender, **more)
        self.arrive(delivery)

    def verdict(self, document: str, verdict: lifecycle_pb2.Verdict.ValueType) -> None:
        """Signing reached a verdict."""
        self.bench.feed(VERDICTS, document, signing.VerdictReached(document=document, verdict=verdict))

    def say(self, agency: Agency, code: str, delivery: str = "", **more: Any) -> pb.StatusResult:
        """An agency reports one status in types."""
        named: dict[str, Any] = {"delivery": f"deliveries/{delivery}"} if delivery else {}
        result: pb.StatusResult = self.say_all(agency, pb.StatusReport(code=code, **named, **more))[0]
        return result

    def say_all(self, agency: Agency, *statuses: pb.StatusReport, edxml: tuple[bytes, ...] = ()) -> Any:
        """An agency reports statuses."""
        request = pb.ReportStatusesRequest(statuses=statuses, edxml=edxml, request_id=self.key())
        return self.api.report_statuses(request, self.bench.call(agency, "Workflow/ReportStatuses")).results

    def progress(self, agency: Agency, document: str) -> pb.Progress:
        """What an agency sees of a document."""
        request = pb.GetProgressRequest(document=f"documents/{document}")
        answer: pb.Progress = self.api.get_progress(request, self.bench.call(agency))
        return answer

    def state(self, delivery: str, document: str, agency: Agency = VPCP) -> str:
        """State of a delivery as an agency sees it."""
        row = next(one for one in self.progress(agency, document).recipients if one.delivery.endswith(delivery))
        return lifecycle_pb2.DeliveryState.Name(row.state).removeprefix("DELIVERY_STATE_")

    def assign(self, agency: Agency, delivery: str, kind: Any = pb.TASK_KIND_ASSIGN, **more: Any) -> pb.Task:
        """An agency gives a task."""
        request = pb.AssignTaskRequest(delivery=f"deliveries/{delivery}", kind=kind, request_id=self.key(), **more)
        answer: pb.Task = self.api.assign_task(request, self.bench.call(agency, "Workflow/AssignTask"))
        return answer

    def start(self, agency: Agency, task: pb.Task, note: str = "", **more: Any) -> pb.Task:
        """An agency starts a task."""
        request = pb.StartTaskRequest(name=task.name, note=note, request_id=self.key(), **more)
        answer: pb.Task = self.api.start_task(request, self.bench.call(agency, "Workflow/StartTask"))
        return answer

    def hand_over(self, agency: Agency, task: pb.Task, **more: Any) -> pb.Task:
        """An agency hands a task over."""
        request = pb.HandOverTaskRequest(name=task.name, request_id=self.key(), **more)
        answer: pb.Task = self.api.hand_over_task(request, self.bench.call(agency, "Workflow/HandOverTask"))
        return answer

    def complete(self, agency: Agency, task: pb.Task, result: str = "") -> pb.Task:
        """An agency completes a task."""
        request = pb.CompleteTaskRequest(name=task.name, result=result, request_id=self.key())
        answer: pb.Task = self.api.complete_task(request, self.bench.call(agency, "Workflow/CompleteTask"))
        return answer


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    """Puts workflow on the bench with a section of one's own; it knows VPCP, Ho Chi Minh City and Nghệ An."""

    def make(**section: int) -> World:
        return World(service_bench(tmp_path, "workflow", build, WorkflowSection.model_validate(section)))

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Workflow on the bench with its defaults."""
    return make_world()
