"""Reads a blob that stands in segments: ranged requests, ever larger ones while it is read on."""

import io
from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

from lienthong.chassis.engines.objects.rows import Row, Segment, size_of
from lienthong.chassis.errors import not_found

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_FIRST = 256 * 1024
_LARGEST = 4 * 1024 * 1024
"""Bytes asked for at once: few after a seek, and up to this while reading goes on."""
_BUFFER = 64 * 1024

Fetch = Callable[[Segment, int, int], bytes | None]
"""Reads bytes of a segment, from a place in it, so many."""


def open_row(key: str, row: Row, fetch: Fetch) -> io.BufferedReader:
    """Opens a row for reading, seekable, in constant memory.

    A failure to read raises AxisError; when the store is back, reading goes on after a `seek`.
    """
    return io.BufferedReader(_RowReader(key, row, fetch), _BUFFER)


class _RowReader(io.RawIOBase):
    def __init__(self, key: str, row: Row, fetch: Fetch) -> None:
        super().__init__()
        self._key = key
        self._row = row
        self._fetch = fetch
        self._starts = [piece.start for piece in row]
        self._size = size_of(row)
        self._place = 0
        self._window, self._window_start = memoryview(b""), 0
        self._ask = _FIRST

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"a place before the first byte: {base + offset}")
        self._place = base + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if self._place >= self._size:
            return 0
        inside = self._place - self._window_start
        if not 0 <= inside < len(self._window):
            self._load()
            inside = 0
        target = memoryview(buffer).cast("B")
        data = self._window[inside : inside + len(target)]
        target[: len(data)] = data
        self._place += len(data)
        return len(data)

    def _load(self) -> None:
        goes_on = self._place == self._window_start + len(self._window)
        self._ask = min(2 * self._ask, _LARGEST) if goes_on and self._window else _FIRST
        piece = self._row[bisect_right(self._starts, self._place) - 1]
        length = min(self._ask, piece.end - self._place)
        data = self._fetch(piece.segment, self._place - piece.segment.start, length)
        if data is None or len(data) != length:
            # A segment of a blob is never removed before the blob: it was deleted while it was read.
            raise not_found(f"content {self._key}")
        self._window, self._window_start = memoryview(data), self._place
