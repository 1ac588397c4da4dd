"""Reads hexadecimal strings of a PDF in blocks; pyHanko reads them byte by byte.

A signature's /Contents is a hexadecimal string of 16,000 digits and more. pyHanko fetches each digit with a call of
its own, which is nearly half of the time of a verification. The reader below takes blocks up to the closing bracket
and decodes them at once. It returns an answer only for strings of the plain form ``<`` digits ``>``; for everything
else (white space, other characters, an odd count, no end) it puts the stream back and leaves the work, and the
error messages, to the original. So results are the original's in every case; a test compares the two on generated
input.

The remedy replaces a module-level function of pyHanko 0.38. If a later version does not have it, importing this
module still works, :func:`install` answers False, and verification is slower and no less correct.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any, BinaryIO

from pyhanko.pdf_utils import generic

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCK = 4096
_LONGEST = 64 * 1024 * 1024
"""Digits. No signature is longer; the original decides what to do with such a string."""
_NAME = "read_hex_string_from_stream"
_original: Callable[[Any], Any] | None = getattr(generic, _NAME, None)


def install() -> bool:
    """Make pyHanko use the block reader; idempotent. False when this pyHanko has no such function."""
    if _original is None:
        return False
    setattr(generic, _NAME, read_hex_string)
    return True


def uninstall() -> None:
    """Put pyHanko's own reader back, for comparisons."""
    if _original is not None:
        setattr(generic, _NAME, _original)


def read_hex_string(stream: BinaryIO) -> Any:
    """Read one hexadecimal string at the stream's position, as pyHanko's function of the same purpose does."""
    if _original is None:
        raise RuntimeError("this version of pyHanko reads hexadecimal strings elsewhere")
    start = stream.tell()
    digits = _digits(stream)
    try:
        content = None if digits is None else binascii.unhexlify(digits)
    except binascii.Error:
        content = None
    if digits is None or content is None:
        stream.seek(start)
        return _original(stream)
    stream.seek(start + len(digits) + 2)
    return generic.pdf_string(content)


def _digits(stream: BinaryIO) -> bytes | None:
    """Return what stands between the brackets; None when there is no end within reason."""
    if stream.read(1) != b"<":
        return None
    gathered = bytearray()
    while len(gathered) < _LONGEST:
        block = stream.read(_BLOCK)
        end = block.find(b">")
        gathered += block if end < 0 else block[:end]
        if end >= 0:
            return bytes(gathered)
        if not block:
            return None
    return None
