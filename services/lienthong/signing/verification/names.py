"""Remembers how names are prepared for comparison (RFC 4518); asn1crypto does it anew for every copy of a name.

The names of authorities and agencies come again and again, in every certificate and list. Preparing a text depends on
the text alone, so a bounded memory changes no result; long texts, which only a hostile file has, are not kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from asn1crypto import x509

_KEPT = 4096
_LONGEST = 256
_NAME = "_ldap_string_prep"
_original: Any = getattr(x509.NameTypeAndValue, _NAME, None)


def install() -> None:
    """Make asn1crypto remember; idempotent. Nothing happens where it prepares names elsewhere."""
    if _original is not None:
        setattr(x509.NameTypeAndValue, _NAME, _prepared)


def uninstall() -> None:
    """Put asn1crypto's own method back, for comparisons."""
    if _original is not None:
        setattr(x509.NameTypeAndValue, _NAME, _original)


def _prepared(self: Any, text: str) -> str:
    return _remembered(text) if len(text) <= _LONGEST else str(_original(self, text))


@lru_cache(maxsize=_KEPT)
def _remembered(text: str) -> str:
    return str(_original(x509.NameTypeAndValue(), text))
