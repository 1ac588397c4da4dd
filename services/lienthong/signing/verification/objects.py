"""Reads plain dictionaries and arrays of a PDF in one go; pyHanko reads them token by token, each byte by byte.

Comparing the revisions of a file with several signatures means reading all of it, and nearly all of it are
dictionaries and arrays of names, numbers, references and strings in their usual forms. The reader below takes a block
and goes through it with one expression. Where it meets anything else (comments, odd numbers and escapes, no end within
the largest block) it puts the stream back and leaves the whole value, and the error messages, to the original. So what
is read is the original's in every case but one (see :mod:`.doubles`); a test compares the two on generated input.
"""

from __future__ import annotations

import binascii
import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from pyhanko.pdf_utils import generic as _pyhanko_generic

from lienthong.signing.verification.doubles import read_dictionary
from lienthong.signing.verification.tokens import LONGEST_NAME, decoded

if TYPE_CHECKING:
    from collections.abc import Callable

generic: Any = _pyhanko_generic
"""Untyped in pyHanko."""
_BLOCKS = (4096, 65536)
"""Bytes. The dictionary of a signature needs the larger one."""
_DEEPEST = 40
_ENDS = rb"(?=[ \n\r\t\f\x00()<>\[\]{}/%])"
_BLANK = rb"[ \n\r\t\f]"
_ESCAPE = rb"\\([0-3][0-7]{2}|[nrtbf()\\])"
_ALTERNATIVES = (
    rb"/(?P<name>[^\x00-\x20\x7f-\xff()<>\[\]{}/%#]{1," + str(LONGEST_NAME).encode() + rb"}+)" + _ENDS,
    rb"(?P<reference>([1-9]\d{0,6})\s{1,3}(\d{1,5})\s{1,3}R)(?=[^a-zA-Z])",
    rb"(?P<integer>[+-]?\d{1,15})(?!\s+\d+\s+R)" + _ENDS,
    rb"(?P<real>[+-]?\d{1,15}\.\d{1,15})" + _ENDS,
    rb"(?P<dictionary><<)",
    rb"(?P<end>>>|\])",
    # The R of a reference is no digit.
    rb"\[" + _BLANK + rb"*+(?P<integers>(?:[+-]?\d{1,15}" + _BLANK + rb"++)*+(?:[+-]?\d{1,15})?)\]",
    rb"(?P<array>\[)",
    rb"\((?P<string>[^()\\]*+)\)",
    rb"\((?P<escaped>(?:[^()\\]++|" + _ESCAPE + rb")*+)\)",
    rb"<(?P<hexadecimal>[0-9A-Fa-f]*+)>",
    rb"(?P<word>true|false|null)" + _ENDS,
    rb"(?P<odd>.)",
)
_TOKEN = re.compile(rb"[ \n\r\t\f\x00]*+(?:" + b"|".join(_ALTERNATIVES) + rb")", re.DOTALL)
_KINDS = _TOKEN.groupindex
_NAME, _REFERENCE, _END = _KINDS["name"], _KINDS["reference"], _KINDS["end"]
INTEGER = _KINDS["integer"]
_DICTIONARY, _ARRAY, _INTEGERS = _KINDS["dictionary"], _KINDS["array"], _KINDS["integers"]
_PLACES = ((generic.DictionaryObject, "_read_dictionary"), (generic.ArrayObject, "_read_array"))
_originals: dict[str, Any] = {own: place.read_from_stream for place, own in _PLACES}
_NOT_IN_CONTENT = generic.ContentOpReading.NO


class NotPlainError(Exception):
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
        data = _plain(stream, container_ref, b"<<")
        if data is not None:
            payload = generic._maybe_read_stream_payload(stream, dict(data), container_ref.get_pdf_handler())  # noqa: SLF001 -- of pyHanko, whose reader this replaces
            return data if payload is None else generic.StreamObject(data, encoded_data=payload)
        return read_dictionary(stream, container_ref)
    return _originals["_read_dictionary"](stream, container_ref, as_metadata_stream, in_content_stream)


def _read_array(stream: BinaryIO, container_ref: Any, in_content_stream: Any = _NOT_IN_CONTENT) -> Any:
    if not in_content_stream:
        values = _plain(stream, container_ref, b"[")
        if values is not None:
            return values
    return _originals["_read_array"](stream, container_ref, in_content_stream)


def _plain(stream: BinaryIO, container_ref: Any, begin: bytes) -> Any:
    """Return the plain value that stands here, the stream behind it; or None, the stream as it was."""
    for size in _BLOCKS:
        block = stream.read(size)
        if block.startswith(begin):
            reader = PlainReader(block, container_ref)
            try:
                value = reader.value()
            except (NotPlainError, ValueError):
                pass
            else:
                stream.seek(reader.place - len(block), os.SEEK_CUR)
                return value
        stream.seek(-len(block), os.SEEK_CUR)
        if len(block) < size:
            break
    return None


class PlainReader:
    """Goes through one block, from the value that begins at ``place``."""

    def __init__(self, block: bytes, container_ref: Any, place: int = 0) -> None:
        self._tokens = _TOKEN.finditer(block, place)
        self._container_ref = container_ref
        self._handler = container_ref.get_pdf_handler()
        self.place = place
        """Where the last dictionary or array ended."""

    def value(self) -> Any:
        """Read the value; raises NotPlainError or ValueError when it is left to the original."""
        for token in self._tokens:
            return self._value(token, 0)
        raise NotPlainError

    def _dictionary(self, depth: int) -> Any:
        found = generic.DictionaryObject()
        for token in self._tokens:
            if token.lastindex == _END and token[_END] == b">>":
                self.place = token.end()
                return found
            if token.lastindex != _NAME:
                break
            key = decoded(token[_NAME])
            value = next(self._tokens, None)
            if key in found or value is None:
                break
            dict.__setitem__(found, key, self._value(value, depth))
        raise NotPlainError

    def _array(self, depth: int) -> Any:
        found = generic.ArrayObject()
        for token in self._tokens:
            if token.lastindex == _END and token[_END] == b"]":
                self.place = token.end()
                return found
            found.append(self._value(token, depth))
        raise NotPlainError

    def _value(self, token: re.Match[bytes], depth: int) -> Any:
        kind = token.lastindex or 0
        value: Any
        if kind in _MAKERS:
            value = _MAKERS[kind](token[kind])
        elif kind == _REFERENCE:
            value = generic.IndirectObject(int(token[kind + 1]), int(token[kind + 2]), self._handler)
        elif kind == _INTEGERS:
            value = generic.ArrayObject(map(_number, token[kind].split()))
            for number in value:
                number.container_ref = self._container_ref
            self.place = token.end()
        elif kind in (_DICTIONARY, _ARRAY) and depth < _DEEPEST:
            value = self._dictionary(depth + 1) if kind == _DICTIONARY else self._array(depth + 1)
        else:
            raise NotPlainError
        value.container_ref = self._container_ref
        return value


_number = partial(int.__new__, generic.NumberObject)
_ESCAPED = {f"{octet:03o}".encode(): bytes((octet,)) for octet in range(256)}
_ESCAPED |= {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"(": b"(", b")": b")", b"\\": b"\\"}


def _word(word: bytes) -> Any:
    return generic.NullObject() if word == b"null" else generic.BooleanObject(word == b"true")


def _unescaped(text: bytes) -> Any:
    return generic.pdf_string(re.sub(_ESCAPE, lambda escape: _ESCAPED[escape[1]], text))


_MAKERS: dict[int, Callable[[bytes], Any]] = {
    _NAME: decoded,
    INTEGER: _number,
    _KINDS["real"]: lambda digits: generic.FloatObject(digits.decode("ascii")),
    _KINDS["string"]: generic.pdf_string,
    _KINDS["escaped"]: _unescaped,
    _KINDS["hexadecimal"]: lambda digits: generic.pdf_string(binascii.unhexlify(digits)),
    _KINDS["word"]: _word,
}
LEAVES = frozenset(_MAKERS) | {_INTEGERS}
"""Kinds of tokens that are values in which no reference stands."""
