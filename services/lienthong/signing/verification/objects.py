"""Reads plain dictionaries and arrays of a PDF in one go; pyHanko reads them token by token, each byte by byte.

Comparing the revisions of a file with several signatures means reading all of it, and nearly all of it are
dictionaries and arrays of names, numbers, references and short strings in their plainest form. The reader below takes
a block and goes through it with one expression. Where it meets anything else (comments, escapes, odd numbers, a key
given twice, no end within the block) it puts the stream back and leaves the whole value, and the error messages, to
the original. So what is read is the original's in every case; a test compares the two on generated input.
"""

from __future__ import annotations

import binascii
import os
import re
from typing import TYPE_CHECKING, Any, BinaryIO

from pyhanko.pdf_utils import generic as _pyhanko_generic

from lienthong.signing.verification.tokens import LONGEST_NAME, decoded

if TYPE_CHECKING:
    from collections.abc import Callable

generic: Any = _pyhanko_generic
"""Untyped in pyHanko."""
_BLOCK = 4096
_DEEPEST = 40
_NUL_AND_BLANKS = rb"[ \n\r\t\f\x00]*"
_ENDS = rb"(?=[ \n\r\t\f\x00()<>\[\]{}/%])"
_TOKEN = re.compile(
    _NUL_AND_BLANKS
    + rb"""(?:
        /(?P<name>[^ \n\r\t\f\x00()<>\[\]{}/%\#]{1,"""
    + str(LONGEST_NAME).encode()
    + rb"""})"""
    + _ENDS
    + rb"""
      | (?P<reference>[1-9]\d{0,6}\s{1,3}\d{1,5}\s{1,3})R(?=[^a-zA-Z])
      | (?P<integer>[+-]?\d{1,15})(?!\s+\d+\s+R)"""
    + _ENDS
    + rb"""
      | (?P<real>[+-]?\d{1,15}\.\d{1,15})"""
    + _ENDS
    + rb"""
      | (?P<dictionary><<)
      | (?P<end>>>|\])
      | (?P<array>\[)
      | \((?P<string>[^()\\]*)\)
      | <(?P<hexadecimal>(?:[0-9A-Fa-f]{2})*)>
      | (?P<word>true|false|null)"""
    + _ENDS
    + rb"""
    )""",
    re.VERBOSE,
)
_INTEGERS = re.compile(rb"\[[ \n\r\t\f\x00]*((?:[+-]?\d{1,15}[ \n\r\t\f]+)*(?:[+-]?\d{1,15})?)\]")
"""An array of integers (widths of a font, a rectangle); the R of a reference is no digit."""
_ENDS_DICTIONARY = b">>"
_ENDS_ARRAY = b"]"
_PLACES = ((generic.DictionaryObject, "_read_dictionary"), (generic.ArrayObject, "_read_array"))
_originals: dict[str, Any] = {own: place.read_from_stream for place, own in _PLACES}
_NOT_IN_CONTENT = generic.ContentOpReading.NO


class _NotPlainError(Exception):
    """Something stands here that is left to the original."""


def install() -> None:
    """Make pyHanko use this reader; idempotent."""
    for place, own in _PLACES:
        place.read_from_stream = staticmethod(globals()[own])


def uninstall() -> None:
    """Put pyHanko's own readers back, for comparisons."""
    for place, own in _PLACES:
        place.read_from_stream = staticmethod(_originals[own])


def _read_dictionary(
    stream: BinaryIO,
    container_ref: Any,
    as_metadata_stream: bool = False,  # noqa: FBT001, FBT002 -- pyHanko's signature
    in_content_stream: Any = _NOT_IN_CONTENT,
) -> Any:
    if not in_content_stream and not as_metadata_stream:
        data = _plain(stream, container_ref, _ENDS_DICTIONARY)
        if data is not None:
            payload = generic._maybe_read_stream_payload(stream, data, container_ref.get_pdf_handler())  # noqa: SLF001 -- of pyHanko, whose reader this replaces
            if payload is not None:
                return generic.StreamObject(data, encoded_data=payload)
            return generic.DictionaryObject(data)
    return _originals["_read_dictionary"](stream, container_ref, as_metadata_stream, in_content_stream)


def _read_array(stream: BinaryIO, container_ref: Any, in_content_stream: Any = _NOT_IN_CONTENT) -> Any:
    if not in_content_stream:
        values = _plain(stream, container_ref, _ENDS_ARRAY)
        if values is not None:
            return values
    return _originals["_read_array"](stream, container_ref, in_content_stream)


def _plain(stream: BinaryIO, container_ref: Any, end: bytes) -> Any:
    """Return the plain value that stands here, the stream behind it; or None, the stream as it was."""
    block = stream.read(_BLOCK)
    reader = _Reader(block, container_ref)
    try:
        value = reader.dictionary(0) if end == _ENDS_DICTIONARY and block[:2] == b"<<" else None
        value = reader.array(0) if end == _ENDS_ARRAY and block[:1] == b"[" else value
    except (_NotPlainError, ValueError):
        value = None
    stream.seek((0 if value is None else reader.place) - len(block), os.SEEK_CUR)
    return value


class _Reader:
    """Goes through one block, from the value at its beginning."""

    def __init__(self, block: bytes, container_ref: Any) -> None:
        self._block = block
        self._container_ref = container_ref
        self._handler = container_ref.get_pdf_handler()
        self.place = 0

    def dictionary(self, depth: int) -> dict[Any, Any]:
        """Read a dictionary, the place at its beginning."""
        if depth > _DEEPEST:
            raise _NotPlainError
        self.place += len(b"<<")
        found: dict[Any, Any] = {}
        while True:
            token = self._next()
            if token["end"] == _ENDS_DICTIONARY:
                return found
            name = token["name"]
            if name is None:
                raise _NotPlainError
            key = decoded(name)
            if key in found:
                raise _NotPlainError
            found[key] = self._value(self._next(), depth)

    def array(self, depth: int) -> Any:
        """Read an array, the place at its beginning."""
        if depth > _DEEPEST:
            raise _NotPlainError
        self.place += len(b"[")
        found = generic.ArrayObject()
        if integers := _INTEGERS.match(self._block, self.place - 1):
            self.place = integers.end()
            for digits in integers[1].split():
                number = generic.NumberObject(digits.decode("ascii"))
                number.container_ref = self._container_ref
                found.append(number)
            return found
        while (token := self._next())["end"] != _ENDS_ARRAY:
            found.append(self._value(token, depth))
        return found

    def _next(self) -> re.Match[bytes]:
        token = _TOKEN.match(self._block, self.place)
        if token is None:
            raise _NotPlainError
        self.place = token.end()
        return token

    def _value(self, token: re.Match[bytes], depth: int) -> Any:
        kind = token.lastgroup
        if kind == "reference":
            number, generation = token["reference"].split()
            value: Any = generic.IndirectObject(int(number), int(generation), self._handler)
        elif kind == "dictionary":
            self.place = token.end() - len(b"<<")
            value = generic.DictionaryObject(self.dictionary(depth + 1))
        elif kind == "array":
            self.place = token.end() - len(b"[")
            value = self.array(depth + 1)
        elif kind is not None and kind in _MAKERS:
            value = _MAKERS[kind](token[kind])
        else:
            raise _NotPlainError
        value.container_ref = self._container_ref
        return value


def _word(word: bytes) -> Any:
    return generic.NullObject() if word == b"null" else generic.BooleanObject(word == b"true")


_MAKERS: dict[str, Callable[[bytes], Any]] = {
    "name": decoded,
    "integer": lambda digits: generic.NumberObject(digits.decode("ascii")),
    "real": lambda digits: generic.FloatObject(digits.decode("ascii")),
    "string": generic.pdf_string,
    "hexadecimal": lambda digits: generic.pdf_string(binascii.unhexlify(digits)),
    "word": _word,
}
