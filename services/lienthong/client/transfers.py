"""Contents in and out, resumable at any offset, in constant memory."""

import hashlib
from collections.abc import Callable, Iterator
from typing import BinaryIO
from uuid import uuid4

import grpc

from google.bytestream import bytestream_pb2 as pb
from lienthong.client.errors import call_error
from lienthong.client.stubs import Metadata, retried

PIECE = 1024 * 1024
TRANSFER_SECONDS = 3600.0

_SERVICE = "/google.bytestream.ByteStream"

Progress = Callable[[int, int], None]
"""Told how many bytes are done, and how many there are in all (0 when not known)."""


def no_progress(_done: int, _total: int) -> None:
    """Tells nobody."""


class Transfers:
    """Reads and writes contents through `google.bytestream.ByteStream`."""

    def __init__(self, channel: grpc.Channel, metadata: Metadata) -> None:
        self._metadata = metadata
        self._read = channel.unary_stream(
            f"{_SERVICE}/Read", pb.ReadRequest.SerializeToString, pb.ReadResponse.FromString
        )
        self._write = channel.stream_unary(
            f"{_SERVICE}/Write", pb.WriteRequest.SerializeToString, pb.WriteResponse.FromString
        )
        self._query = channel.unary_unary(
            f"{_SERVICE}/QueryWriteStatus",
            pb.QueryWriteStatusRequest.SerializeToString,
            pb.QueryWriteStatusResponse.FromString,
        )

    def download(self, name: str, target: BinaryIO, progress: Progress = no_progress, total: int = 0) -> str:
        """Reads content into a file; after a break it goes on where it stood.

        Returns:
            SHA-256 of what was read, hex.

        Raises:
            AxisCallError: The axis refuses, or is away for too long.
        """
        digest, done = hashlib.sha256(), 0

        def go_on(left: float) -> None:
            nonlocal done
            request = pb.ReadRequest(resource_name=name, read_offset=done)
            try:
                for answer in self._read(request, timeout=left, metadata=self._metadata):
                    target.write(answer.data)
                    digest.update(answer.data)
                    done += len(answer.data)
                    progress(done, total)
            except grpc.RpcError as error:
                raise call_error(error) from error

        retried(go_on, seconds=TRANSFER_SECONDS, safe=True)
        return digest.hexdigest()

    def upload(self, name: str, source: BinaryIO, size: int, progress: Progress = no_progress) -> None:
        """Writes content into an upload; after a break it asks where to go on.

        Raises:
            AxisCallError: The axis refuses, or is away for too long.
        """

        def go_on(left: float) -> None:
            try:
                query = pb.QueryWriteStatusRequest(resource_name=name)
                state = self._query(query, timeout=min(left, 30.0), metadata=self._metadata)
                if not state.complete:
                    pieces = _pieces(name, source, state.committed_size, size, progress)
                    self._write(pieces, timeout=left, metadata=self._metadata)
            except grpc.RpcError as error:
                raise call_error(error) from error

        retried(go_on, seconds=TRANSFER_SECONDS, safe=True)


def _pieces(name: str, source: BinaryIO, offset: int, size: int, progress: Progress) -> Iterator[pb.WriteRequest]:
    source.seek(offset)
    while True:
        data = source.read(PIECE)
        end = offset + len(data)
        yield pb.WriteRequest(resource_name=name, write_offset=offset, data=data, finish_write=end >= size)
        progress(end, size)
        if end >= size:
            return
        offset = end


def new_request_id() -> str:
    """Makes a key for a request."""
    return str(uuid4())
