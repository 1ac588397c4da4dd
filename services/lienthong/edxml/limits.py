"""How much a file may ask of the reader before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

_KIB = 1024
_MIB = 1024 * _KIB
_GIB = 1024 * _MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reading; what goes beyond one of them is refused as LIMIT_EXCEEDED with the bound's name.

    The bounds keep memory flat whatever the file holds: everything outside the payloads fits in
    `outside_bytes`, payloads go straight to a spool. `name_characters` alone refuses nothing: a longer name
    stays as data, with a finding.
    """

    file_bytes: int = 8 * _GIB
    """Bytes of the whole file as it comes in."""
    outside_bytes: int = 16 * _MIB
    """Bytes of the file outside the payload texts: markup, header, manifest, signature."""
    depth: int = 32
    """Elements inside one another; the format itself needs nine."""
    elements: int = 100_000
    """Elements in all; 2,000 recipients with full addresses take 18,000."""
    text_bytes: int = _MIB
    """Bytes (UTF-8) of the text of one element that is no payload."""
    token_bytes: int = 256 * _KIB
    """Bytes of one tag, comment or other piece of markup."""
    signature_bytes: int = 4 * _MIB
    """Bytes of the `Signature` element, kept as it came."""
    attachments: int = 100
    """Attachments in one file."""
    attachment_bytes: int = 4 * _GIB
    """Bytes of one attachment, decoded, and again once unpacked."""
    attachments_bytes: int = 8 * _GIB
    """Bytes of all attachments together, decoded and unpacked."""
    name_characters: int = 500
    """Characters of a file name (length of the field in common use); longer ones are reported, not cut."""
    zip_ratio: int = 200
    """Unpacked bytes for one packed byte, looked at beyond `zip_free_bytes`."""
    zip_free_bytes: int = 16 * _MIB
    """Unpacked bytes that are harmless at any ratio."""
    zip_directory_bytes: int = 16 * _MIB
    """Bytes of an archive's directory; an archive with a larger one is kept packed."""
    zip_layers: int = 8
    """Archives around one attachment, each the only entry of the one before."""
    findings: int = 1_000
    """Findings reported for one file; the last one then says that there were more."""
