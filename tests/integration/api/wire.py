"""Calls of an agency's system that are made by hand, message by message."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc

from google.bytestream import bytestream_pb2 as stream_pb
from lienthong.chassis.errors import Code
from lienthong.client import Axis, AxisCallError
from lienthong.client.errors import call_error
from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import mailbox_pb2

BYTESTREAM = "/google.bytestream.ByteStream"


def raw(axis: Axis, path: str, request: Any, answer: Any, **metadata: str) -> Any:
    """A unary call with metadata of one's own."""
    call = axis.channel("intake").unary_unary(path, type(request).SerializeToString, answer.FromString)
    try:
        return call(
            request, timeout=10.0, metadata=tuple((key.replace("_", "-"), one) for key, one in metadata.items())
        )
    except grpc.RpcError as error:
        raise call_error(error) from error


def listing(axis: Axis, **metadata: str) -> Any:
    """A list of what was sent, with metadata of one's own."""
    path = "/lienthong.intake.v1.Intake/ListDocuments"
    return raw(axis, path, intake_pb2.ListDocumentsRequest(), intake_pb2.ListDocumentsResponse, **metadata)


def write(axis: Axis, requests: Iterator[stream_pb.WriteRequest]) -> stream_pb.WriteResponse:
    """An upload, message by message."""
    call = axis.channel("intake").stream_unary(
        f"{BYTESTREAM}/Write", stream_pb.WriteRequest.SerializeToString, stream_pb.WriteResponse.FromString
    )
    try:
        answer: stream_pb.WriteResponse = call(requests, timeout=60.0)
    except grpc.RpcError as error:
        raise call_error(error) from error
    return answer


def read(axis: Axis, name: str) -> Any:
    """A download, message by message."""
    return axis.channel("intake").unary_stream(
        f"{BYTESTREAM}/Read", stream_pb.ReadRequest.SerializeToString, stream_pb.ReadResponse.FromString
    )(stream_pb.ReadRequest(resource_name=name), timeout=120.0)


def uploaded(axis: Axis) -> str:
    """A new upload; its name."""
    return str(axis.intake.CreateUpload(intake_pb2.CreateUploadRequest(request_id=new_request_id())).name)


def pulled(axis: Axis, document: str) -> Any:
    """The item of a document, leased; None while it is not there."""
    request = mailbox_pb2.PullItemsRequest(request_id=new_request_id(), max_items=100)
    return next((one for one in axis.mailbox.PullItems(request).items if one.document == document), None)


def code_of(call: Callable[[], object]) -> Code | None:
    """Makes a call; the code with which it is refused, or None."""
    try:
        call()
    except AxisCallError as error:
        return error.code
    return None
