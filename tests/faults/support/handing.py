"""Handing a paper in, the same way each time."""

import contextlib
import io
import time
from collections.abc import Iterator

import grpc
from tests.faults.support.ledger import Ledger
from tests.faults.support.papers import Paper, edxml_file, typed

from google.bytestream import bytestream_pb2
from lienthong.client import Axis
from lienthong.client.transfers import Transfers
from lienthong.intake.v1 import intake_pb2

STEP = 512 * 1024
"""Bytes of a larger content that are sent before the axis is asked how much of it is durable."""

_WRITE_SECONDS = 30.0
_VAIN_SECONDS = 180.0
"""No fault and what follows from it lasts as long; an upload that gets no further then is stuck."""


def resubmit(axis: Axis, code: str, paper: Paper, upload: str) -> intake_pb2.Receipt:
    """Hands a paper in whose content is uploaded, if it goes that way."""
    if not paper.form.startswith("edxml"):
        return axis.intake.SubmitDocument(typed(paper, upload))
    request = intake_pb2.SubmitEdxmlRequest(request_id=paper.key)
    if upload:
        request.upload = upload
    else:
        request.content = edxml_file(paper, code)
    return axis.intake.SubmitEdxml(request)


def upload_whole(axis: Axis, key: str, data: bytes, ledger: Ledger) -> str:
    """Uploads something under a key, on from where an earlier try broke; gives the upload.

    What is larger goes in steps: what the axis called durable after one is noted, and must be there ever after.

    Raises:
        TimeoutError: The axis takes nothing of it any more.
    """
    upload = axis.intake.CreateUpload(intake_pb2.CreateUploadRequest(size=len(data), request_id=key)).name
    if len(data) > STEP:
        asked = intake_pb2.GetUploadRequest(name=upload)
        done = axis.intake.GetUpload(asked).committed_size
        ledger.resume(upload, done)
        until = time.monotonic() + _VAIN_SECONDS
        while done < len(data) - STEP:
            before = done
            _send_part(axis, upload, data, done)
            done = axis.intake.GetUpload(asked).committed_size
            ledger.store(upload, done)
            if done > before:
                until = time.monotonic() + _VAIN_SECONDS
            elif time.monotonic() > until:
                raise TimeoutError(f"{upload} stays at {done:,} of {len(data):,} bytes")
    Transfers(axis.channel("intake"), ()).upload(upload, io.BytesIO(data), len(data))
    return upload


def _send_part(axis: Axis, upload: str, data: bytes, offset: int) -> None:
    write = axis.channel("intake").stream_unary(
        "/google.bytestream.ByteStream/Write",
        bytestream_pb2.WriteRequest.SerializeToString,
        bytestream_pb2.WriteResponse.FromString,
    )

    def pieces() -> Iterator[bytestream_pb2.WriteRequest]:
        yield bytestream_pb2.WriteRequest(
            resource_name=upload, write_offset=offset, data=data[offset : offset + STEP], finish_write=False
        )

    # A stream that ends before the whole is there is refused, or broken by a crash; what came of it is asked next.
    with contextlib.suppress(grpc.RpcError):
        write(pieces(), timeout=_WRITE_SECONDS)
