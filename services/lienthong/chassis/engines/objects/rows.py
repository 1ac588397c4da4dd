"""A blob in segments: their names, which of them hold it, and the manifest that says so.

A segment is named by the place of its bytes in the blob and by its writer, so that no writer ever writes over what
another one made durable. Where two wrote the same place, because a connection was lost, the later writer counts.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Segment:
    """An object with a part of a blob.

    Attributes:
        start: Place of its first byte in the blob.
        end: Place after its last byte.
        writer: Which writer wrote it, a UUIDv7.
    """

    start: int
    end: int
    writer: str

    @property
    def name(self) -> str:
        """Its name; names sort by place."""
        return f"{self.start:015d}-{self.end:015d}-{self.writer}"

    @classmethod
    def named(cls, name: str) -> "Segment":
        """Reads a name."""
        start, end, writer = name.split("-", 2)
        return cls(int(start), int(end), writer)


@dataclass(frozen=True, slots=True)
class Piece:
    """The bytes of a blob from `start` to `end`, which a segment holds."""

    start: int
    end: int
    segment: Segment


Row = tuple[Piece, ...]
"""Pieces without a gap, from the first byte of a blob."""


def row_of(segments: Iterable[Segment], size: int | None = None) -> Row:
    """Gives the pieces of the first `size` bytes; fewer when there are fewer, all when it is None."""
    laid: list[Piece] = []
    for segment in sorted(segments, key=lambda one: (one.writer, one.start)):
        new = Piece(segment.start, segment.end, segment)
        if laid and laid[-1].end > new.start:
            laid = sorted([*_around(laid, new), new], key=lambda one: one.start)
        else:
            laid.append(new)
    row: list[Piece] = []
    for piece in laid:
        begins = row[-1].end if row else 0
        if piece.start != begins or begins == size:
            break
        row.append(piece if size is None else replace(piece, end=min(piece.end, size)))
    return tuple(row)


def size_of(row: Row) -> int:
    """Tells how many bytes a row holds."""
    return row[-1].end if row else 0


def write_manifest(row: Row) -> bytes:
    """Writes a manifest: for each piece, where it ends and the segment that holds it."""
    return json.dumps({"pieces": [[piece.end, piece.segment.name] for piece in row]}, separators=(",", ":")).encode()


def read_manifest(data: bytes) -> Row:
    """Reads a manifest."""
    row: list[Piece] = []
    for end, name in json.loads(data)["pieces"]:
        row.append(Piece(row[-1].end if row else 0, end, Segment.named(name)))
    return tuple(row)


def _around(laid: Iterable[Piece], new: Piece) -> Iterable[Piece]:
    """Gives what is left of pieces beside a new one that lies over them."""
    for piece in laid:
        if piece.start < new.start:
            yield replace(piece, end=min(piece.end, new.start))
        if piece.end > new.end:
            yield replace(piece, start=max(piece.start, new.end))
