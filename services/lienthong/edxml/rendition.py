"""A canonical file as its bytes outside the payloads and the points where contents go between.

A rendition is made once, by `plan`, and stored; any later version of the code renders the same bytes from it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

import pybase64

from lienthong.edxml.findings import Reason
from lienthong.edxml.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FORMAT = 1
_CHARS, _BYTES = 4, 3
# Whole groups of three bytes: each block encodes by itself, without padding.
_BLOCK = _BYTES * (1 << 18)


class Framing(StrEnum):
    """How a content stands in its file before base64."""

    RAW = "raw"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class Splice:
    """Where base64 goes: after `offset` bytes of the skeleton, attachment `ordinal` (from 0), framed."""

    offset: int
    ordinal: int
    framing: Framing
    prefix: bytes
    suffix: bytes
    size: int
    crc32: int
    sha256: str

    @property
    def framed_size(self) -> int:
        """Bytes of content and frame."""
        return len(self.prefix) + self.size + len(self.suffix)

    @property
    def length(self) -> int:
        """Characters of base64."""
        return -(-self.framed_size // _BYTES) * _CHARS


@dataclass(frozen=True, slots=True)
class Rendition:
    """A canonical file without its contents."""

    skeleton: bytes
    splices: tuple[Splice, ...] = ()

    @property
    def length(self) -> int:
        """Bytes of the whole file, computed."""
        return len(self.skeleton) + sum(splice.length for splice in self.splices)

    def to_json(self) -> bytes:
        """The rendition as JSON (UTF-8), to be stored."""
        splices = [
            {
                "offset": splice.offset,
                "ordinal": splice.ordinal,
                "framing": splice.framing.value,
                "prefix": base64.b64encode(splice.prefix).decode(),
                "suffix": base64.b64encode(splice.suffix).decode(),
                "size": splice.size,
                "crc32": splice.crc32,
                "sha256": splice.sha256,
            }
            for splice in self.splices
        ]
        record = {"format": _FORMAT, "skeleton": self.skeleton.decode(), "splices": splices}
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Rendition:
        """A stored rendition.

        Raises:
            ValueError: the data is no rendition of a format known here.
        """
        record = json.loads(data)
        if not isinstance(record, dict) or record.get("format") != _FORMAT:
            raise ValueError(f"not a rendition of format {_FORMAT}")
        try:
            splices = tuple(_splice(item) for item in record["splices"])
            return cls(record["skeleton"].encode(), splices)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"a damaged rendition: {error!r}") from error


def render(
    rendition: Rendition,
    open_attachment: Callable[[int], BinaryIO],
    offset: int = 0,
    limit: int | None = None,
) -> Iterator[bytes]:
    """Bytes `offset` to `offset + limit` of the file, in pieces of about a mebibyte.

    `open_attachment` gives a seekable stream over the unpacked content of attachment `ordinal`, closed here.
    Memory is constant; a range costs its own length wherever it lies.

    Raises:
        EdxmlError: a content is shorter than recorded (CONTENT_TRUNCATED).
        ValueError: the range is negative.
    """
    if offset < 0 or (limit is not None and limit < 0):
        raise ValueError("offset and limit count bytes from 0")
    stop = rendition.length if limit is None else min(rendition.length, offset + limit)
    return _render(rendition, open_attachment, offset, stop)


def _render(rendition: Rendition, opener: Callable[[int], BinaryIO], start: int, stop: int) -> Iterator[bytes]:
    position, taken = 0, 0
    for splice in rendition.splices:
        text = rendition.skeleton[taken : splice.offset]
        yield from _window(text, start - position, stop - position)
        position, taken = position + len(text), splice.offset
        yield from _encoded(splice, opener, max(0, start - position), min(splice.length, stop - position))
        position += splice.length
    yield from _window(rendition.skeleton[taken:], start - position, stop - position)


def _window(text: bytes, start: int, stop: int) -> Iterator[bytes]:
    piece = text[max(0, start) : max(0, stop)]
    if piece:
        yield piece


def _encoded(splice: Splice, opener: Callable[[int], BinaryIO], start: int, stop: int) -> Iterator[bytes]:
    """Characters `start` to `stop` of a splice's base64."""
    if start >= stop:
        return
    first = start // _CHARS
    position = first * _CHARS
    last = min(splice.framed_size, -(-stop // _CHARS) * _BYTES)
    for block in _blocks(_framed(splice, opener, first * _BYTES, last)):
        text: bytes = pybase64.b64encode(block)
        yield from _window(text, start - position, stop - position)
        position += len(text)


def _blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of whole groups of three; only the last may be otherwise."""
    rest = b""
    for piece in pieces:
        data = rest + piece
        whole = len(data) - len(data) % _BYTES
        rest = data[whole:]
        if whole:
            yield data[:whole]
    if rest:
        yield rest


def _framed(splice: Splice, opener: Callable[[int], BinaryIO], start: int, stop: int) -> Iterator[bytes]:
    """Bytes `start` to `stop` of prefix, content and suffix."""
    yield from _window(splice.prefix, start, stop)
    content = len(splice.prefix)
    first, last = max(0, start - content), min(splice.size, stop - content)
    if first < last:
        with opener(splice.ordinal) as stream:
            yield from _content(splice, stream, first, last)
    suffix = content + splice.size
    yield from _window(splice.suffix, start - suffix, stop - suffix)


def _content(splice: Splice, stream: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    if start:
        stream.seek(start)
    while start < stop:
        piece = stream.read(min(_BLOCK, stop - start))
        if not piece:
            found = f"attachment {splice.ordinal}: {start} of {splice.size} bytes"
            raise refuse(Reason.CONTENT_TRUNCATED, "", found=found)
        start += len(piece)
        yield piece


def _splice(item: dict[str, object]) -> Splice:
    numbers = {name: int(str(item[name])) for name in ("offset", "ordinal", "size", "crc32")}
    return Splice(
        **numbers,
        framing=Framing(str(item["framing"])),
        prefix=base64.b64decode(str(item["prefix"]), validate=True),
        suffix=base64.b64decode(str(item["suffix"]), validate=True),
        sha256=str(item["sha256"]),
    )
