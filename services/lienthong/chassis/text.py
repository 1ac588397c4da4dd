"""Text as people search for it."""

import unicodedata


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
