"""Metadata in which callers say for whom they speak; the client library knows nothing else of who may do what.

gRPC carries printable ASCII in them, and bytes under a key that ends with `-bin`: there stand names in other letters,
in UTF-8.
"""

from collections.abc import Iterable

AGENCY_KEY = "x-lienthong-agency"
PERSON_KEY = "x-lienthong-person"

_IN_BYTES = {f"{key}-bin": key for key in (AGENCY_KEY, PERSON_KEY)}


def written(key: str, value: str) -> tuple[str, str | bytes]:
    """Writes what a caller says as gRPC carries it."""
    plain = value.isascii() and value.isprintable()
    return (key, value) if plain else (f"{key}-bin", value.encode())


def read(metadata: Iterable[tuple[str, str | bytes]]) -> dict[str, str]:
    """Reads what callers say, and all other text."""
    found = {}
    for key, value in metadata:
        if isinstance(value, str):
            found[key] = value
        elif key in _IN_BYTES:
            found[_IN_BYTES[key]] = value.decode("utf-8", "replace")
    return found
