"""Places in a file of which the XML parser sees only a part."""

from __future__ import annotations


class Position:
    """Turns the parser's line and column into the file's, counting what went past the parser."""

    def __init__(self) -> None:
        self._lines = 0
        self._line = 0
        self._columns = 0

    def skip(self, data: bytes, line: int, column: int) -> None:
        """Note bytes that were kept from the parser while it stood at `line` (from 1), `column` (from 0)."""
        breaks = data.count(b"\n")
        if line != self._line:
            self._line, self._columns = line, 0
        if breaks:
            self._lines += breaks
            self._columns = len(data) - data.rfind(b"\n") - 1 - column
        else:
            self._columns += len(data)

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Line and column of the file, both from 1, for the parser's line (from 1) and column (from 0)."""
        shift = self._columns if line == self._line else 0
        return line + self._lines, column + shift + 1
