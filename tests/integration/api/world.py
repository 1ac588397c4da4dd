"""A whole platform behind its real port, who takes part in it, and what tests do with it again and again."""

import hashlib
import itertools
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lienthong import edxml
from lienthong.app import Platform
from lienthong.chassis.errors import Code
from lienthong.client import (
    Axis,
    AxisCallError,
    AxisUnavailableError,
    NotFoundError,
    connect,
    credentials,
    load_context,
)
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import lifecycle_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.settings import Settings
from lienthong.testing.platform import Background
from lienthong.workflow.v1 import workflow_pb2

Value = TypeVar("Value")

DEADLINE_SECONDS = 30.0
_numbers = itertools.count(1)

SETTINGS: dict[str, Any] = {
    "server": {"listen": "127.0.0.1:0", "metrics": "", "drain_seconds": 1},
    # Short times, so that a test sees what otherwise takes a minute.
    "routing": {"held_seconds": 1, "lease_seconds_at_least": 0.05},
    "workflow": {"unmatched_seconds": 0.5},
}


@dataclass
class World:
    """A running platform and its parties.

    Attributes:
        platform: The platform.
        folder: Its data folder.
        operator: Session of the operator.
        agencies: By the name of their context.
        sessions: Sessions of agencies, by the same name.
    """

    platform: Platform
    folder: Path
    operator: Axis
    stack: ExitStack
    agencies: dict[str, common.Agency] = field(default_factory=dict)
    sessions: dict[str, Axis] = field(default_factory=dict)

    @property
    def contexts(self) -> Path:
        """Folder of the contexts."""
        return self.folder / "contexts"

    @property
    def vpcp(self) -> Axis:
        """The Government Office (Văn phòng Chính phủ), G22."""
        return self.sessions["vpcp"]

    @property
    def city(self) -> Axis:
        """The People's Committee of Ho Chi Minh City, H29."""
        return self.sessions["city"]

    @property
    def nghe_an(self) -> Axis:
        """The People's Committee of Nghệ An, H41."""
        return self.sessions["nghe-an"]

    def register(self, name: str, display: str, *codes: str, groups: tuple[str, ...] = ()) -> common.Agency:
        """Registers an agency."""
        agency = common.Agency(
            display_name=display,
            short_name=name,
            codes=[common.AgencyCode(code=code) for code in codes],
            groups=groups,
        )
        request = directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id())
        self.agencies[name] = self.operator.directory.CreateAgency(request)
        return self.agencies[name]

    def join(self, name: str, display: str, *codes: str, groups: tuple[str, ...] = ()) -> Axis:
        """Registers an agency and opens a session with credentials of its own."""
        agency = self.register(name, display, *codes, groups=groups)
        credentials.issue(self.operator, agency.name, name, credentials.Place(self.contexts))
        self.sessions[name] = self.speak(name)
        known_everywhere(self.sessions[name])
        return self.sessions[name]

    def speak(self, name: str, agency: str = "") -> Axis:
        """Opens a session as a context; it is closed with the world."""
        context = load_context(self.contexts / f"{name}.yaml")
        return self.stack.enter_context(connect(replace(context, agency=agency)))

    def system(self, name: str, *agencies: str, operator: bool = False) -> str:
        """Registers a system with credentials; gives its resource name."""
        role = common.SYSTEM_ROLE_OPERATOR if operator else common.SYSTEM_ROLE_AGENCY_SYSTEM
        grants = [common.Grant(agency=self.agencies[one].name) for one in agencies]
        system = common.System(display_name=name, role=role, grants=grants)
        request = directory_pb2.CreateSystemRequest(system=system, request_id=new_request_id())
        made = self.operator.directory.CreateSystem(request)
        credentials.certify(self.operator, made.name, name, credentials.Place(self.contexts))
        return made.name


@contextmanager
def running(folder: Path, settings: dict[str, Any] | None = None) -> Iterator[World]:
    """Starts a platform on a data folder, with the operator that it begins with."""
    values = Settings.model_validate({"data_dir": folder} | SETTINGS | (settings or {}))
    with ExitStack() as stack:
        platform = stack.enter_context(Background(values))
        operator = stack.enter_context(connect(load_context(folder / "contexts" / "operator.yaml")))
        yield World(platform, folder, operator, stack)


def known_everywhere(axis: Axis) -> None:
    """Waits until every service knows a new system."""

    def known(call: Callable[[], object]) -> bool:
        try:
            call()
        except AxisUnavailableError:
            return False
        return True

    for call in (
        lambda: axis.intake.ListDocuments(intake_pb2.ListDocumentsRequest()),
        lambda: axis.mailbox.ListItems(mailbox_pb2.ListItemsRequest()),
        lambda: axis.workflow.ListCases(workflow_pb2.ListCasesRequest()),
    ):
        wait_for("the system is known", lambda call=call: known(call))  # type: ignore[misc] # a default binds it


def document_of(**changes: Any) -> edxml.Document:
    """A letter (công văn) of the Government Office to the city, with a DocumentId of its own."""
    number = next(_numbers)
    document = edxml.Document(
        sender=edxml.Organization("000.00.00.G22", "Văn phòng Chính phủ"),
        recipients=(edxml.Organization("000.00.00.H29", "UBND Thành phố Hồ Chí Minh"),),
        document_id=f"000.00.00.G22,2026/11/20,{number}/VPCP-TH",
        code=edxml.DocumentCode(str(number), "VPCP-TH"),
        promulgation=edxml.PromulgationInfo("Hà Nội", date(2026, 11, 20)),
        document_type=edxml.DocumentType(2, 18, "Công văn"),
        subject="V/v kết nối, liên thông phần mềm quản lý văn bản",
    )
    return replace(document, **changes)


def attached(name: str, data: bytes, number: int = 1) -> edxml.Attachment:
    """An attachment whose content lies in memory."""
    content = edxml.ContentRef(len(data), hashlib.sha256(data).hexdigest(), zlib.crc32(data), data)
    return edxml.Attachment(f"a{number}", name, content)


def file_of(document: edxml.Message | None = None, **changes: Any) -> bytes:
    """The edXML file of a document."""
    return b"".join(edxml.write(document or document_of(**changes), edxml.MemorySpools()))


def to(*codes: str) -> tuple[edxml.Organization, ...]:
    """Recipients by their codes."""
    return tuple(edxml.Organization(code, f"Cơ quan {code}") for code in codes)


def submit(axis: Axis, content: bytes, request_id: str = "") -> intake_pb2.Receipt:
    """Hands a file in."""
    request = intake_pb2.SubmitEdxmlRequest(content=content, request_id=request_id or new_request_id())
    return axis.intake.SubmitEdxml(request)


def refused(code: Code, reason: str, call: Callable[[], object]) -> AxisCallError:
    """Makes a call that must be refused with a code and a stable reason; gives the error."""
    with pytest.raises(AxisCallError) as caught:
        call()
    error = caught.value
    assert (error.code, error.reason) == (code, reason), error.message
    assert error.message
    return error


def told(error: AxisCallError, reason: str) -> Any:
    """Gives the violation with a reason; it names its place and says more than the place."""
    found = next(one for one in error.violations if one.reason == reason)
    assert found.field
    assert len(found.rule) > len(reason) // 2
    return found


def wait_for(claim: str, look: Callable[[], Value | None], seconds: float = DEADLINE_SECONDS) -> Value:
    """Looks again and again until there is something; what is not found yet is not there yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = look()
        except NotFoundError:
            found = None
        if found:
            return found
        if time.monotonic() > end:
            pytest.fail(f"{claim}: not seen within {seconds:.0f} s")
        time.sleep(0.02)


def pull(
    axis: Axis,
    document: str,
    kind: mailbox_pb2.ItemKind.ValueType = mailbox_pb2.ITEM_KIND_DOCUMENT,
    seconds: int = 60,
) -> mailbox_pb2.Item:
    """Leases the item of a kind about a document, when it comes."""

    def look() -> mailbox_pb2.Item | None:
        request = mailbox_pb2.PullItemsRequest(max_items=100, kinds=[kind], request_id=new_request_id())
        request.lease_duration.seconds = seconds
        items = axis.mailbox.PullItems(request).items
        return next((item for item in items if item.document == document), None)

    return wait_for(f"an item about {document}", look)


def acknowledge(axis: Axis, *items: mailbox_pb2.Item) -> list[int]:
    """Tells that items are stored; gives the code of each."""
    leased = [mailbox_pb2.LeasedItem(name=item.name, lease=item.lease) for item in items]
    answer = axis.mailbox.AcknowledgeItems(mailbox_pb2.AcknowledgeItemsRequest(items=leased))
    return [result.status.code for result in answer.results]


def emptied(axis: Axis) -> None:
    """Takes what other tests left in a mailbox out of it."""
    request = mailbox_pb2.PullItemsRequest(max_items=100, request_id=new_request_id())
    while items := axis.mailbox.PullItems(request).items:
        acknowledge(axis, *items)
        request.request_id = new_request_id()


def report(axis: Axis, code: str, **fields: Any) -> workflow_pb2.StatusResult:
    """Reports one status; gives what became of it."""
    status = workflow_pb2.StatusReport(code=code, **fields)
    request = workflow_pb2.ReportStatusesRequest(statuses=[status], request_id=new_request_id())
    (result,) = axis.workflow.ReportStatuses(request).results
    return result


def progress_of(axis: Axis, document: str) -> workflow_pb2.Progress:
    """Asks for the progress of a document."""
    return axis.workflow.GetProgress(workflow_pb2.GetProgressRequest(document=document))


def delivered(world: World, content: bytes | None = None) -> tuple[intake_pb2.Receipt, mailbox_pb2.Item]:
    """Sends a letter to the city, which takes it in; workflow knows that it arrived (01)."""
    receipt = submit(world.vpcp, content or file_of())
    item = pull(world.city, receipt.document)
    assert acknowledge(world.city, item) == [0]

    def arrived() -> bool:
        rows = progress_of(world.city, receipt.document).recipients
        return bool(rows) and rows[0].state >= lifecycle_pb2.DELIVERY_STATE_ARRIVED

    wait_for("01 by itself", arrived)
    return receipt, item
