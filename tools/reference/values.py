"""The values of a chart, read with their comments: what each does, what form it has, what it is by default."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from tools.reference.common import ROOT, ContradictionError

CHARTS = ROOT / "charts"
_MARK = "# -- "
_FORM = re.compile(r"\((?P<form>[^)]+)\) (?P<words>.+)")
_INFERRED = {bool: "true or false", int: "int", str: "string"}


@dataclass(frozen=True, slots=True)
class Value:
    """A value.

    Attributes:
        path: Its keys, from the top.
        form: What it holds; empty where it has parts.
        words: What it does.
        default: What it is.
        parts: Its parts, where they are values of their own.
    """

    path: tuple[str, ...]
    form: str
    words: str
    default: Any
    parts: tuple["Value", ...] = ()


def values_of(chart: str) -> tuple[Value, ...]:
    """Reads the values of a chart.

    Raises:
        ContradictionError: One has no comment, or a form is missing that cannot be told from its default.
    """
    return read((CHARTS / chart / "values.yaml").read_text("utf-8"), f"charts/{chart}/values.yaml")


def read(text: str, name: str) -> tuple[Value, ...]:
    """Reads the text of a file of values; `name` is for messages.

    Raises:
        ContradictionError: As `values_of`.
    """
    node = yaml.compose(text)
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 -- a chart's values are a mapping
    return tuple(_values(name, text.splitlines(), (), node))


def _values(name: str, lines: Sequence[str], path: tuple[str, ...], node: yaml.MappingNode) -> Iterator[Value]:
    for key, held in node.value:
        here = (*path, str(key.value))
        said = _comment(lines, key.start_mark.line)
        if not said:
            raise ContradictionError(f"{name}: {'.'.join(here)} has no comment `# -- …` above it")
        found = _FORM.fullmatch(said)
        form, words = found.group("form", "words") if found else ("", said)
        default = yaml.safe_load(yaml.serialize(held))
        if isinstance(held, yaml.MappingNode) and not form:
            yield Value(here, "", words, default, tuple(_values(name, lines, here, held)))
            continue
        form = form or _INFERRED.get(type(default), "")
        if not form:
            raise ContradictionError(f"{name}: {'.'.join(here)} needs its form in brackets")
        yield Value(here, form, words, default)


def _comment(lines: Sequence[str], line: int) -> str:
    """Gives the comment that ends above a line."""
    found: list[str] = []
    for text in reversed(lines[:line]):
        stripped = text.strip()
        if not stripped.startswith("#"):
            break
        found.append(stripped)
        if stripped.startswith(_MARK):
            return " ".join(one.removeprefix(_MARK).removeprefix("# ") for one in reversed(found))
    return ""
