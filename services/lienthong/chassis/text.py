"""Text as people search for it, and as it is shown."""

import re
import unicodedata

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it, line ends and tabs apart: it moves, hides or turns what is there."""


def fold(text: str) -> str:
    """Folds case and accents: `Liên thông, Đà Nẵng` becomes `lien thong, da nang`."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(char for char in plain if not unicodedata.combining(char))


def words(text: str) -> tuple[str, ...]:
    """Splits folded text into words of letters and digits."""
    folded = fold(text)
    return tuple("".join(char if char.isalnum() else " " for char in folded).split())


def shorten(text: str, length: int = 120) -> str:
    """Cuts text for display, with an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def escaped(text: str) -> str:
    """Writes what a terminal would obey as JSON does, by its number."""
    return OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
