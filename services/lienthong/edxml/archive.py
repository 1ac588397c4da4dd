"""Zip archives among the attachments: told apart by content, unpacked in a stream, within bounds.

Many senders zip an attachment into an archive of one entry under the attachment's own name. The entry's name
is never used as a name: it is the sender's to choose and could lead anywhere.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from lienthong.edxml.problems import over_limit

if TYPE_CHECKING:
    from lienthong.edxml.limits import Limits
    from lienthong.edxml.model import ContentRef
    from lienthong.edxml.payload import Meter

_MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_END = b"PK\x05\x06"
_END_SIZE = 22
_MAX_COMMENT = 65_535
_SIZE_AT = 12
_ELSEWHERE = 0xFFFFFFFF
_BLOCK = 1 << 20
_ENCRYPTED = 1
# The standard library bounds the memory of these two only.
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, struct.error)


def is_zip(head: bytes) -> bool:
    """Whether content starts as a zip archive does."""
    return head.startswith(_MAGICS)


def entries(stream: BinaryIO, limits: Limits) -> list[str]:
    """The names of an archive's entries; none when it is damaged or its directory is larger than the bound."""
    try:
        if _directory_size(stream) > limits.zip_directory_bytes:
            return []
        with zipfile.ZipFile(stream) as archive:
            return archive.namelist()
    except _DAMAGE:
        return []


def unpack(stream: BinaryIO, meter: Meter, limits: Limits) -> ContentRef | None:
    """Write the only entry of an archive to a meter; None when it cannot be unpacked (damaged, encrypted).

    Raises:
        EdxmlError: the entry unpacks to more than the limits allow; the error names the limit.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            entry = archive.infolist()[0]
            if entry.is_dir() or entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
                return None
            bound = max(limits.zip_free_bytes, limits.zip_ratio * entry.compress_size)
            with archive.open(entry) as content:
                while block := content.read(_BLOCK):
                    if meter.size + len(block) > bound:
                        raise over_limit("zip_ratio", limits.zip_ratio, meter.path, meter.place)
                    meter.write(block)
    except _DAMAGE:
        return None
    return meter.finish()


def _directory_size(stream: BinaryIO) -> int:
    """The size of the directory as the end record has it, known before the directory is read."""
    length = stream.seek(0, 2)
    start = max(0, length - _END_SIZE - _MAX_COMMENT)
    stream.seek(start)
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise zipfile.BadZipFile("no end record")
    size: int = struct.unpack_from("<L", tail, at + _SIZE_AT)[0]
    # A ZIP64 archive keeps the true size elsewhere: what lies before the end record bounds it.
    return start + at if size == _ELSEWHERE else size
