"""`google.bytestream.ByteStream`: content in and out, resumable at any offset, in constant memory.

Several services may share the port; the resource name says whose content it is.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc

from google.bytestream import bytestream_pb2 as pb
from lienthong.chassis.auth.policy import Row
from lienthong.chassis.errors import AxisError, Code, Violation, invalid, not_found
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc.admission import (
    Admission,
    Context,
    abort,
    facts_of,
    guarded,
    read_message,
    row_of,
    system_of,
)
from lienthong.chassis.rpc.call import Call, Content, ContentDoor, UploadSink
from lienthong.chassis.rpc.gathering import Gathering
from lienthong.chassis.rpc.leaving import outlasting
from lienthong.chassis.rpc.server import ServerBuilder
from lienthong.chassis.rpc.shares import Shares

SERVICE = "google.bytestream.ByteStream"
PIECE = 256 * 1024
"""Bytes in one message of an answer."""

GATHERED = 64 * 1024
"""Bytes of small messages of an upload that are written together."""

RECHECK_SECONDS = 5.0
"""How often a transfer looks whether its caller may still."""

FLUSH_EVERY = 16 * 1024 * 1024
"""Bytes of an upload between two points from which it can resume."""

Result = TypeVar("Result")


@dataclass
class _Transfer:
    """How a transfer ended; a caller that goes away in its midst says nothing."""

    code: str = "CANCELLED"


class ByteStream:
    """Serves the contents of all services behind one port."""

    def __init__(self, executor: Executor, metrics: Metrics, of_one: int) -> None:
        """Serves with threads of `executor`; one system has at most `of_one` transfers at once."""
        self._executor = executor
        self._shares = Shares("transfers", of_one)
        self._metrics = metrics
        self._doors: list[tuple[str, ContentDoor, Admission]] = []

    def add(self, door: ContentDoor, admission: Admission) -> None:
        """Adds the contents of a service."""
        self._doors.extend((prefix, door, admission) for prefix in door.prefixes)

    def register(self, builder: ServerBuilder) -> None:
        """Adds the service to a server."""
        builder.add_handlers(
            SERVICE,
            {
                "Read": grpc.unary_stream_rpc_method_handler(self.read, None, pb.ReadResponse.SerializeToString),
                "Write": grpc.stream_unary_rpc_method_handler(self.write, None, pb.WriteResponse.SerializeToString),
                "QueryWriteStatus": grpc.unary_unary_rpc_method_handler(
                    self.query, None, pb.QueryWriteStatusResponse.SerializeToString
                ),
            },
        )

    async def read(self, data: bytes, context: Context) -> AsyncIterator[pb.ReadResponse]:
        """Sends content from an offset on."""
        with self._counted("Read") as transfer:
            try:
                request = read_message(pb.ReadRequest, data)
                with self._shares.held(system_of(facts_of(context)[0])):
                    async for piece in self._pieces(request, context):
                        yield pb.ReadResponse(data=piece)
                        self._metrics.moved("out", len(piece))
                transfer.code = "OK"
            except AxisError as error:
                transfer.code = error.code.name
                await abort(context, error)

    async def write(self, requests: AsyncIterator[bytes], context: Context) -> pb.WriteResponse:
        """Takes content; what was flushed stays when the stream breaks."""
        with self._counted("Write") as transfer:
            try:
                with self._shares.held(system_of(facts_of(context)[0])):
                    committed = await self._take_all(requests, context)
            except AxisError as error:
                transfer.code = error.code.name
                await abort(context, error)
                raise
            transfer.code = "OK"
            return pb.WriteResponse(committed_size=committed)

    async def _pieces(self, request: pb.ReadRequest, context: Context) -> AsyncIterator[bytes]:
        row, name = row_of(f"{SERVICE}/Read"), request.resource_name
        source = await self._run(lambda: self._open(row, request, context))
        admitted = time.monotonic()
        while piece := await self._run(lambda: next(source, b"")):
            yield piece
            admitted = await self._admit_again(row, name, context, admitted)

    async def _admit_again(self, row: Row, name: str, context: Context, admitted: float) -> float:
        """Looks every few seconds whether the caller may still: a transfer can outlast its credentials by hours."""
        if time.monotonic() - admitted < RECHECK_SECONDS:
            return admitted
        await self._run(_bound(self._admit, row, name, context))
        return time.monotonic()

    async def _take_all(self, requests: AsyncIterator[bytes], context: Context) -> int:
        sink: UploadSink | None = None
        row, name, admitted = row_of(f"{SERVICE}/Write"), "", time.monotonic()
        gathering = Gathering(GATHERED)
        try:
            async for data in requests:
                request = read_message(pb.WriteRequest, data)
                if sink is None:
                    name = request.resource_name
                    sink = await self._run(_bound(self._sink, "Write", name, context))
                _check_piece(request, name)
                admitted = await self._admit_again(row, name, context, admitted)
                self._metrics.moved("in", len(request.data))
                for joined in gathering.add(request):
                    done = await self._run(_bound(_take, sink, joined))
                    if done is not None:
                        return done
        finally:
            if sink is not None:
                await outlasting(self._run(_bound(_end, sink, gathering.rest())))
        raise _unfinished(sink.committed if sink else 0)

    async def query(self, data: bytes, context: Context) -> pb.QueryWriteStatusResponse:
        """Tells how far an upload is."""
        try:
            request = read_message(pb.QueryWriteStatusRequest, data)
            sink = await self._run(_bound(self._sink, "QueryWriteStatus", request.resource_name, context))
            await self._run(sink.close)
            return pb.QueryWriteStatusResponse(committed_size=sink.committed, complete=sink.complete)
        except AxisError as error:
            await abort(context, error)
            raise

    def _open(self, row: Row, request: pb.ReadRequest, context: Context) -> Iterator[bytes]:
        door, call = self._admit(row, request.resource_name, context)
        content = door.open_content(request.resource_name, call)
        _check_range(request, content)
        return _cut(content.read(request.read_offset), request.read_limit or content.size)

    def _sink(self, method: str, name: str, context: Context) -> UploadSink:
        door, call = self._admit(row_of(f"{SERVICE}/{method}"), name, context)
        return door.open_upload(name, call)

    def _admit(self, row: Row, name: str, context: Context) -> tuple[ContentDoor, Call]:
        for prefix, door, admission in self._doors:
            if name.startswith(prefix):
                return door, admission.admit(row, *facts_of(context))
        raise not_found(name)

    @contextmanager
    def _counted(self, method: str) -> Iterator[_Transfer]:
        transfer, begun = _Transfer(), time.perf_counter()
        try:
            yield transfer
        finally:
            self._metrics.transferred(f"{SERVICE}/{method}", transfer.code, time.perf_counter() - begun)

    async def _run(self, action: Callable[[], Result]) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, guarded, SERVICE, action)


def _take(sink: UploadSink, request: pb.WriteRequest) -> int | None:
    sink.write(request.write_offset, request.data, last=request.finish_write)
    if request.finish_write:
        return sink.flush(finish=True)
    if request.write_offset + len(request.data) - sink.committed >= FLUSH_EVERY:
        sink.flush(finish=False)
    return None


def _end(sink: UploadSink, rest: Sequence[pb.WriteRequest]) -> None:
    """Lets an upload go; what came before its stream broke is in it."""
    try:
        with suppress(AxisError):  # the stream has its answer already
            for request in rest:
                _take(sink, request)
    finally:
        sink.close()


def _bound(function: Callable[..., Result], *arguments: Any) -> Callable[[], Result]:
    return lambda: function(*arguments)


def _unfinished(committed: int) -> AxisError:
    text = f"the stream ended without finish_write; go on from {committed}"
    return invalid("UPLOAD_NOT_FINISHED", text, committed_size=str(committed))


def _check_range(request: pb.ReadRequest, content: Content) -> None:
    if not 0 <= request.read_offset <= content.size:
        text = f"offset {request.read_offset} is outside the {content.size} bytes of {request.resource_name}"
        raise AxisError(Code.OUT_OF_RANGE, "OFFSET_OUT_OF_RANGE", text)
    if request.read_limit < 0:
        rule = f"a reader takes 0 (all) bytes or more, not {request.read_limit}"
        violation = Violation("read_limit", "LIMIT_INVALID", rule, "Leave it out for all.")
        raise invalid("LIMIT_INVALID", f"read_limit: {rule}. Leave it out for all.", violation)


def _check_piece(request: pb.WriteRequest, name: str) -> None:
    """Refuses bytes that would go astray: before the beginning, or meant for another upload."""
    if request.write_offset < 0:
        text = f"write_offset: bytes stand at 0 or later, not at {request.write_offset}"
        raise AxisError(Code.OUT_OF_RANGE, "OFFSET_OUT_OF_RANGE", text)
    if request.resource_name not in {"", name}:
        rule = f"a stream writes into one upload, here {name}, not also into {request.resource_name}"
        violation = Violation("resource_name", "UPLOAD_DIFFERS", rule, "Open a stream for each upload.")
        raise invalid("UPLOAD_DIFFERS", f"resource_name: {rule}.", violation)


def _cut(source: Iterator[bytes], limit: int) -> Iterator[bytes]:
    for piece in source:
        for start in range(0, len(piece), PIECE):
            part = piece[start : start + min(PIECE, limit)][:limit]
            if not part:
                return
            limit -= len(part)
            yield part
