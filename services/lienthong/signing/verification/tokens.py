"""Reads the tokens of a PDF in blocks and remembers how names are decoded; pyHanko reads byte by byte.

A token ends at the first delimiter, so a block is searched for it. How a name is decoded depends on its bytes alone;
names are given out as new objects each time, since pyHanko writes into them. Comments, the end of the file, unusual
headers of objects and long names are left to the original, with their error messages; what is refused is never
remembered.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Any, BinaryIO

from pyhanko.pdf_utils import generic, misc, reader, xref

LONGEST_NAME = 127
"""Bytes; longer names are not remembered."""
_KEPT = 4096
_BLOCK = 32
_NOT_PLAIN = misc.PDF_WHITESPACE + b"%"
_END = re.compile(b"[" + re.escape(misc.PDF_WHITESPACE + misc.PDF_DELIMITERS) + b"]")
_HEADER = re.compile(rb"(\d{1,8}) (\d{1,5}) obj[ \n\r\t]{0,2}(?=[^ \n\r\t\f\x00%])")
_PLACES = (
    (generic, "read_until_delimiter", "_read_until_delimiter"),
    (generic, "_decode_name", "decoded"),
    (generic, "read_non_whitespace", "_read_non_whitespace"),
    (misc, "read_non_whitespace", "_read_non_whitespace"),
    (reader, "read_object_header", "_read_object_header"),
    (xref, "read_object_header", "_read_object_header"),
)
_originals: dict[str, Any] = {own: getattr(place, name) for place, name, own in _PLACES}


def install() -> None:
    """Make pyHanko use the block readers and the memory; idempotent."""
    for place, name, own in _PLACES:
        setattr(place, name, globals()[own])


def uninstall() -> None:
    """Put pyHanko's own functions back, for comparisons."""
    for place, name, own in _PLACES:
        setattr(place, name, _originals[own])


def decoded(name: bytes) -> Any:
    """Return a new name object for these bytes, which stand without the slash; raises what pyHanko raises."""
    return generic.NameObject(_remembered(name)) if len(name) <= LONGEST_NAME else _originals["decoded"](name)


@lru_cache(maxsize=_KEPT)
def _remembered(name: bytes) -> str:
    return str(_originals["decoded"](name))


def _read_until_delimiter(stream: BinaryIO) -> bytes:
    found = b""
    while block := stream.read(_BLOCK):
        end = _END.search(block)
        if end is not None:
            stream.seek(end.start() - len(block), os.SEEK_CUR)
            return found + block[: end.start()]
        found += block
    return found


def _read_non_whitespace(stream: BinaryIO, seek_back: bool = False, allow_eof: bool = False) -> bytes:  # noqa: FBT001, FBT002 -- pyHanko's signature
    while (token := stream.read(1)) in _NOT_PLAIN:
        if not token or token == b"%":
            stream.seek(-len(token), os.SEEK_CUR)
            return bytes(_originals["_read_non_whitespace"](stream, seek_back, allow_eof))
    if seek_back:
        stream.seek(-1, os.SEEK_CUR)
    return token


def _read_object_header(stream: BinaryIO, strict: bool) -> Any:  # noqa: FBT001 -- pyHanko's signature
    block = stream.read(_BLOCK)
    found = _HEADER.match(block)
    stream.seek((found.end() if found else 0) - len(block), os.SEEK_CUR)
    if found is None:
        return _originals["_read_object_header"](stream, strict)
    return int(found[1]), int(found[2])
