"""Where a watch begins, told in its headers: whoever loses the line before the first message goes on from there."""

from collections.abc import Iterable

CURSOR_KEY = "x-lienthong-cursor"

_CHARACTERS_AT_MOST = 4096
"""Clients in Java take 8 KiB of headers, and lose the whole stream with one byte more."""


def written(cursor: str) -> tuple[tuple[str, str], ...]:
    """Writes the headers of a watch; one that begins with what there is, or at too many places, has none."""
    return ((CURSOR_KEY, cursor),) if 0 < len(cursor) <= _CHARACTERS_AT_MOST else ()


def read(metadata: Iterable[tuple[str, str | bytes]] | None) -> str:
    """Reads where a watch began; empty when its headers do not say, or never came."""
    return next((str(value) for key, value in metadata or () if key == CURSOR_KEY), "")
