"""The bytes of a file outside its payload texts, kept as they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lienthong.edxml.problems import over_limit

if TYPE_CHECKING:
    from lienthong.edxml.limits import Limits


class Outside:
    """Collects what is fed to the parser and cuts out payload texts, by byte offsets of the parser.

    Offsets count bytes fed to the parser. A cut is opened at the first event after the payload's start tag
    and closed at its end tag; both are noted while a piece is parsed and carried out afterwards.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept = bytearray()
        self._fed = 0
        self._cut = 0
        self._opened: int | None = None
        self._piece = b""
        self._taken = 0
        self.gaps: list[int] = []
        self.exact = True

    def begin(self, piece: bytes) -> None:
        """A piece is about to be parsed."""
        if len(self._kept) > self._limits.outside_bytes:
            raise over_limit("outside_bytes", self._limits.outside_bytes, "")
        self._piece = piece
        self._taken = self._fed

    def open_cut(self, offset: int) -> None:
        """A payload text starts at `offset`."""
        self._keep_until(offset)
        self._opened = offset
        self.gaps.append(len(self._kept))

    def close_cut(self, offset: int) -> None:
        """The payload text ends at `offset`."""
        if self._opened is None:
            return
        # Of an end tag longer than what is held back, the part fed before has gone with the cut.
        self.exact = self.exact and offset >= self._fed
        self._cut += offset - self._opened
        self._opened = None
        self._taken = max(offset, self._fed)

    def end(self) -> None:
        """The piece has been parsed."""
        end = self._fed + len(self._piece)
        if self._opened is None:
            self._keep_until(end)
        self._fed = end
        self._piece = b""

    def at(self, offset: int) -> int:
        """Where an offset outside the payloads lies among the kept bytes."""
        return offset - self._cut

    def fed(self, offset: int) -> int:
        """The byte that was fed at an offset outside the payloads; 0 when it is not kept."""
        within = offset - self._fed
        kept, at = (self._piece, within) if within >= 0 else (self._kept, self.at(offset))
        return kept[at] if 0 <= at < len(kept) else 0

    def slice(self, start: int, stop: int | None) -> bytes:
        """Kept bytes between two places given by `at`."""
        return bytes(self._kept[start:stop])

    def content(self) -> bytes | None:
        """All kept bytes; None when they are not exact."""
        return bytes(self._kept) if self.exact else None

    def _keep_until(self, offset: int) -> None:
        if offset < self._taken:
            del self._kept[offset - self._cut :]
        else:
            self._kept += self._piece[self._taken - self._fed : offset - self._fed]
        self._taken = offset
