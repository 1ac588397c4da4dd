"""The child's side of `reading`: reads one file at a time. Whatever it reads may be hostile."""

import hashlib
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, BinaryIO, TypedDict

from pydantic import ConfigDict, TypeAdapter

from lienthong import edxml
from lienthong.chassis.engines.blobs import BlobStore, BlobWriter
from lienthong.chassis.engines.stores import open_blobs
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.ids import Uuid7Source

_PIECE = 1 << 20


class Task(TypedDict, total=False):
    """What a child is asked: to read a file, or to hash a rendition.

    Attributes:
        file: Key of the file to read.
        spools: Keys under which it may put contents.
        rendition: The rendition to hash, as the codec stores it.
        contents: The contents that the rendition frames, in order: their keys, and whether they are committed.
    """

    file: str
    spools: list[str]
    rendition: str
    contents: Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of the store, on its way to the parent."""

    code: int
    reason: str
    message: str
    retry_seconds: float

    @classmethod
    def of(cls, error: AxisError) -> "Failure":
        """Takes an error."""
        retry = error.retry_after.total_seconds() if error.retry_after else 0.0
        return cls(error.code.value, error.reason, error.message, retry)

    def error(self) -> AxisError:
        """Makes the error again."""
        retry = timedelta(seconds=self.retry_seconds) if self.retry_seconds else None
        return AxisError(Code(self.code), self.reason, self.message, retry_after=retry)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a file holds, or why it is refused.

    Attributes:
        document: The document, handles of contents are their keys; of one that is refused the header, if that could be
            read; None for a status.
        findings: What was read with tolerance.
        problems: Why it is refused.
        sha256: Hash of the file, hex.
        size: Its length in bytes.
        outside: Its bytes outside the payloads, compressed.
        status: Whether it is a status message.
        failure: What the store of contents said when it failed.
        begun: How many of the given keys contents were begun under, from the first on.
    """

    document: edxml.Document | None = None
    findings: tuple[edxml.Finding, ...] = ()
    problems: tuple[edxml.Problem, ...] = ()
    sha256: str = ""
    size: int = 0
    outside: bytes = field(default=b"", repr=False)
    status: bool = False
    failure: Failure | None = None
    begun: int = 0


# Inside a list, because a dataclass by itself takes no configuration. JSON and not pickle: whoever takes the child over
# must not run code in the parent.
_LISTED = TypeAdapter(list[Outcome], config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64"))


def write_outcome(outcome: Outcome) -> str:
    """Writes an outcome as JSON text."""
    return _LISTED.dump_json([outcome]).decode()


def read_outcome(text: str) -> Outcome:
    """Reads an outcome.

    Raises:
        ValueError: It is none.
    """
    (outcome,) = _LISTED.validate_json(text)
    return outcome


def prepare(config: Mapping[str, Any]) -> Callable[[Task], str]:
    """Gives the job function of a child."""
    # A client of an object store would start a thread for each core, and each takes of the memory that is allowed.
    os.environ.setdefault("TOKIO_WORKER_THREADS", "1")
    limits = edxml.Limits(**config["limits"])
    blobs = open_blobs(config["store"], Uuid7Source())

    def job(task: Task) -> str:
        if "rendition" in task:
            return _hash(task, blobs)
        spools = _Spools(blobs, task["spools"])
        return write_outcome(replace(_read(task["file"], spools, blobs, limits), begun=spools.begun))

    return job


def _read(file: str, spools: "_Spools", blobs: BlobStore, limits: edxml.Limits) -> Outcome:
    digest, size = hashlib.sha256(), 0
    reader = edxml.Reader(spools, limits)
    try:
        with blobs.open(file) as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                reader.feed(piece)
        result = reader.close()
    except edxml.EdxmlError as error:
        header = reader.message if isinstance(reader.message, edxml.Document) else None
        return Outcome(header, problems=error.problems)
    except AxisError as error:
        reader.abort()
        return Outcome(failure=Failure.of(error))
    except BaseException:
        reader.abort()
        raise
    if not isinstance(result.message, edxml.Document):
        return Outcome(status=True)
    outside = zlib.compress(result.outside) if result.outside is not None else b""
    return Outcome(result.message, result.warnings, (), digest.hexdigest(), size, outside)


def _hash(task: Task, blobs: BlobStore) -> str:
    def opened(ordinal: int) -> BinaryIO:
        key, committed = task["contents"][ordinal]
        return blobs.open(key) if committed else blobs.open_partial(key)

    digest = hashlib.sha256()
    for piece in edxml.render(edxml.Rendition.from_json(task["rendition"].encode()), opened):
        digest.update(piece)
    return digest.hexdigest()


class _Spools:
    """Contents under the keys that the parent gave. A handle is the key."""

    def __init__(self, blobs: BlobStore, keys: Sequence[str]) -> None:
        self._blobs = blobs
        self._keys = keys
        self.begun = 0

    def open(self) -> edxml.Spool:
        """Begins the next content."""
        self.begun += 1
        return _Spool(self._blobs.resume(self._keys[self.begun - 1], 0))

    def reader(self, handle: object) -> BinaryIO:
        """Opens a content that was written."""
        return self._blobs.open_partial(str(handle))


class _Spool:
    def __init__(self, writer: BlobWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def finish(self) -> str:
        # Durable, because the parent goes on with it.
        self._writer.sync()
        self._writer.close()
        return self._writer.key

    def discard(self) -> None:
        self._writer.discard()
