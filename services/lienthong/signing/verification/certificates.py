"""Keeps certificates parsed: those of the same signer and authority come in file after file.

asn1crypto parses lazily and keeps what it parsed in the object, so the same bytes are given the same object. The key is
the content; nothing changes a certificate once it is parsed. Large ones, which only a hostile file has, are not kept.

Two functions of pyHanko that find the certificates of a signature are replaced: they are asked for the same signature
several times, and what they find becomes the kept objects. Refusals are never remembered.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from asn1crypto import x509
from pyhanko.sign.validation import generic_cms

_KEPT = 1024
_LARGEST = 16 * 1024
_FOUND = "_lienthong_certificates"
_NAME = "extract_certs_for_validation"
_original: Any = getattr(generic_cms, _NAME)


def install() -> None:
    """Make pyHanko find certificates once for each signature; idempotent."""
    setattr(generic_cms, _NAME, _extract)


def uninstall() -> None:
    """Put pyHanko's own function back, for comparisons."""
    setattr(generic_cms, _NAME, _original)


def kept(certificate: x509.Certificate) -> x509.Certificate:
    """Return the kept object of the same content."""
    der = certificate.dump()
    return _parsed(der) if len(der) <= _LARGEST else certificate


@lru_cache(maxsize=_KEPT)
def _parsed(der: bytes) -> x509.Certificate:
    return x509.Certificate.load(der)


def _extract(signed_data: Any) -> Any:
    found = getattr(signed_data, _FOUND, None)
    if found is None:
        found = _original(signed_data)
        others = [kept(other) for other in found.other_certs]
        found = replace(found, signer_cert=kept(found.signer_cert), other_certs=others)
        setattr(signed_data, _FOUND, found)
    return found
