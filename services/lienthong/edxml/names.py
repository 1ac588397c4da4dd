"""File names: what was sent is data, what touches a file system is made safe first."""

from __future__ import annotations

import re
import unicodedata

RAW_TYPES = {
    "pdf": "application/pdf",
    "doc": "application/doc",
    "docx": "application/docx",
    "zip": "application/zip",
}
"""Content types by extension of what the library shipped with the axis sends as it is; it zips all else, xlsx too."""
_FALLBACK = "attachment"
_MAX_BYTES = 200
_MAX_EXTENSION = 16
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_EXTENSION = re.compile(r"\.([0-9A-Za-z]{1,16})$")


def extension_of(name: str) -> str:
    """The extension of a file name in lower case, without its dot; empty when there is none."""
    match = _EXTENSION.search(name.strip())
    return match.group(1).lower() if match else ""


def safe_file_name(name: str) -> str:
    """A name that is safe as one file name on any system, as close to the name sent as can be.

    Takes the base name only (both kinds of slashes), normalises to NFC, drops control and format characters
    (a right-to-left override can hide an extension), replaces what Windows forbids, avoids reserved device
    names, leading dots and trailing dots and blanks, and keeps at most 200 bytes of UTF-8, extension
    included.
    """
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(char for char in base if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    clean = _FORBIDDEN.sub("_", visible).strip(" .") or _FALLBACK
    if _RESERVED.fullmatch(clean):
        clean = "_" + clean
    return _bounded(clean)


def _bounded(name: str) -> str:
    if len(name.encode()) <= _MAX_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > _MAX_EXTENSION:
        stem, dot, extension = name, "", ""
    tail = dot + extension
    room = _MAX_BYTES - len(tail.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + tail
