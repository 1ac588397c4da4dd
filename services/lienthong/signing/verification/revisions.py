"""Takes plain values over into an earlier revision of a file as they are.

When pyHanko compares revisions it copies every object, so that references in it lead to objects of that revision.
Names, numbers and strings hold no references, and pyHanko gives them on unchanged, but only after it has made a
reference for each of them. Here they are told apart first; everything else goes the original way.
"""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils import generic as _pyhanko_generic
from pyhanko.pdf_utils import reader

generic: Any = _pyhanko_generic
"""Untyped in pyHanko."""
_PLAIN = frozenset(
    {
        generic.NameObject,
        generic.NumberObject,
        generic.FloatObject,
        generic.BooleanObject,
        generic.NullObject,
        generic.TextStringObject,
        generic.ByteStringObject,
    }
)
_NAME = "_subsume_object"
_original: Any = getattr(reader.HistoricalResolver, _NAME)


def install() -> None:
    """Make pyHanko tell plain values apart first; idempotent."""
    setattr(reader.HistoricalResolver, _NAME, _subsumed)


def uninstall() -> None:
    """Put pyHanko's own method back, for comparisons."""
    setattr(reader.HistoricalResolver, _NAME, _original)


def _subsumed(self: Any, value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN and value.container_ref is not None:
        return value
    if kind is generic.IndirectObject and value.container_ref is not None:
        return generic.IndirectObject(value.idnum, value.generation, self)
    return _original(self, value)
