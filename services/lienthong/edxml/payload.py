"""The content of one attachment on its way into a spool: decoded, measured, bounded."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pybase64

from lienthong.edxml.model import ContentRef
from lienthong.edxml.problems import over_limit

if TYPE_CHECKING:
    from lienthong.edxml.limits import Limits
    from lienthong.edxml.spools import Spool

_QUARTET = 4
_BLANKS = (b"\n", b"\r", b" ", b"\t")
_HEAD = 8


class Meter:
    """Writes bytes to a spool and measures them in passing; `path` and `place` say of which element they are."""

    def __init__(
        self, spool: Spool, limit: int, path: str, place: tuple[int, int], name: str = "attachment_bytes"
    ) -> None:
        self._spool = spool
        self._limit = limit
        self._name = name
        self.path = path
        self.place = place
        self._hash = hashlib.sha256()
        self._crc = 0
        self.size = 0
        self.head = b""

    def write(self, data: bytes) -> None:
        """Take bytes.

        Raises:
            EdxmlError: the content is larger than the limit, which the error names.
        """
        self.size += len(data)
        if self.size > self._limit:
            raise over_limit(self._name, self._limit, self.path, self.place)
        if len(self.head) < _HEAD:
            self.head = (self.head + data)[:_HEAD]
        self._hash.update(data)
        self._crc = zlib.crc32(data, self._crc)
        self._spool.write(data)

    def finish(self) -> ContentRef:
        """The content is complete."""
        return ContentRef(self.size, self._hash.hexdigest(), self._crc, self._spool.finish())


class Base64Decoder:
    """Decodes base64 that arrives in pieces; white space is accepted anywhere, nothing else is."""

    def __init__(self) -> None:
        self._rest = b""
        self._padded = False

    def decode(self, text: bytes) -> bytes:
        """The bytes that are complete so far.

        Raises:
            ValueError: the text is not base64 of RFC 4648.
        """
        data = self._rest + text
        for blank in _BLANKS:
            if blank in data:
                data = data.replace(blank, b"")
        whole = len(data) - len(data) % _QUARTET
        self._rest = data[whole:]
        if not whole:
            return b""
        if self._padded:
            raise ValueError("characters after the padding")
        self._padded = data[whole - 1 : whole] == b"="
        decoded: bytes = pybase64.b64decode(data[:whole], validate=True)
        return decoded

    def close(self) -> None:
        """The text is complete.

        Raises:
            ValueError: it ends within a group of four characters.
        """
        if self._rest:
            raise ValueError("the text ends within a group of four characters")


@dataclass(slots=True, eq=False)
class Payload:
    """One ContentTransferEncoded. After an error in its base64, named by `fault`, the rest is passed over."""

    spool: Spool
    limits: Limits
    path: str
    place: tuple[int, int]
    fault: str = ""
    content: ContentRef | None = None
    _decoder: Base64Decoder = field(default_factory=Base64Decoder)
    _meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        self._meter = Meter(self.spool, self.limits.attachment_bytes, self.path, self.place)

    @property
    def head(self) -> bytes:
        """The first bytes of the content."""
        return self._meter.head

    def write(self, text: bytes) -> None:
        """Take base64 text."""
        if self.fault:
            return
        try:
            data = self._decoder.decode(text)
        except ValueError as error:
            self._give_up(error)
            return
        if data:
            self._meter.write(data)

    def finish(self) -> None:
        """The text is complete; `content` is set unless there was a fault."""
        if self.fault:
            return
        try:
            self._decoder.close()
        except ValueError as error:
            self._give_up(error)
            return
        self.content = self._meter.finish()

    def _give_up(self, error: ValueError) -> None:
        self.fault = str(error)
        self.spool.discard()
