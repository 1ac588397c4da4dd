"""Who plays: agencies with their sessions, and what they do again and again."""

from dataclasses import dataclass
from pathlib import Path

from lienthong.client import Axis, credentials
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import document_pb2
from lienthong.demo.platform import Reachable
from lienthong.demo.timeline import DEADLINE_SECONDS, StoryError, confirm, wait_for
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2


@dataclass(frozen=True, slots=True)
class Party:
    """An agency of the story.

    Attributes:
        name: Name of its context.
        agency: What the directory says.
        axis: Its session.
    """

    name: str
    agency: common.Agency
    axis: Axis

    @property
    def code(self) -> str:
        """Its first code."""
        return self.agency.codes[0].code

    def submit(
        self,
        to: list[str],
        number: str,
        subject: str,
        attachment: tuple[str, bytes],
        answers: document_pb2.ResponseFor | None = None,
    ) -> intake_pb2.Receipt:
        """Hands a document in, in types."""
        name, data = attachment
        header = document_pb2.DocumentHeader(
            number=number,
            notation=f"{self.agency.short_name}-VP",
            subject=subject,
            type=2,
            type_detail=18,
            type_name="Công văn",
            kind=document_pb2.DOCUMENT_KIND_NEW,
            recipients=[document_pb2.Organization(code=code) for code in to],
            response_for=[answers] if answers else [],
        )
        content = intake_pb2.DocumentContent(
            header=header, attachments=[intake_pb2.AttachmentContent(name=name, data=data)]
        )
        return self.axis.intake.SubmitDocument(
            intake_pb2.SubmitDocumentRequest(document=content, request_id=new_request_id())
        )

    def pull(
        self, kind: mailbox_pb2.ItemKind.ValueType, document: str, seconds: float = DEADLINE_SECONDS
    ) -> mailbox_pb2.Item:
        """Leases the item of a kind about a document, when it comes."""

        def look() -> mailbox_pb2.Item | None:
            request = mailbox_pb2.PullItemsRequest(max_items=20, kinds=[kind], request_id=new_request_id())
            return next(
                (item for item in self.axis.mailbox.PullItems(request).items if item.document == document), None
            )

        return wait_for(f"{self.name} pulls {document}", look, seconds)

    def acknowledge(self, item: mailbox_pb2.Item) -> None:
        """Tells that an item is stored.

        Raises:
            StoryError: The platform does not take it.
        """
        leased = mailbox_pb2.LeasedItem(name=item.name, lease=item.lease)
        (result,) = self.axis.mailbox.AcknowledgeItems(mailbox_pb2.AcknowledgeItemsRequest(items=[leased])).results
        if result.status.code:
            raise StoryError(f"{self.name} acknowledges {item.name}: {result.status.message}")

    def report(self, delivery: str, code: str, text: str, arrival_number: str = "") -> workflow_pb2.StatusResult:
        """Reports a status when the platform knows the delivery."""
        status = workflow_pb2.StatusReport(
            delivery=delivery, code=code, description=text, arrival_number=arrival_number
        )
        request = workflow_pb2.ReportStatusesRequest(statuses=[status], request_id=new_request_id())
        (result,) = self.axis.workflow.ReportStatuses(request).results
        confirm(f"{self.name} reports {code}", result.status.code, 0)
        return result

    def progress(self, document: str) -> workflow_pb2.Progress:
        """Asks for the progress of a document."""
        return self.axis.workflow.GetProgress(workflow_pb2.GetProgressRequest(document=document))


def register(
    platform: Reachable,
    operator: Axis,
    name: str,
    agency: common.Agency,
    parent: str = "",
) -> Party:
    """Registers an agency, gives it credentials, and opens its session."""
    wanted = common.Agency()
    wanted.CopyFrom(agency)
    wanted.parent = parent
    made = operator.directory.CreateAgency(
        directory_pb2.CreateAgencyRequest(agency=wanted, request_id=new_request_id())
    )
    credentials.issue(operator, made.name, name, credentials.Place(platform.contexts))
    return Party(name, made, platform.speak(name))


def read_all(party: Party, resource: str, target: Path) -> str:
    """Reads content into a file; gives its hash."""
    with target.open("wb") as stream:
        return party.axis.download(resource, stream)
