"""What all pages share: where they stand, tables, titles."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "services"
PAGES = ROOT / "docs" / "reference"
REGISTRY = PAGES / "telemetry.yaml"
COMMAND = "make reference"
UPPER = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


class ContradictionError(Exception):
    """A page cannot be made: two of its sources contradict each other."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Makes a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell_of(cell) for cell in line)} |\n" for line in lines)


def cell_of(text: str) -> str:
    """Makes a text fit for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def page(title: str, source: str, *parts: str) -> str:
    """Makes a page with its title and the word where it comes from."""
    note = f"<!-- Written by `{COMMAND}` from {source}. Changes belong there. -->"
    return "\n".join([f"# {title}\n", f"{note}\n", *parts])
