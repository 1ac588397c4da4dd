"""Keeps certificates parsed: those of the same signer and authority come in file after file.

asn1crypto parses lazily and keeps what it parsed in the object, so the same bytes are given the same object. The key is
the content; nothing changes a certificate once it is parsed. Large ones, which only a hostile file has, are not kept.

Two functions of pyHanko are replaced: one that finds the certificates of a signature, which is asked for the same one
several times, and whose finds become the kept objects; and one that tells whether a signature names its certificate,
which depends on the bytes of the two alone. Errors are never remembered.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from asn1crypto import tsp, x509
from pyhanko.sign.validation import generic_cms

_KEPT = 1024
_LARGEST = 16 * 1024
_FOUND = "_lienthong_certificates"
_PLACES = (("extract_certs_for_validation", "_extract"), ("check_ess_certid", "_names"))
_originals: dict[str, Any] = {own: getattr(generic_cms, name) for name, own in _PLACES}


def install() -> None:
    """Make pyHanko find certificates once for each signature; idempotent."""
    for name, own in _PLACES:
        setattr(generic_cms, name, globals()[own])


def uninstall() -> None:
    """Put pyHanko's own functions back, for comparisons."""
    for name, own in _PLACES:
        setattr(generic_cms, name, _originals[own])


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
        found = _originals["_extract"](signed_data)
        others = [kept(other) for other in found.other_certs]
        found = replace(found, signer_cert=kept(found.signer_cert), other_certs=others)
        setattr(signed_data, _FOUND, found)
    return found


def _names(certificate: x509.Certificate, named: Any) -> bool:
    one, other = certificate.dump(), named.dump()
    if len(one) + len(other) > _LARGEST:
        return bool(_originals["_names"](certificate, named))
    return _remembered(one, isinstance(named, tsp.ESSCertID), other)


@lru_cache(maxsize=_KEPT)
def _remembered(certificate: bytes, first: bool, named: bytes) -> bool:  # noqa: FBT001 -- part of a key
    kind = tsp.ESSCertID if first else tsp.ESSCertIDv2
    return bool(_originals["_names"](_parsed(certificate), kind.load(named)))
