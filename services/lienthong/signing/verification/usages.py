"""Finds where objects of a PDF are used without reading all of it.

To judge a later revision, pyHanko asks from where each object that it writes over was reached in the signed one. For
that it reads every object of the file, though only the references in them matter. Here pyHanko's own search walks over
*outlines*: dictionaries and arrays as they stand in the file, of which all that leads nowhere is left out. Outlines are
made of plain objects only; whatever else stands in a file (objects within streams, unusual forms, encryption, faults)
pyHanko reads itself, with its error messages. So the usages are the original's in every case; tests compare the two.
"""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from pyhanko.pdf_utils import generic as _pyhanko_generic
from pyhanko.pdf_utils import reader

from lienthong.signing.verification.objects import INTEGER, LEAVES, NotPlainError, PlainReader

generic: Any = _pyhanko_generic
"""Untyped in pyHanko."""
_BLOCK = 4096
_BLANKS = rb"[ \n\r\t\f\x00]*+"
_HEADER = re.compile(rb"(\d{1,8}) (\d{1,5}) obj[ \n\r\t]{0,2}")
_AFTER = re.compile(_BLANKS + rb"(?:(?P<end>endobj" + _BLANKS + rb"[^ \n\r\t\f\x00%])|stream(?:\r\n|\n))")
_AFTER_STREAM = re.compile(_BLANKS + rb"endstream" + _BLANKS + rb"endobj" + _BLANKS + rb"[^ \n\r\t\f\x00%]")
_TAIL = 64
"""Bytes after a stream in which the end of its object must be found."""
_LEADING = (generic.IndirectObject, generic.DictionaryObject, generic.ArrayObject)
_NAME = "_load_reverse_xref_cache"
_original: Any = getattr(reader.HistoricalResolver, _NAME)


def install() -> None:
    """Make pyHanko search over outlines; idempotent."""
    setattr(reader.HistoricalResolver, _NAME, _searched)


def uninstall() -> None:
    """Put pyHanko's own search back, for comparisons."""
    setattr(reader.HistoricalResolver, _NAME, _original)


def _searched(self: Any) -> None:
    if self._indirect_object_access_cache is None:
        revision = self if self.reader.encrypted else _Outlines(self)
        _original(revision)
        self._indirect_object_access_cache = revision._indirect_object_access_cache  # noqa: SLF001 -- of pyHanko, whose search this replaces


class _Outlines:
    """Stands for a revision in pyHanko's search: gives the outline of each object."""

    def __init__(self, revision: Any) -> None:
        self.root = revision.root
        self.trailer_view = revision.trailer_view
        self._indirect_object_access_cache = None
        self._revision = revision
        self._found: dict[Any, Any] = {}

    def __call__(self, reference: Any) -> Any:
        found = self._found.get(reference)
        if found is None:
            revision = self._revision
            place = revision.reader.xrefs.get_historical_ref(reference, revision.revision)
            found = _outline(revision.reader.stream, place, reference) if isinstance(place, int) else None
            self._found[reference] = found = revision(reference) if found is None else found
        return found


def _outline(stream: BinaryIO, place: int, reference: Any) -> Any:
    """Return the outline of the object that begins at a place; None when it is left to pyHanko."""
    stream.seek(place)
    block = stream.read(_BLOCK)
    header = _HEADER.match(block)
    if header is None or (int(header[1]), int(header[2])) != (reference.idnum, reference.generation):
        return None
    outliner = _Outliner(block, reference, header.end())
    try:
        found = outliner.value()
    except (NotPlainError, ValueError):
        return None
    after = _AFTER.match(block, outliner.place)
    if after is None or not isinstance(found, dict | list):
        return None
    if after["end"] is None:
        stream.seek(place + after.end() + outliner.length)
        if outliner.length < 0 or _AFTER_STREAM.match(stream.read(_TAIL)) is None:
            return None
    return found


class _Outliner(PlainReader):
    """Reads as its parent does, and keeps the references and what holds them."""

    length = -1
    """Bytes of the stream that follows, when its dictionary says so by itself."""

    def _dictionary(self, depth: int) -> Any:
        whole = super()._dictionary(depth)
        if depth == 1:
            length = dict.get(whole, "/Length")
            self.length = length if isinstance(length, int) else -1
        found = generic.DictionaryObject()
        for key, value in whole.items():
            if isinstance(value, _LEADING):
                dict.__setitem__(found, key, value)
        return found

    def _array(self, depth: int) -> Any:
        whole = super()._array(depth)
        return whole if any(isinstance(value, _LEADING) for value in list.__iter__(whole)) else generic.ArrayObject()

    def _value(self, token: re.Match[bytes], depth: int) -> Any:
        kind = token.lastindex
        if kind == INTEGER and depth == 1:
            return int(token[INTEGER])
        if kind in LEAVES:
            return None
        return super()._value(token, depth)
