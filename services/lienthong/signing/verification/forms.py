"""Form fields that are not for signatures: which of them look otherwise than when somebody signed.

pyHanko tells a field that has a picture as changed as soon as a later revision touches the form, and a second signature
does. Of a field without one it does not see that the form's fonts became others, with which viewers draw it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic as _pyhanko_generic

from lienthong.signing.verification.places import entry

if TYPE_CHECKING:
    from collections.abc import Iterator

generic: Any = _pyhanko_generic
"""Untyped in pyHanko."""
_LOOK = ("/V", "/AP", "/AS", "/DA", "/Q", "/MK", "/F", "/Ff", "/Opt", "/RV", "/DS")
"""What decides what is seen of a field."""
_FORM = ("/DR", "/DA", "/Q", "/NeedAppearances")
"""What decides it for a field that viewers draw themselves."""
_DEEPEST = 64
"""Levels of values that are looked at."""


def changed_since(signature: Any) -> set[str]:
    """Name the fields that do not look as ``signature`` found them."""
    reader = signature.reader
    now = _looks(reader)
    if not now:
        return set()
    then = _looks(reader.get_historical_resolver(signature.signed_revision))
    return {name for name in now if now[name] != then.get(name)}


def _looks(file: Any) -> dict[str, list[bytes]]:
    form = entry(file.root, "/AcroForm", {})
    fields = list(_fields(form))
    if not fields:
        return {}
    seen = _Seen()
    drawn = seen.of(form, _FORM)
    always = bool(entry(form, "/NeedAppearances", False))
    looks: dict[str, list[bytes]] = {}
    for name, node in fields:
        own = seen.of(node, _LOOK)
        looks.setdefault(name, []).append(own + drawn if always or "/AP" not in node else own)
    return looks


def _fields(form: Any) -> Iterator[tuple[str, Any]]:
    """Give each field that is not for a signature and each annotation of one, with the name of the field."""
    waiting = [("", "", one) for one in _items(form, "/Fields")]
    met: set[Any] = set()
    while waiting:
        name, kind, one = waiting.pop()
        if isinstance(one, generic.IndirectObject):
            if one.reference in met:
                continue
            met.add(one.reference)
        node = one.get_object()
        if not isinstance(node, generic.DictionaryObject):
            continue
        if "/T" in node:
            name = f"{name}.{node['/T']}" if name else str(node["/T"])
        kind = str(entry(node, "/FT", kind))
        if kind != "/Sig":
            yield name, node
        waiting += [(name, kind, kid) for kid in _items(node, "/Kids")]


def _items(dictionary: Any, key: str) -> list[Any]:
    found = entry(dictionary, key, ())
    return list(list.__iter__(found)) if isinstance(found, generic.ArrayObject) else []


class _Seen:
    """Digests of values; what is referred to is looked at once, however often it is."""

    def __init__(self) -> None:
        self._known: dict[Any, bytes] = {}

    def of(self, dictionary: Any, keys: tuple[str, ...]) -> bytes:
        """Digest some entries of a dictionary."""
        there = [key for key in keys if key in dictionary]
        return self._joined("entries", [key.encode() + self._value(dictionary.raw_get(key), 0) for key in there])

    def _value(self, value: Any, depth: int) -> bytes:
        if depth > _DEEPEST:
            return b""
        if isinstance(value, generic.IndirectObject):
            if value.reference not in self._known:
                # One that refers to itself, by whatever way, ends here.
                self._known[value.reference] = b""
                self._known[value.reference] = self._value(value.get_object(), depth + 1)
            return self._known[value.reference]
        if isinstance(value, generic.DictionaryObject):
            data = value.encoded_data if isinstance(value, generic.StreamObject) else b""
            entries = (key.encode() + self._value(value.raw_get(key), depth + 1) for key in sorted(value))
            return self._joined("dictionary", [*entries, data])
        if isinstance(value, generic.ArrayObject):
            return self._joined("array", [self._value(one, depth + 1) for one in list.__iter__(value)])
        return self._joined(type(value).__name__, [str(value).encode("utf-8", "surrogatepass")])

    @staticmethod
    def _joined(kind: str, parts: list[bytes]) -> bytes:
        digest = hashlib.sha256(kind.encode())
        for part in parts:
            digest.update(hashlib.sha256(part).digest())
        return digest.digest()
