"""What a file says of itself in its first bytes."""

import re

HEADER_BYTES = 1024
"""A PDF says so within these; readers of the field accept mail headers and byte-order marks before."""

_MARK = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|(?<=[\r\n]))%PDF-")
"""At the beginning of a line: elsewhere it stands in a text, or in what holds a PDF (a signed message, an archive)."""
_ARCHIVE = b"PK\x03\x04"
"""How a zip archive begins; a PDF stored in it is not what the file is."""


def may_be_pdf(beginning: bytes) -> bool:
    """Tells by its first `HEADER_BYTES` whether a file says that it is a PDF."""
    return _MARK.search(beginning[:HEADER_BYTES]) is not None and not beginning.startswith(_ARCHIVE)


def before_pdf(beginning: bytes) -> int:
    """Counts the bytes that stand before the PDF of such a file."""
    found = _MARK.search(beginning)
    return 0 if found is None else beginning.index(b"%", found.start())
