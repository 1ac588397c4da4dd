"""Figures of now against those recorded last, ratio by ratio: what became dearer is seen."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.bench.parts import Row

_DATE = len("2026-11-27")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<figure>[^|]+) \| [^|]* \|$", re.MULTILINE)


def recorded(folder: Path) -> dict[str, tuple[str, str]]:
    """Gives the last figure of each row over all tables of a folder, and the date of its table."""
    found: dict[str, tuple[str, str]] = {}
    # A table of some parts of a day comes after the one of all of them.
    for file in sorted(folder.glob("20??-??-??*.md"), key=lambda file: (file.stem[:_DATE], len(file.stem))):
        date = file.stem[:_DATE]
        found.update({row["what"]: (row["figure"], date) for row in _ROW.finditer(file.read_text("utf-8"))})
    return found


def compared(rows: Iterable[Row], before: Mapping[str, tuple[str, str]]) -> Sequence[tuple[str, str, str, str]]:
    """Gives for each row its name, the figure recorded last with its date, that of now, and how many times it is."""
    found = []
    for what, figure, _conditions in rows:
        earlier, date = before.get(what, ("", ""))
        found.append((what, f"{earlier} ({date})" if earlier else "not recorded", figure, ratios(earlier, figure)))
    return found


def ratios(earlier: str, now: str) -> str:
    """Divides the numbers of two figures, one by one; empty where they cannot be compared."""
    old, new = numbers(earlier), numbers(now)
    if len(old) != len(new) or not all(old):
        return ""
    return " / ".join(f"{late / early:.2f}" for early, late in zip(old, new, strict=True))


def numbers(figure: str) -> list[float]:
    """Reads the numbers of a figure, such as `50 / 136 ms` or `1,052 a second`."""
    return [float(found.replace(",", "")) for found in _NUMBER.findall(figure)]
