"""Contents in and out, resumable at any offset, in constant memory."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO
from uuid import uuid4

import grpc

from google.bytestream import bytestream_pb2 as pb
from lienthong.client.errors import call_error
from lienthong.client.stubs import Metadata, persisted

PIECE = 1024 * 1024
TRANSFER_SECONDS = 6 * 3600.0
_QUERY_SECONDS = 30.0

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
            AxisCallError: The axis refuses, is away for a minute, or the transfer takes longer than six hours.
            OSError: The file cannot be written.
        """
        digest, done = hashlib.sha256(), 0

        def go_on(left: float) -> None:
            nonlocal done
            call = self._read(
                pb.ReadRequest(resource_name=name, read_offset=done), timeout=left, metadata=self._metadata
            )
            try:
                for answer in call:
                    target.write(answer.data)
                    digest.update(answer.data)
                    done += len(answer.data)
                    progress(done, total)
            except grpc.RpcError as error:
                raise call_error(error) from error
            finally:
                call.cancel()

        persisted(go_on, lambda: done, seconds=TRANSFER_SECONDS)
        return digest.hexdigest()

    def upload(self, name: str, source: BinaryIO, size: int, progress: Progress = no_progress) -> None:
        """Writes content into an upload; after a break it asks where to go on.

        Raises:
            AxisCallError: The axis refuses, is away for a minute, or the transfer takes longer than six hours.
            OSError: The file cannot be read, or has fewer bytes than `size`.
        """
        committed = furthest = 0

        def told(done: int, total: int) -> None:
            nonlocal furthest
            furthest = max(furthest, done)
            progress(done, total)

        def go_on(left: float) -> None:
            nonlocal committed
            try:
                query = pb.QueryWriteStatusRequest(resource_name=name)
                state = self._query(query, timeout=min(left, _QUERY_SECONDS), metadata=self._metadata)
                committed = state.committed_size
                if not state.complete:
                    self._send(_Pieces(name, source, committed, size, told), left)
            except grpc.RpcError as error:
                raise call_error(error) from error

        # What an attempt made durable is known to the next one alone: until then what it sent counts.
        persisted(go_on, lambda: committed + furthest, seconds=TRANSFER_SECONDS)

    def _send(self, pieces: "_Pieces", left: float) -> None:
        try:
            self._write(iter(pieces), timeout=left, metadata=self._metadata)
        except grpc.RpcError:
            if pieces.failure is not None:
                raise pieces.failure from None
            raise
        finally:
            pieces.end()


class _Pieces:
    """The rest of a file in pieces, read by a thread of gRPC.

    An attempt that broke off may still be reading when the next one begins: each piece is read at its own place, in
    turn. What fails ends the stream and stands in `failure`: gRPC would log it, and never end the call.
    """

    def __init__(self, name: str, source: BinaryIO, offset: int, size: int, progress: Progress) -> None:
        self.failure: BaseException | None = None
        self._name, self._source, self._offset, self._size = name, source, offset, size
        self._progress = progress
        self._turn = threading.Lock()
        self._ended = False

    def __iter__(self) -> Iterator[pb.WriteRequest]:
        offset, last = self._offset, False
        while not last:
            try:
                data = self._piece(offset)
            except BaseException as error:  # noqa: BLE001 -- it is raised again where the caller waits
                self.failure = error
                return
            if data is None:
                return
            end = offset + len(data)
            last = end >= self._size
            yield pb.WriteRequest(resource_name=self._name, write_offset=offset, data=data, finish_write=last)
            offset = end

    def end(self) -> None:
        """Reads nothing any more, once a piece that is being read has been read."""
        with self._turn:
            self._ended = True

    def _piece(self, offset: int) -> bytes | None:
        with self._turn:
            if self._ended:
                return None
            self._source.seek(offset)
            data = self._source.read(PIECE)
            if not data and offset < self._size:
                raise OSError(f"the file ended after {offset} of {self._size} bytes; was it changed meanwhile?")
            self._progress(offset + len(data), self._size)
        return data


def new_request_id() -> str:
    """Makes a key for a request."""
    return str(uuid4())
