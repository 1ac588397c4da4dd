"""Two streams at one upload: the later one goes on, the earlier one can do no harm any more."""

import hashlib
import io
import queue
from collections.abc import Iterator

import grpc
import pytest
from tests.integration.api.world import World, refused, wait_for

from google.bytestream import bytestream_pb2 as pb
from lienthong.chassis.errors import Code
from lienthong.client import AxisUnavailableError
from lienthong.client.errors import call_error
from lienthong.client.transfers import Transfers, new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2

SECONDS = 30.0
PIECE = 64 * 1024
CONTENT = hashlib.shake_128(b"content").digest(4 * PIECE)


class Stream:
    """A stream of ByteStream.Write that goes on only when told."""

    def __init__(self, world: World, upload: str) -> None:
        write = world.vpcp.channel("intake").stream_unary(
            "/google.bytestream.ByteStream/Write",
            pb.WriteRequest.SerializeToString,
            pb.WriteResponse.FromString,
        )
        self._upload = upload
        self._pieces: queue.SimpleQueue[pb.WriteRequest | None] = queue.SimpleQueue()
        self._answer = write.future(self._requests(), timeout=SECONDS)

    def send(self, offset: int, data: bytes, *, finish: bool = False, upload: str = "") -> None:
        """Sends one piece, into another upload when one is named."""
        name = upload or self._upload
        self._pieces.put(pb.WriteRequest(resource_name=name, write_offset=offset, data=data, finish_write=finish))

    def end(self) -> None:
        """Sends no more; raises what the axis answers, if it is a refusal."""
        self._pieces.put(None)
        try:
            self._answer.result()
        except grpc.RpcError as error:
            raise call_error(error) from error

    def _requests(self) -> Iterator[pb.WriteRequest]:
        while (piece := self._pieces.get()) is not None:
            yield piece


@pytest.fixture
def upload(world: World) -> str:
    """An upload that was just opened."""
    request = intake_pb2.CreateUploadRequest(size=len(CONTENT), request_id=new_request_id())
    return world.vpcp.intake.CreateUpload(request).name


@pytest.mark.embedded
def test_a_stream_left_behind_cannot_change_what_was_sealed(world: World, upload: str) -> None:
    """Once another stream goes on with an upload, the earlier one is cut off: what is sealed stays as it was hashed."""
    before = _unfinished(world)
    left = Stream(world, upload)
    left.send(0, CONTENT[:PIECE])
    wait_for("it writes", lambda: _unfinished(world) > before)
    Transfers(world.vpcp.channel("intake"), ()).upload(upload, io.BytesIO(CONTENT), len(CONTENT))
    receipt = world.vpcp.intake.SubmitDocument(_submission(upload))
    left.send(PIECE, bytes(2 * PIECE))
    error = refused(Code.ABORTED, "UPLOAD_ELSEWHERE", left.end)
    assert isinstance(error, AxisUnavailableError), "the client library goes on after it"
    name = f"{receipt.document}/attachments/0"
    assert world.vpcp.download(name, io.BytesIO()) == hashlib.sha256(CONTENT).hexdigest()
    state = world.vpcp.intake.GetUpload(intake_pb2.GetUploadRequest(name=upload))
    assert (state.complete, state.committed_size) == (True, len(CONTENT))


@pytest.mark.embedded
def test_what_a_stream_left_behind_brought_is_kept(world: World, upload: str) -> None:
    """A line that breaks without a word, again and again, comes forward: the next stream goes on behind what came."""
    before = _brought(world)
    left, following = Stream(world, upload), Stream(world, upload)
    left.send(0, CONTENT[: 2 * PIECE])
    wait_for("it writes", lambda: _brought(world) == before + 2 * PIECE)
    following.send(0, CONTENT[:PIECE])
    ask = intake_pb2.GetUploadRequest(name=upload)
    wait_for("it is kept", lambda: world.vpcp.intake.GetUpload(ask).committed_size == 2 * PIECE)
    following.send(PIECE, CONTENT[PIECE:], finish=True)
    following.end()
    left.send(2 * PIECE, bytes(PIECE))
    refused(Code.ABORTED, "UPLOAD_ELSEWHERE", left.end)
    receipt = world.vpcp.intake.SubmitDocument(_submission(upload))
    name = f"{receipt.document}/attachments/0"
    assert world.vpcp.download(name, io.BytesIO()) == hashlib.sha256(CONTENT).hexdigest()


def test_what_came_before_a_refusal_is_durable_when_it_is_told(world: World, upload: str) -> None:
    """A stream that ends too early is refused; how far the upload is can be asked right after it."""
    done = 0
    while done < len(CONTENT) - PIECE:
        stream = Stream(world, upload)
        stream.send(done, CONTENT[done : done + PIECE])
        told = refused(Code.INVALID_ARGUMENT, "UPLOAD_NOT_FINISHED", stream.end).metadata["committed_size"]
        now = world.vpcp.intake.GetUpload(intake_pb2.GetUploadRequest(name=upload)).committed_size
        assert now == int(told) == done + PIECE
        done = now


def test_a_last_piece_can_be_sent_again(world: World, upload: str) -> None:
    """Whoever missed the answer to the last piece sends it again, and is answered; more is refused."""
    for _ in range(2):
        stream = Stream(world, upload)
        stream.send(0, CONTENT, finish=True)
        stream.end()
    stream = Stream(world, upload)
    stream.send(len(CONTENT), b"more", finish=True)
    refused(Code.FAILED_PRECONDITION, "UPLOAD_COMPLETE", stream.end)


@pytest.mark.parametrize("offset", [-1, -PIECE, -(2**63)])
def test_bytes_before_the_beginning(world: World, upload: str, offset: int) -> None:
    """A negative offset is OUT_OF_RANGE; no byte of the piece is passed over in silence."""
    stream = Stream(world, upload)
    stream.send(offset, CONTENT)
    refused(Code.OUT_OF_RANGE, "OFFSET_OUT_OF_RANGE", stream.end)
    state = world.vpcp.intake.GetUpload(intake_pb2.GetUploadRequest(name=upload))
    assert state.committed_size == 0


def test_two_uploads_in_one_stream(world: World, upload: str) -> None:
    """A stream writes into one upload: a piece that names another is refused and goes into neither."""
    request = intake_pb2.CreateUploadRequest(size=len(CONTENT), request_id=new_request_id())
    other = world.vpcp.intake.CreateUpload(request).name
    stream = Stream(world, upload)
    stream.send(0, CONTENT[:PIECE])
    stream.send(PIECE, CONTENT[PIECE:], finish=True, upload=other)
    refused(Code.INVALID_ARGUMENT, "UPLOAD_DIFFERS", stream.end)
    sizes = [
        world.vpcp.intake.GetUpload(intake_pb2.GetUploadRequest(name=name)).committed_size for name in (upload, other)
    ]
    assert sizes == [PIECE, 0]


def test_one_upload_in_two_documents(world: World, upload: str) -> None:
    """A finished upload may be attached twice, in one document and in another: each recipient reads the same bytes."""
    stream = Stream(world, upload)
    stream.send(0, CONTENT, finish=True)
    stream.end()
    first = _submission(upload)
    first.document.attachments.add(name="bản sao.bin", upload=upload)
    second = _submission(upload)
    second.document.header.number += "b"
    for submission in (first, second):
        receipt = world.vpcp.intake.SubmitDocument(submission)
        for ordinal in range(len(submission.document.attachments)):
            name = f"{receipt.document}/attachments/{ordinal}"
            assert world.vpcp.download(name, io.BytesIO()) == hashlib.sha256(CONTENT).hexdigest()


def _brought(world: World) -> int:
    return sum(file.stat().st_size for file in (world.folder / "blobs").rglob("incoming/*"))


def _unfinished(world: World) -> int:
    return sum(1 for _ in (world.folder / "blobs").rglob("incoming/*"))


def _submission(upload: str) -> intake_pb2.SubmitDocumentRequest:
    header = document_pb2.DocumentHeader(
        number=upload[-6:],
        notation="VPCP-TH",
        subject="V/v tải lên nhiều lần",
        kind=document_pb2.DOCUMENT_KIND_NEW,
        recipients=[document_pb2.Organization(code="000.00.00.H29")],
    )
    content = intake_pb2.AttachmentContent(name="phụ lục.bin", upload=upload)
    document = intake_pb2.DocumentContent(header=header, attachments=[content])
    return intake_pb2.SubmitDocumentRequest(document=document, request_id=new_request_id())
