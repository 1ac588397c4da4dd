"""The child's side of `reading`: reads one file at a time. Whatever it reads may be hostile."""

import errno
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

from pydantic import ConfigDict, TypeAdapter

from lienthong import edxml

_PIECE = 1 << 20


class Task(TypedDict, total=False):
    """What a child is asked: to read a file, or to hash a rendition.

    Attributes:
        file: The file to read.
        spools: Files in which it may put contents.
        rendition: The rendition to hash, as the codec stores it.
        contents: Files with the contents that the rendition frames, in order.
    """

    file: str
    spools: list[str]
    rendition: str
    contents: list[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a file holds, or why it is refused.

    Attributes:
        document: The document, handles of contents are the files that hold them; None when refused or a status.
        findings: What was read with tolerance.
        problems: Why it is refused.
        sha256: Hash of the file, hex.
        size: Its length in bytes.
        outside: Its bytes outside the payloads, compressed.
        status: Whether it is a status message.
        full: Whether the disk had no room for its contents.
    """

    document: edxml.Document | None = None
    findings: tuple[edxml.Finding, ...] = ()
    problems: tuple[edxml.Problem, ...] = ()
    sha256: str = ""
    size: int = 0
    outside: bytes = field(default=b"", repr=False)
    status: bool = False
    full: bool = False


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
    limits = edxml.Limits(**config["limits"])

    def job(task: Task) -> str:
        if "rendition" in task:
            return _hash(task)
        return write_outcome(_read(Path(task["file"]), _Spools(iter(task["spools"])), limits))

    return job


def _read(file: Path, spools: "_Spools", limits: edxml.Limits) -> Outcome:
    digest, size = hashlib.sha256(), 0
    reader = edxml.Reader(spools, limits)
    try:
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                reader.feed(piece)
        result = reader.close()
    except edxml.EdxmlError as error:
        return Outcome(problems=error.problems)
    except OSError as error:
        reader.abort()
        if error.errno == errno.ENOSPC:
            return Outcome(full=True)
        raise
    except BaseException:
        reader.abort()
        raise
    if not isinstance(result.message, edxml.Document):
        return Outcome(status=True)
    outside = zlib.compress(result.outside) if result.outside is not None else b""
    return Outcome(result.message, result.warnings, (), digest.hexdigest(), size, outside)


def _hash(task: Task) -> str:
    def opened(ordinal: int) -> BinaryIO:
        return Path(task["contents"][ordinal]).open("rb")

    digest = hashlib.sha256()
    for piece in edxml.render(edxml.Rendition.from_json(task["rendition"].encode()), opened):
        digest.update(piece)
    return digest.hexdigest()


class _Spools:
    """Contents in the files that the parent named. A handle is the path."""

    def __init__(self, places: Iterator[str]) -> None:
        self._places = places

    def open(self) -> edxml.Spool:
        """Begins the next content."""
        return _Spool(Path(next(self._places)))

    def reader(self, handle: object) -> BinaryIO:
        """Opens a content that was written."""
        return Path(str(handle)).open("rb")


class _Spool:
    def __init__(self, path: Path) -> None:
        self._path = path
        # Contents arrive in large pieces: a second buffer would only copy them.
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def finish(self) -> str:
        self._file.close()
        return str(self._path)

    def discard(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)
