"""The page of the charts' values."""

import json
from collections.abc import Iterator
from typing import Any

from tools.reference.common import page, table
from tools.reference.values import Value, values_of

CHARTS = ("lienthong", "lienthong-topics")
_HEAD = ("Value", "Form", "Default", "What it does")
_LONGEST = 160


def chart_page() -> str:
    """Lists every value of every chart."""
    intro = (
        "A value is given with `--set` or in a file of `--values`; one that is not in these tables is refused. "
        "`charts/lienthong/README.md` says how to install.\n"
    )
    parts = [f"## {chart}\n\n{table(_HEAD, _rows(values_of(chart)))}" for chart in CHARTS]
    return page("Values of the charts", "the comments in `charts/*/values.yaml`", intro, *parts)


def _rows(values: tuple[Value, ...]) -> Iterator[tuple[str, ...]]:
    for one in values:
        yield f"`{'.'.join(one.path)}`", one.form, "" if one.parts else _default(one.default), one.words
        yield from _rows(one.parts)


def _default(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= _LONGEST else "see values.yaml"
