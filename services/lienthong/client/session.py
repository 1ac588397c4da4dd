"""A session with the axis: typed calls of every service, and the few things that take more than one call."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health_pb2

from lienthong.chassis.auth.headers import AGENCY_KEY, PERSON_KEY, written
from lienthong.client.channel import open_channel
from lienthong.client.context import Context, find_context, load_context
from lienthong.client.errors import NotFoundError, call_error
from lienthong.client.stubs import Stub, resumed
from lienthong.client.transfers import Progress, Transfers, new_request_id, no_progress
from lienthong.common.v1 import operations_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.signing.v1 import signing_pb2
from lienthong.workflow.v1 import workflow_pb2

if TYPE_CHECKING:
    from lienthong.common.v1.operations_pb2_grpc import OperationsStub
    from lienthong.intake.v1.intake_pb2_grpc import IntakeStub
    from lienthong.notification.v1.notification_pb2_grpc import NotificationStub
    from lienthong.routing.v1.directory_pb2_grpc import DirectoryStub
    from lienthong.routing.v1.mailbox_pb2_grpc import MailboxStub
    from lienthong.signing.v1.signing_pb2_grpc import SigningStub
    from lienthong.workflow.v1.workflow_pb2_grpc import WorkflowStub

INLINE_BYTES = 1024 * 1024
"""Content up to this size travels in the call itself."""

ABSENT_SECONDS = 30.0
"""A document that was accepted just now may be unknown to workflow for so long."""


class Axis:
    """A session. Thread-safe; close it, or use it in a `with` block.

    Attributes:
        intake: Documents that one sends.
        directory: Agencies and systems.
        mailbox: What waits for one's agency.
        workflow: Statuses, tasks, progress.
        signing: Reports on signatures, certificates.
        notification: Subscriptions and notices.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._stack = ExitStack()
        self._channels: dict[str, grpc.Channel] = {}
        self._metadata = tuple(
            written(key, value) for key, value in ((AGENCY_KEY, context.agency), (PERSON_KEY, context.person)) if value
        )
        self.intake = cast("IntakeStub", self._stub("intake", intake_pb2, "Intake"))
        self.directory = cast("DirectoryStub", self._stub("routing", directory_pb2, "Directory"))
        self.mailbox = cast("MailboxStub", self._stub("routing", mailbox_pb2, "Mailbox"))
        self.workflow = cast("WorkflowStub", self._stub("workflow", workflow_pb2, "Workflow"))
        self.signing = cast("SigningStub", self._stub("signing", signing_pb2, "Signing"))
        self.notification = cast("NotificationStub", self._stub("notification", notification_pb2, "Notification"))

    def operations(self, service: str) -> "OperationsStub":
        """Gives the operations of a service; name it in the requests too."""
        return cast("OperationsStub", self._stub(service, operations_pb2, "Operations"))

    def submit_file(
        self, file: Path | str, request_id: str = "", progress: Progress = no_progress
    ) -> intake_pb2.Receipt:
        """Hands an edXML file of any size in.

        Args:
            file: The file.
            request_id: Key for repeats; a new one when empty. The same key again, also from another process, gives the
                same receipt, and goes on with an upload that broke off.
            progress: Told how the upload goes.

        Raises:
            AxisCallError: It is refused, or the axis is away.
        """
        place, key = Path(file), request_id or new_request_id()
        if place.stat().st_size <= INLINE_BYTES:
            request = intake_pb2.SubmitEdxmlRequest(content=place.read_bytes(), request_id=key)
        else:
            request = intake_pb2.SubmitEdxmlRequest(upload=self._upload_again(place, progress, key), request_id=key)
        return self.intake.SubmitEdxml(request, timeout=600.0)

    def _upload_again(self, file: Path, progress: Progress, key: str) -> str:
        try:
            return self.upload(file, progress, key)
        except NotFoundError:
            return self.upload(file, progress)  # the upload of that key was used, or has expired

    def upload(self, file: Path, progress: Progress = no_progress, request_id: str = "") -> str:
        """Uploads a file; gives the upload's resource name.

        Args:
            file: The file.
            progress: Told how it goes.
            request_id: Key for repeats; the same key goes on with an upload that broke off. A new one when empty.

        Raises:
            AxisCallError: It is refused, or the axis is away.
            OSError: The file cannot be read.
        """
        size = file.stat().st_size
        key = request_id or new_request_id()
        upload = self.intake.CreateUpload(intake_pb2.CreateUploadRequest(size=size, request_id=key))
        with file.open("rb") as source:
            Transfers(self.channel("intake"), self._metadata).upload(upload.name, source, size, progress)
        return upload.name

    def download(self, name: str, target: BinaryIO, progress: Progress = no_progress, total: int = 0) -> str:
        """Reads content, `documents/…` that one sent or `deliveries/…` that one received; gives its SHA-256, hex.

        Raises:
            AxisCallError: It is refused, or the axis is away.
        """
        service = "intake" if name.startswith("documents/") else "routing"
        return Transfers(self.channel(service), self._metadata).download(name, target, progress, total)

    def watch_progress(self, document: str, cursor: str = "") -> Iterator[workflow_pb2.WatchProgressResponse]:
        """Follows the progress of a document, over breaks of the connection too; it may have been accepted just now."""

        def opened(place: str) -> Iterator[Any]:
            return self.workflow.WatchProgress(workflow_pb2.WatchProgressRequest(document=document, cursor=place))

        return resumed(opened, cursor, absent_seconds=ABSENT_SECONDS)

    def watch_mailbox(self, cursor: str = "") -> Iterator[mailbox_pb2.WatchMailboxResponse]:
        """Follows one's mailbox: a hint whenever something new waits."""

        def opened(place: str) -> Iterator[Any]:
            return self.mailbox.WatchMailbox(mailbox_pb2.WatchMailboxRequest(cursor=place))

        return resumed(opened, cursor)

    def watch_notices(self, cursor: str = "") -> Iterator[notification_pb2.WatchNoticesResponse]:
        """Follows one's notices as they come."""

        def opened(place: str) -> Iterator[Any]:
            return self.notification.WatchNotices(notification_pb2.WatchNoticesRequest(cursor=place))

        return resumed(opened, cursor)

    def serving(self, service: str = "intake", timeout: float = 5.0) -> bool:
        """Tells whether a server answers and says that it serves.

        Raises:
            AxisCallError: It does not answer.
        """
        request = health_pb2.HealthCheckRequest()
        check = self.channel(service).unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(request, timeout=timeout)
        except grpc.RpcError as error:
            raise call_error(error) from error
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    def close(self) -> None:
        """Ends the session."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _stub(self, service: str, module: Any, name: str) -> Stub:
        descriptor: ServiceDescriptor = module.DESCRIPTOR.services_by_name[name]
        return Stub(self.channel(service), descriptor, self._metadata)

    def channel(self, service: str) -> grpc.Channel:
        """Gives the channel to a service, for calls that are not here."""
        address = self.context.address_of(service)
        if address not in self._channels:
            channel = open_channel(address, self.context)
            self._channels[address] = channel
            self._stack.callback(channel.close)
        return self._channels[address]


def connect(context: Context | Path | str) -> Axis:
    """Opens a session.

    Args:
        context: A context, its file, or its name.

    Raises:
        ContextError: The context cannot be used.
    """
    if isinstance(context, Context):
        return Axis(context)
    return Axis(load_context(context if isinstance(context, Path) else find_context(context)))
