"""The policy table, held against the running platform: every rpc, every role, every kind of resource."""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from google.bytestream import bytestream_pb2
from lienthong.chassis.auth.headers import AGENCY_KEY
from lienthong.chassis.auth.policy import Resource, Row, policy
from lienthong.chassis.directory.model import Role
from lienthong.chassis.errors import Code
from lienthong.chassis.rpc import reflection
from lienthong.client import Axis, AxisCallError, NotFoundError
from lienthong.client.errors import call_error
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import operations_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.signing.v1 import signing_pb2
from lienthong.workflow.v1 import workflow_pb2

from .world import World, attached, delivered, file_of, refused, report

MODULES = (
    intake_pb2,
    directory_pb2,
    mailbox_pb2,
    workflow_pb2,
    signing_pb2,
    notification_pb2,
    operations_pb2,
    bytestream_pb2,
)
ROLES = {"agency": Role.AGENCY_SYSTEM, "operator": Role.OPERATOR}
FORBIDDEN = {Code.PERMISSION_DENIED, Code.UNAUTHENTICATED}


def methods() -> Iterator[MethodDescriptor]:
    """Gives every rpc of every service."""
    for module in MODULES:
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from service.methods


METHODS = {f"{method.containing_service.full_name}/{method.name}": method for method in methods()}
OWNED = {
    name: row
    for name, row in policy().items()
    if row.resource in {Resource.SENT, Resource.RECEIVED, Resource.SENT_OR_RECEIVED}
}


def test_every_rpc_has_a_row_and_every_row_an_rpc() -> None:
    """The table and the contract name the same calls."""
    assert set(METHODS) == set(policy())


@pytest.mark.parametrize("name", [name for name, row in policy().items() if row.mutation])
def test_every_mutation_has_a_request_id(name: str) -> None:
    """A call that changes something can be repeated by the caller's key."""
    assert "request_id" in METHODS[name].input_type.fields_by_name


@pytest.mark.parametrize("name", METHODS)
def test_what_has_a_request_id_is_a_mutation(name: str) -> None:
    """The table says of every keyed call that it changes something."""
    assert ("request_id" in METHODS[name].input_type.fields_by_name) == policy()[name].mutation


@pytest.mark.parametrize(("role", "name"), list(itertools.product(ROLES, METHODS)))
def test_roles(world: World, role: str, name: str) -> None:
    """A role without a row is PERMISSION_DENIED before anything else is looked at; one with a row never is."""
    axis = world.city if role == "agency" else world.operator
    error = _empty_call(axis, METHODS[name])
    if ROLES[role] in policy()[name].roles:
        assert error is None or error.code not in FORBIDDEN, error.message
    elif name.startswith("google.bytestream"):
        # Whose content it is stands in the name: an empty one belongs to no service that could refuse it.
        assert error is not None
    else:
        assert error is not None
        assert (error.code, error.reason) == (Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")
        assert "Call with" in error.message


def read_content(axis: Axis, name: str) -> bytes:
    """Reads content to its end."""
    read = axis.channel("intake").unary_stream(
        "/google.bytestream.ByteStream/Read",
        bytestream_pb2.ReadRequest.SerializeToString,
        bytestream_pb2.ReadResponse.FromString,
    )
    try:
        return b"".join(answer.data for answer in read(bytestream_pb2.ReadRequest(resource_name=name), timeout=30.0))
    except grpc.RpcError as error:
        raise call_error(error) from error


def read_own(axis: Axis, document: str, delivery: str) -> bytes:
    """Reads as the sender, else as the recipient."""
    try:
        return read_content(axis, f"{document}/rendition")
    except NotFoundError:
        return read_content(axis, f"{delivery}/content")


CALLS: dict[str, Callable[[Axis, str, str], Any]] = {
    "lienthong.intake.v1.Intake/GetDocument": lambda axis, document, _: axis.intake.GetDocument(
        intake_pb2.GetDocumentRequest(name=document)
    ),
    "lienthong.intake.v1.Intake/GetReceipt": lambda axis, document, _: axis.intake.GetReceipt(
        intake_pb2.GetReceiptRequest(document=document)
    ),
    "lienthong.intake.v1.Intake/RecallDocument": lambda axis, document, _: axis.intake.RecallDocument(
        intake_pb2.RecallDocumentRequest(name=document, reason="Sai", request_id=new_request_id())
    ),
    "lienthong.routing.v1.Mailbox/GetDelivery": lambda axis, _, delivery: axis.mailbox.GetDelivery(
        mailbox_pb2.GetDeliveryRequest(name=delivery)
    ),
    "lienthong.workflow.v1.Workflow/GetProgress": lambda axis, document, _: axis.workflow.GetProgress(
        workflow_pb2.GetProgressRequest(document=document)
    ),
    "lienthong.workflow.v1.Workflow/WatchProgress": lambda axis, document, _: next(
        iter(axis.workflow.WatchProgress(workflow_pb2.WatchProgressRequest(document=document)))
    ),
    "lienthong.workflow.v1.Workflow/ListStatuses": lambda axis, document, _: axis.workflow.ListStatuses(
        workflow_pb2.ListStatusesRequest(document=document)
    ),
    "lienthong.workflow.v1.Workflow/AssignTask": lambda axis, _, delivery: axis.workflow.AssignTask(
        workflow_pb2.AssignTaskRequest(
            delivery=delivery, kind=workflow_pb2.TASK_KIND_ASSIGN, unit="Phòng VX", request_id=new_request_id()
        )
    ),
    "lienthong.signing.v1.Signing/GetVerification": lambda axis, document, _: axis.signing.GetVerification(
        signing_pb2.GetVerificationRequest(document=document)
    ),
    "google.bytestream.ByteStream/Read": read_own,
}


@pytest.fixture(scope="module")
def exchanged(world: World) -> tuple[str, str]:
    """A document of the Government Office and its delivery to the city."""
    receipt, item = delivered(world, file_of(attachments=(attached("một.pdf", b"%PDF-1.7\n%%EOF\n"),)))
    report(world.city, "03", delivery=item.delivery)
    return receipt.document, item.delivery


def test_every_owned_resource_is_tried() -> None:
    """The calls below cover each row whose resource belongs to somebody."""
    assert set(CALLS) == set(OWNED)


@pytest.mark.parametrize("name", CALLS)
def test_whose_it_is(world: World, exchanged: tuple[str, str], name: str) -> None:
    """Own resources are served; foreign and unknown ones are answered alike, NOT_FOUND in the same words."""
    row: Row = OWNED[name]
    owners = [
        axis
        for axis, resource in ((world.vpcp, Resource.SENT), (world.city, Resource.RECEIVED))
        if row.resource in {resource, Resource.SENT_OR_RECEIVED}
    ]
    for axis in owners:
        assert CALLS[name](axis, *exchanged)
    strangers = [axis for axis in (world.vpcp, world.city, world.nghe_an) if axis not in owners]
    absent = tuple(one[:-4] + "0000" for one in exchanged)
    for axis in strangers:
        texts = [
            _neutral(refused(Code.NOT_FOUND, "RESOURCE_NOT_FOUND", partial(CALLS[name], axis, *place)), place)
            for place in (exchanged, absent)
        ]
        assert texts[0] == texts[1]


def test_naming_an_agency_changes_nothing_for_operators(world: World) -> None:
    """An operator acts for no agency, whatever it names."""
    call = world.operator.channel("intake").unary_unary(
        "/lienthong.intake.v1.Intake/ListDocuments",
        intake_pb2.ListDocumentsRequest.SerializeToString,
        intake_pb2.ListDocumentsResponse.FromString,
    )
    with pytest.raises(grpc.RpcError) as refusal:
        call(intake_pb2.ListDocumentsRequest(), timeout=10.0, metadata=((AGENCY_KEY, "H29"),))
    assert call_error(refusal.value).code is Code.PERMISSION_DENIED


def test_reflection_shows_the_contract(world: World) -> None:
    """The server tells its services to whoever has credentials."""
    database = ProtoReflectionDescriptorDatabase(world.vpcp.channel("intake"))
    assert {name.rpartition("/")[0] for name in METHODS} <= set(database.get_services())


@pytest.mark.parametrize("protocol", reflection.NAMES)
@pytest.mark.parametrize("symbol", ["Intake", "Intake.SubmitEdxml", "SubmitEdxmlRequest.request_id", "Nothing"])
def test_reflection_finds_what_is_named(world: World, protocol: str, symbol: str) -> None:
    """Under both names of its protocol it finds services, methods and fields, and says so where there is nothing."""
    ask = world.vpcp.channel("intake").stream_stream(
        f"/{protocol}/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=f"lienthong.intake.v1.{symbol}")
    (answer,) = ask(iter([request]), timeout=10.0)
    if symbol == "Nothing":
        assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    else:
        assert b"lienthong/intake/v1/intake.proto" in answer.file_descriptor_response.file_descriptor_proto[0]


def _empty_call(axis: Axis, method: MethodDescriptor) -> AxisCallError | None:
    channel = axis.channel("intake")
    path = f"/{method.containing_service.full_name}/{method.name}"
    request, reads = GetMessageClass(method.input_type), GetMessageClass(method.output_type).FromString
    try:
        if method.client_streaming:
            channel.stream_unary(path, _written, reads)(iter([request()]), timeout=10.0)
        elif method.server_streaming:
            stream = channel.unary_stream(path, _written, reads)(request(), timeout=1.0)
            try:
                next(stream, None)
            finally:
                stream.cancel()
        else:
            channel.unary_unary(path, _written, reads)(request(), timeout=10.0)
    except grpc.RpcError as error:
        return call_error(error)
    return None


def _written(message: Message) -> bytes:
    return message.SerializeToString()


def _neutral(error: AxisCallError, place: tuple[str, ...]) -> str:
    text = error.message
    for name in place:
        text = text.replace(name, "NAME").replace(name.partition("/")[2], "NAME")
    return text
