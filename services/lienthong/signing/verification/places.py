"""Places for signatures: form fields that hold one, or wait for one, and what they show on the page.

A field that comes after a signature may bring a picture of its own, the image of a seal say. pyHanko permits it by its
kind and does not ask whether anybody signed in it: a picture, a note or a script that nobody signed would stand over
what was signed, in a file whose signatures are all valid. A time stamp signs it no more: whoever asks for one gets it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic as _pyhanko_generic
from pyhanko.sign.fields import enumerate_sig_fields

from lienthong.signing.verification.lines import line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

generic: Any = _pyhanko_generic
"""Untyped in pyHanko."""
TIMESTAMP = "/DocTimeStamp"
_CORNERS = 4
"""Numbers of a rectangle: two points."""


@dataclass(frozen=True)
class Places:
    """The places of one file, by the names of their fields.

    Attributes:
        names: All of them.
        unsigned: Those that show something or act, and that nobody signed.
    """

    names: frozenset[str]
    unsigned: frozenset[str]

    def unsigned_since(self, signature: Any, changed: set[str]) -> list[str]:
        """Name those that nobody signed and that are not as ``signature`` found them.

        Args:
            signature: One of the file.
            changed: Fields that pyHanko found filled or changed after it. New ones of which it sees nothing are not
                among them.
        """
        if not self.unsigned:
            return []
        then = signature.reader.get_historical_resolver(signature.signed_revision)
        known = {name for name, _, _ in enumerate_sig_fields(then)}
        return sorted(line(name) for name in self.unsigned if name in changed or name not in known)


def places_of(fields: Iterable[tuple[str, Any, Any]]) -> Places:
    """Look at the fields for signatures, as pyHanko lists them: name, value, field."""
    found = [(name, _is_signed(value), field.get_object()) for name, value, field in fields]
    unsigned = (name for name, signed, field in found if not signed and any(map(_shows, _annotations(field))))
    return Places(frozenset(name for name, _, _ in found), frozenset(unsigned))


def _is_signed(value: Any) -> bool:
    signature = None if value is None else value.get_object()
    return isinstance(signature, generic.DictionaryObject) and entry(signature, "/Type", None) != TIMESTAMP


def entry(dictionary: Any, key: str, absent: Any) -> Any:
    """Give what stands under a key, wherever it stands."""
    found = dictionary.get(key)
    return absent if found is None else found.get_object()


def _annotations(field: Any) -> Iterator[Any]:
    seen: set[Any] = set()
    waiting = [field]
    while waiting:
        annotation = waiting.pop()
        yield annotation
        # Others than references pyHanko refuses in a later revision.
        kids = (kid for kid in entry(annotation, "/Kids", ()) if isinstance(kid, generic.IndirectObject))
        new = {kid.reference for kid in kids} - seen
        seen |= new
        waiting += [reference.get_object() for reference in new]


def _shows(annotation: Any) -> bool:
    """Tell whether an annotation is more than a blank place; notes of other kinds are drawn from their text alone."""
    acts = "/A" in annotation or "/AA" in annotation
    other = entry(annotation, "/Subtype", "/Widget") != "/Widget"
    filled = "/BG" in entry(annotation, "/MK", ())
    return acts or other or ((filled or _is_drawn(entry(annotation, "/AP", None))) and not _is_empty(annotation))


def _is_drawn(appearance: Any) -> bool:
    if isinstance(appearance, generic.StreamObject):
        return bool(appearance.data.strip())
    return isinstance(appearance, generic.DictionaryObject) and any(_is_drawn(appearance[key]) for key in appearance)


def _is_empty(annotation: Any) -> bool:
    """Tell whether nothing can be seen of an annotation, since its rectangle is as good as a point or a line."""
    corners = entry(annotation, "/Rect", (0, 0, 0, 0))
    return len(corners) == _CORNERS and (corners[0] == corners[2] or corners[1] == corners[3])
