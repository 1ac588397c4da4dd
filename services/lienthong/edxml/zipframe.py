"""The zip archive around an attachment, as bytes before and after its content.

One entry, STORED, sizes and CRC in the local header, a fixed time stamp: the frame depends on the content's
hash, size and CRC alone, so that it comes out the same for ever and any range of it can be computed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from lienthong.edxml.model import ContentRef

_ENTRIES = UUID("7c0f3a52-64f1-5d0b-9b1e-3d8c5a2e9f40")
"""Name space of entry names; changing it would change every canonical file."""
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_FIRST_OF_1980 = 0x21
_MAX32 = 0xFFFFFFFF
# The directory's offset must fit as well: the local header is far shorter than this.
_ZIP64_FROM = _MAX32 - 1024
_VERSION, _VERSION64 = 20, 45


@dataclass(frozen=True, slots=True)
class ZipFrame:
    """What stands around the content."""

    prefix: bytes
    suffix: bytes


def zip_frame(content: ContentRef, extension: str) -> ZipFrame:
    """The archive around a content; its entry is named by UUIDv5 of the content's hash, and the extension."""
    name = str(uuid5(_ENTRIES, content.sha256)) + (f".{extension}" if extension else "")
    entry = name.encode("ascii")
    if content.size >= _ZIP64_FROM:
        return _frame64(content, entry)
    common = (0, 0, 0, _FIRST_OF_1980, content.crc32, content.size, content.size, len(entry))
    prefix = _LOCAL.pack(b"PK\x03\x04", _VERSION, *common, 0) + entry
    central = _CENTRAL.pack(b"PK\x01\x02", _VERSION, _VERSION, *common, 0, 0, 0, 0, 0, 0) + entry
    end = _END.pack(b"PK\x05\x06", 0, 0, 1, 1, len(central), len(prefix) + content.size, 0)
    return ZipFrame(prefix, central + end)


def _frame64(content: ContentRef, entry: bytes) -> ZipFrame:
    extra = struct.pack("<2H2Q", 1, 16, content.size, content.size)
    common = (0, 0, 0, _FIRST_OF_1980, content.crc32, _MAX32, _MAX32, len(entry), len(extra))
    prefix = _LOCAL.pack(b"PK\x03\x04", _VERSION64, *common) + entry + extra
    fields = (b"PK\x01\x02", _VERSION64, _VERSION64, *common, 0, 0, 0, 0, 0)
    central = _CENTRAL.pack(*fields) + entry + extra
    offset = len(prefix) + content.size
    # The record's own size field leaves out its first twelve bytes.
    size = _END64.size - 12
    end64 = _END64.pack(b"PK\x06\x06", size, _VERSION64, _VERSION64, 0, 0, 1, 1, len(central), offset)
    locator = _LOCATOR.pack(b"PK\x06\x07", 0, offset + len(central), 1)
    end = _END.pack(b"PK\x05\x06", 0, 0, 1, 1, len(central), _MAX32, 0)
    return ZipFrame(prefix, central + end64 + locator + end)
