"""What an implementation is told about a call."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from google.protobuf.message import Message

from lienthong.chassis.auth.caller import Caller


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    Attributes:
        caller: Who calls.
        method: Full name, `package.Service/Method`.
        traceparent: Trace that it belongs to, may be empty.
    """

    caller: Caller
    method: str
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """How a stream is fed: the chassis calls `produce` at once, at each hint for `key`, and now and then by itself.

    Attributes:
        key: Hints for this key wake the stream.
        cursor: Where to begin, in printable ASCII: the headers of the stream tell it, so that it is given back after a
            break. Empty begins with what there is.
        produce: Takes a cursor, gives what is new and the cursor from which to go on. Runs in a thread of the pool.
        whole: Whether one look finds all that is new; otherwise there may be more behind what it found.
    """

    key: str
    cursor: str
    produce: Callable[[str], tuple[Sequence[Message], str]]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """Content to be read, of known length.

    Attributes:
        size: Length in bytes.
        read: Gives the bytes from an offset on.
    """

    size: int
    read: Callable[[int], Iterator[bytes]]


class UploadSink(Protocol):
    """Takes the bytes of a resumable upload. Its methods run in threads, one at a time."""

    @property
    def committed(self) -> int:
        """Bytes that are durable."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the last byte is there."""
        ...

    def write(self, offset: int, data: bytes, *, last: bool = False) -> None:
        """Takes bytes at an offset, the last ones where it is said.

        Raises:
            AxisError: OUT_OF_RANGE when the offset does not follow on, RESOURCE_EXHAUSTED beyond a bound,
                FAILED_PRECONDITION when they end where the upload does not.
        """
        ...

    def flush(self, *, finish: bool) -> int:
        """Makes what was written durable; with `finish` the upload is complete. Tells how many bytes that are."""
        ...

    def close(self) -> None:
        """Lets go; what is durable stays."""
        ...


class ContentDoor(Protocol):
    """Serves contents of one service under resource name prefixes, for `google.bytestream.ByteStream`."""

    @property
    def prefixes(self) -> Sequence[str]:
        """Beginnings of the resource names that it serves."""
        ...

    def open_content(self, name: str, call: Call) -> Content:
        """Opens content for reading.

        Raises:
            AxisError: NOT_FOUND when it does not exist or is not the caller's.
        """
        ...

    def open_upload(self, name: str, call: Call) -> UploadSink:
        """Opens an upload for writing.

        Raises:
            AxisError: NOT_FOUND when it does not exist or is not the caller's.
        """
        ...


def pieces(source: BinaryIO, offset: int, size: int = 262_144) -> Iterator[bytes]:
    """Reads a file in pieces from an offset on, and closes it."""
    with source:
        source.seek(offset)
        while piece := source.read(size):
            yield piece
