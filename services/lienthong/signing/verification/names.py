"""Remembers how names are compared (RFC 5280 7.1, RFC 4518); asn1crypto does it anew for every copy of a name.

The names of authorities and agencies come again and again, in every certificate and list. Preparing a text, and
comparing two names, depends on their bytes alone, so a bounded memory changes no result; what is refused is never
remembered, and long ones, which only a hostile file has, are not kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from asn1crypto import x509

_KEPT = 4096
_LONGEST = 256
_LONGEST_NAME = 2048
_NAME = "_ldap_string_prep"
_original: Any = getattr(x509.NameTypeAndValue, _NAME, None)
_original_equality: Any = x509.RDNSequence.__eq__


def install() -> None:
    """Make asn1crypto remember; idempotent. Texts are prepared as before where it prepares them elsewhere."""
    x509.RDNSequence.__eq__ = _equal
    if _original is not None:
        setattr(x509.NameTypeAndValue, _NAME, _prepared)


def uninstall() -> None:
    """Put asn1crypto's own methods back, for comparisons."""
    x509.RDNSequence.__eq__ = _original_equality
    if _original is not None:
        setattr(x509.NameTypeAndValue, _NAME, _original)


def _equal(self: Any, other: object) -> bool:
    if not isinstance(other, x509.RDNSequence):
        return False
    one, two = self.dump(), other.dump()
    if len(one) > _LONGEST_NAME or len(two) > _LONGEST_NAME:
        return bool(_original_equality(self, other))
    return _remembered_equality(one, two)


@lru_cache(maxsize=_KEPT)
def _remembered_equality(one: bytes, two: bytes) -> bool:
    return bool(_original_equality(x509.RDNSequence.load(one), x509.RDNSequence.load(two)))


def _prepared(self: Any, text: str) -> str:
    return _remembered(text) if len(text) <= _LONGEST else str(_original(self, text))


@lru_cache(maxsize=_KEPT)
def _remembered(text: str) -> str:
    return str(_original(x509.NameTypeAndValue(), text))
