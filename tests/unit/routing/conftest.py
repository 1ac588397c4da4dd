"""A bench for routing: documents as intake hands them over, and the calls of clerks' software in short."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from lienthong import edxml
from lienthong.chassis.directory.model import Agency
from lienthong.chassis.errors import AxisError
from lienthong.chassis.events.event import DOCUMENTS, PROGRESS, VERDICTS
from lienthong.chassis.renditions import keep_plan
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1 import document_pb2, lifecycle_pb2
from lienthong.events.v1 import intake_documents_pb2 as intake
from lienthong.events.v1 import signing_verdicts_pb2 as signing
from lienthong.events.v1 import workflow_progress_pb2 as workflow
from lienthong.routing.component import build
from lienthong.routing.config import RoutingSection
from lienthong.routing.handlers import background
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.storage.tables import deliveries, items
from lienthong.routing.v1 import mailbox_pb2 as pb
from lienthong.testing.service import HCMC, VPCP, ServiceBench, service_bench

PDF = b"%PDF-1.7 " + bytes(range(256)) * 40
ORIGINAL = lifecycle_pb2.VERDICT_ORIGINAL_VALUE
BROKEN = lifecycle_pb2.VERDICT_BROKEN
HOLD = 3600.0
"""Long enough that nothing is shown by the clock while a test runs."""


@dataclass
class Routing:
    """Routing on the bench.

    Attributes:
        bench: The service.
        desk: What its handlers have at hand.
    """

    bench: ServiceBench
    desk: Desk
    known: dict[str, intake.DocumentAccepted] = field(default_factory=dict)

    @property
    def mailbox(self) -> Any:
        """Gives the mailbox's calls."""
        return self.bench.api("Mailbox")

    @property
    def directory(self) -> Any:
        """Gives the directory's calls."""
        return self.bench.api("Directory")

    def document(self, *recipients: Agency | str, **more: Any) -> intake.DocumentAccepted:
        """Makes a document of the Government Office with one PDF, its contents in the blob store."""
        identifier = self.bench.context.base.ids.new()
        header = document_pb2.DocumentHeader(
            document_id=more.pop("document_id", f"000.00.00.G22,2026/11/23,{identifier}"),
            number=more.pop("number", "7816"),
            notation=more.pop("notation", "VPCP-TTĐT"),
            subject=more.pop("subject", "Về việc liên thông văn bản"),
            priority=more.pop("priority", 0),
            kind=more.pop("kind", document_pb2.DOCUMENT_KIND_NEW),
            sender=document_pb2.Organization(code="000.00.00.G22", name=VPCP.name),
            recipients=[document_pb2.Organization(code=code_of(one), name=name_of(one)) for one in recipients],
        )
        accepted = intake.DocumentAccepted(
            document=identifier,
            sender_agency=VPCP.id,
            sender_code="000.00.00.G22",
            sender_name=VPCP.name,
            header=header,
            recipients=[
                intake.Recipient(
                    ordinal=number,
                    code=code_of(one),
                    display_name=name_of(one),
                    agency=one.id if isinstance(one, Agency) else "",
                )
                for number, one in enumerate(recipients)
            ],
            accept_time=to_timestamp(self.bench.clock.now()),
            **more,
        )
        self._store(accepted)
        self.known[identifier] = accepted
        return accepted

    def accept(self, *recipients: Agency | str, **more: Any) -> str:
        """Lets intake accept a document; gives its identifier."""
        accepted = self.document(*recipients, **more)
        self.feed_document(accepted)
        return accepted.document

    def feed_document(self, accepted: intake.DocumentAccepted) -> None:
        """Gives routing the event of a document."""
        self.bench.feed(DOCUMENTS, accepted.document, accepted)

    def verdict(self, document: str, verdict: Any = ORIGINAL, text: str = "giá trị như bản gốc") -> None:
        """Lets signing reach a verdict."""
        reached = signing.VerdictReached(document=document, verdict=verdict, text_vi=text, text_en="as an original")
        self.bench.feed(VERDICTS, document, reached)

    def deliver(self, *recipients: Agency | str, **more: Any) -> str:
        """Lets intake accept a document and signing verify it."""
        document = self.accept(*recipients, **more)
        self.verdict(document)
        return document

    def recall(self, document: str, *agencies: Agency, recall: str = "", reason: str = "Nhầm phụ lục") -> str:
        """Lets the sender take a document back at intake; gives the identifier of the recall."""
        identifier = recall or self.bench.context.base.ids.new()
        asked = intake.RecallRequested(
            document=document,
            recall=identifier,
            sender_agency=VPCP.id,
            reason=reason,
            agencies=[agency.id for agency in agencies],
            request_time=to_timestamp(self.bench.clock.now()),
        )
        self.bench.feed(DOCUMENTS, document, asked)
        return identifier

    def progress(self, delivery: str, message: Any) -> None:
        """Gives routing an event of workflow about a delivery."""
        message.reference.delivery = delivery
        self.bench.feed(PROGRESS, delivery, message)

    def status(self, delivery: str, code: str = "03", agency: Agency = VPCP, **more: Any) -> None:
        """Lets workflow record a status for the other side."""
        facts = workflow.StatusFacts(
            status=self.bench.context.base.ids.new(),
            code=code,
            description="Đã vào sổ",
            from_agency=HCMC.id,
            from_code="000.00.00.H29",
            from_name=HCMC.name,
            to_agency=agency.id,
            to_code="000.00.00.G22",
            event_time=to_timestamp(self.bench.clock.now()),
        )
        self.progress(delivery, workflow.StatusRecorded(facts=facts, forward=more.get("forward", True)))

    def call(self, agency: Agency | None, method: str = "test.Service/Method") -> Call:
        """Makes a call of an agency's software, or of an operator."""
        return self.bench.call(agency, method)

    def waiting(self, agency: Agency) -> list[pb.Item]:
        """Lists what waits for an agency."""
        return list(self.mailbox.list_items(pb.ListItemsRequest(), self.call(agency)).items)

    def pull(self, agency: Agency, key: str = "", **more: Any) -> list[pb.Item]:
        """Pulls a batch for an agency."""
        request = pb.PullItemsRequest(request_id=key or secrets.token_hex(8), **more)
        return list(self.mailbox.pull_items(request, self.call(agency)).items)

    def acknowledge(self, agency: Agency, *pulled: pb.Item) -> list[int]:
        """Acknowledges items; gives the code of each."""
        request = pb.AcknowledgeItemsRequest(items=leased(pulled))
        answer = self.mailbox.acknowledge_items(request, self.call(agency))
        return [result.status.code for result in answer.results]

    def take(self, agency: Agency) -> list[pb.Item]:
        """Pulls and acknowledges all that can be had at once."""
        pulled = self.pull(agency)
        assert self.acknowledge(agency, *pulled) == [0] * len(pulled)
        return pulled

    def read(self, agency: Agency, name: str, offset: int = 0) -> bytes:
        """Reads content by its name."""
        content = self.bench.component.doors[0].open_content(name, self.call(agency))
        data = b"".join(content.read(offset))
        assert len(data) == content.size - offset
        return data

    def delivery(self, agency: Agency, name: str) -> pb.Delivery:
        """Asks for a delivery."""
        answer: pb.Delivery = self.mailbox.get_delivery(pb.GetDeliveryRequest(name=name), self.call(agency))
        return answer

    def told(self, *kinds: Any) -> list[Any]:
        """Gives the events told so far."""
        return self.bench.told(*kinds)

    def step(self) -> None:
        """Lets the background worker do all that is due."""
        while background.step(self.bench.context.units, self.desk):
            pass

    def clean(self) -> None:
        """Lets the background worker clean up."""
        while background.clean(self.bench.context.units, self.desk):
            pass

    def expire_leases(self) -> None:
        """Ages all leases beyond their end, by the database's clock."""
        with self.bench.context.database.write() as connection:
            connection.execute(update(items).where(items.c.lease_until > 0).values(lease_until=1))

    def end_wait(self) -> None:
        """Ages all waits for verdicts beyond their end, by the database's clock."""
        with self.bench.context.database.write() as connection:
            connection.execute(update(deliveries).values(held_until=1))

    def _store(self, accepted: intake.DocumentAccepted) -> None:
        blobs = self.bench.context.base.blobs
        digest = hashlib.sha256(PDF)
        with blobs.create() as writer:
            writer.write(PDF)
        part = document_pb2.Attachment(ordinal=0, name="a.pdf", size=len(PDF), sha256=digest.digest())
        place = document_pb2.BlobReference(key=writer.key, size=len(PDF), sha256=digest.digest())
        accepted.attachments.add(attachment=part, blob=place)
        plan = edxml.plan(
            edxml.Document(
                sender=edxml.Organization("000.00.00.G22", VPCP.name),
                recipients=tuple(edxml.Organization(one.code, one.name) for one in accepted.header.recipients),
                document_id=accepted.header.document_id,
                subject=accepted.header.subject,
                attachments=(edxml.Attachment("a", "a.pdf", edxml.ContentRef(len(PDF), digest.hexdigest(), 0)),),
            )
        )
        keep_plan(accepted.rendition, plan.to_json(), blobs)
        accepted.rendition.size = plan.length


def code_of(recipient: Agency | str) -> str:
    """Gives the code under which a recipient is written."""
    return recipient if isinstance(recipient, str) else recipient.codes[0].code


def name_of(recipient: Agency | str) -> str:
    """Gives the name under which a recipient is written."""
    return recipient if isinstance(recipient, str) else recipient.name


def leased(pulled: Sequence[pb.Item], reason: str = "") -> list[pb.LeasedItem]:
    """Names pulled items with their leases."""
    return [pb.LeasedItem(name=item.name, lease=item.lease, reason=reason) for item in pulled]


def refusal(caught: pytest.ExceptionInfo[AxisError]) -> tuple[str, str]:
    """Gives code and reason of a refusal."""
    return caught.value.code.name, caught.value.reason


def make(folder: Path, **settings: Any) -> Routing:
    """Puts routing on the bench; held deliveries stay held unless a setting says otherwise."""
    section = RoutingSection(**({"held_seconds": HOLD} | settings))
    bench = service_bench(folder, "routing", build, section)
    mailbox = bench.api("Mailbox")
    return Routing(bench, mailbox._desk)


@pytest.fixture
def routing(tmp_path: Path) -> Routing:
    """Routing on the bench."""
    return make(tmp_path)
