"""Tells definite lengths from the indefinite one; asn1crypto takes every length that ends in 0x80 for indefinite.

A value of 128 bytes has the header ``30 81 80``. asn1crypto looks at the last octet only, believes that the length is
indefinite (``30 80``), and encodes the value anew whenever it is written out. For signed attributes that is a third of
the time of a verification, and wrong besides: the bytes that were signed are replaced by a new encoding of them, which
differs when the signer's encoding was not the shortest.

The remedy replaces ``dump`` of sequences and sets in asn1crypto. Values whose header really says an indefinite length,
values that were changed and values without a header are left to the original.
"""

from __future__ import annotations

from typing import Any

from asn1crypto import core

_INDEFINITE = 0x80
_LONG_TAG = 0x1F
_originals: dict[type, Any] = {kind: kind.dump for kind in (core.Sequence, core.SequenceOf)}


def install() -> None:
    """Make asn1crypto keep what it read; idempotent."""
    for kind, original in _originals.items():
        kind.dump = _keeping(original)  # type: ignore[attr-defined] # untyped in asn1crypto


def uninstall() -> None:
    """Put asn1crypto's own methods back, for comparisons."""
    for kind, original in _originals.items():
        kind.dump = original  # type: ignore[attr-defined] # untyped in asn1crypto


def is_definite(header: bytes) -> bool:
    """Tell whether the last of the headers that stand here one after the other gives its length in octets."""
    place = 0
    while place < len(header):
        place = _after_tag(header, place)
        if place >= len(header):
            return False
        octet = header[place]
        place += 1 + (octet & ~_INDEFINITE if octet > _INDEFINITE else 0)
        if place == len(header):
            return octet != _INDEFINITE
    return False


def _after_tag(header: bytes, place: int) -> int:
    if header[place] & _LONG_TAG != _LONG_TAG:
        return place + 1
    place += 1
    while place < len(header) and header[place] & _INDEFINITE:
        place += 1
    return place + 1


def _keeping(original: Any) -> Any:
    def dump(self: Any, force: bool = False) -> bytes:  # noqa: FBT001, FBT002 -- asn1crypto's signature
        header = self._header
        if force or header is None or header[-1:] != b"\x80" or not is_definite(header):
            return bytes(original(self, force))
        contents = self.contents  # drops the header when something in it was changed
        if self._header is not header:
            return bytes(original(self, force))
        return bytes(header + contents + self._trailer)

    return dump
