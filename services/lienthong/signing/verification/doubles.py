"""Refuses files of two meanings: a key twice in a dictionary, an object twice in a table, with different values.

Of a key pyHanko takes the first value and most programs that show pages the last one; of an object in one table of
cross-references it is the other way round. Whoever has no key could append a revision in which one of the two is what
was signed, for verifiers, and the other is not, for readers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO

from pyhanko.pdf_utils import generic as _pyhanko_generic
from pyhanko.pdf_utils import xref
from pyhanko.pdf_utils.misc import PdfReadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

generic: Any = _pyhanko_generic
"""Untyped in pyHanko."""
TWICE = "has two values in the dictionary"
_NAME = "process_entries"
_original: Any = getattr(xref.XRefSectionData, _NAME)


def install() -> None:
    """Make pyHanko refuse tables of two meanings; idempotent."""
    setattr(xref.XRefSectionData, _NAME, _processed)


def _processed(self: Any, entries: Iterable[xref.XRefEntry], strict: bool) -> Any:  # noqa: FBT001 -- pyHanko's signature
    return _original(self, _once(entries), strict)


def _once(entries: Iterable[xref.XRefEntry]) -> Iterator[xref.XRefEntry]:
    known: dict[int, xref.XRefEntry] = {}
    for entry in entries:
        if entry.idnum and known.setdefault(entry.idnum, entry) != entry:
            raise PdfReadError(f"object {entry.idnum} stands twice in one table of cross-references")
        yield entry


def read_dictionary(stream: BinaryIO, container_ref: Any) -> Any:
    """Read the dictionary or stream that stands here, as pyHanko does and with its messages.

    Raises:
        PdfReadError: It is malformed, or has two values under one key.
    """
    if stream.read(2) != b"<<":
        raise PdfReadError(f"Dictionary read error at byte 0x{hex(stream.tell())}: stream must begin with '<<'")
    data: dict[Any, Any] = {}
    while generic.read_non_whitespace(stream) != b">":
        stream.seek(-1, os.SEEK_CUR)
        key = _key(stream)
        generic.read_non_whitespace(stream, seek_back=True)
        value = generic.read_object(stream, container_ref)
        if data.setdefault(key, value) != value:
            raise PdfReadError(f"{key} {TWICE} before byte {stream.tell()}")
    stream.read(1)
    payload = generic._maybe_read_stream_payload(stream, data, container_ref.get_pdf_handler())  # noqa: SLF001 -- as pyHanko itself does
    return generic.DictionaryObject(data) if payload is None else generic.StreamObject(data, encoded_data=payload)


def _key(stream: BinaryIO) -> Any:
    try:
        return generic.NameObject.read_from_stream(stream)
    # Whatever pyHanko answers it with.
    except Exception as error:
        place = hex(stream.tell())
        raise PdfReadError(f"Failed to read dictionary key at byte 0x{place}; expected PDF name") from error
