"""Lists on a terminal of any width: what matters most is readable, nothing wraps.

Columns stand in the order of their importance. Where there is no room, names become short, then long texts are cut,
then the last columns are left out, and a line says which.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from lienthong.cli.names import shorten_name

LONG = 18
"""A column with a longer text may be cut."""
LEAST = 14
"""To so much, and no further."""
GAP = 2


@dataclass(frozen=True, slots=True)
class Fitted:
    """A list that fits.

    Attributes:
        titles: Columns that are shown.
        rows: Their texts.
        widths: Their widths.
        left_out: Columns without room.
    """

    titles: list[str]
    rows: list[list[str]]
    widths: list[int]
    left_out: list[str]


def fit(titles: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Fitted:
    """Fits a list into a width; columns without any text are left away silently."""
    used = [number for number in range(len(titles)) if any(row[number] for row in rows)]
    shown = [titles[number] for number in used]
    texts = [[" ".join(row[number].split()) for number in used] for row in rows]
    if _total(_natural(shown, texts)) > width:
        texts = [[shorten_name(text) for text in row] for row in texts]
    natural = _natural(shown, texts)
    count = len(shown)
    while count > 1 and _total([_least(one) for one in natural[:count]]) > width:
        count -= 1
    return Fitted(shown[:count], [row[:count] for row in texts], _widths(natural[:count], width), shown[count:])


def table_of(fitted: Fitted) -> Table:
    """Makes the table; texts stand as they are, whatever marks are in them."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, GAP, 0, 0))
    for title, width in zip(fitted.titles, fitted.widths, strict=True):
        table.add_column(title, no_wrap=True, overflow="ellipsis", width=width)
    for row in fitted.rows:
        table.add_row(*(Text(text) for text in row))
    return table


def _natural(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(cell_len(title), *(cell_len(row[number]) for row in rows), 1) for number, title in enumerate(titles)]


def _least(natural: int) -> int:
    return LEAST if natural > LONG else natural


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _widths(natural: Sequence[int], width: int) -> list[int]:
    """Gives each column what it needs; long ones share what is left."""
    widths = [_least(one) for one in natural]
    spare = width - _total(widths)
    while spare > 0 and (short := [n for n, one in enumerate(widths) if one < natural[n]]):
        step = max(1, spare // len(short))
        for number in short:
            more = min(step, natural[number] - widths[number], spare)
            widths[number] += more
            spare -= more
    return widths
