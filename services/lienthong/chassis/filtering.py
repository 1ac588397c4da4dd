"""Filters of lists (AIP-160, the part that lists need): conditions joined by AND.

`field = value`, `!=`, `<`, `<=`, `>`, `>=`, and `field : "words"` for words with accents folded. Values are strings in
double quotes, numbers, `true`, `false`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from lienthong.chassis.errors import AxisError, Violation, invalid

LENGTH_AT_MOST = 1000
CONDITIONS_AT_MOST = 16

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<operator><=|>=|!=|[=<>:])|(?P<number>-?\d+(?:\.\d+)?\b)|(?P<name>[A-Za-z_][\w.]*))"""
)


class Kind(Enum):
    """What values a field takes, and so which operators."""

    TEXT = "= !="
    WORDS = ":"
    NUMBER = "= != < <= > >="
    DATE = "< <= = > >= !="
    FLAG = "="


Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition."""

    field: str
    operator: str
    value: Value


def parse_filter(text: str, fields: Mapping[str, Kind]) -> tuple[Condition, ...]:
    """Reads a filter.

    Args:
        text: As written; empty has no conditions.
        fields: The fields that may be named.

    Raises:
        AxisError: INVALID_ARGUMENT with the position, from 1.
    """
    if len(text) > LENGTH_AT_MOST:
        raise _refused(LENGTH_AT_MOST, f"a filter has at most {LENGTH_AT_MOST} characters")
    conditions: list[Condition] = []
    tokens = _tokens(text)
    while tokens:
        if conditions:
            _joined(tokens)
        conditions.append(_condition(tokens, fields, len(text)))
        if len(conditions) > CONDITIONS_AT_MOST:
            raise _refused(len(text), f"a filter has at most {CONDITIONS_AT_MOST} conditions")
    return tuple(conditions)


_Token = tuple[str, str, int]


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            rest = text[place:].lstrip()
            raise _refused(len(text) - len(rest) + 1, f"{rest[:20].rstrip()!r} cannot be read")
        kind = str(match.lastgroup)
        found.append((kind, match[kind], match.start(kind) + 1))
        place = match.end()
    return found


def _joined(tokens: list[_Token]) -> None:
    kind, word, place = tokens.pop(0)
    if kind != "name" or word.upper() != "AND" or not tokens:
        raise _refused(place, "conditions are joined by AND")


def _condition(tokens: list[_Token], fields: Mapping[str, Kind], end: int) -> Condition:
    if len(tokens) < len(("field", "operator", "value")):
        place = tokens[0][2] if tokens else end
        raise _refused(place, "a condition is a field, an operator and a value")
    (kind, name, place), (sign, operator, at), value = tokens[:3]
    del tokens[:3]
    if kind != "name" or name not in fields:
        raise _refused(place, f"{name!r} is not a field of this list; fields: {', '.join(sorted(fields))}")
    allowed = fields[name].value
    if sign != "operator" or operator not in allowed.split():
        raise _refused(at, f"{name} takes {allowed}")
    return Condition(name, operator, _value(fields[name], value))


def _value(wanted: Kind, token: _Token) -> Value:
    kind, text, place = token
    if wanted is Kind.FLAG and text in {"true", "false"}:
        return text == "true"
    if wanted is Kind.NUMBER and kind == "number":
        return float(text) if "." in text else int(text)
    if wanted in {Kind.TEXT, Kind.WORDS, Kind.DATE} and kind == "text":
        plain = re.sub(r"\\(.)", r"\1", text[1:-1])
        if wanted is Kind.DATE and not _is_day(plain):
            raise _refused(place, f"{text!r} is no day; write YYYY-MM-DD, such as 2026-11-30")
        return plain
    raise _refused(place, f"{text!r} is not a value of this field ({wanted.name.lower()})")


def _is_day(text: str) -> bool:
    # Other forms of ISO 8601 are days too, but days are compared as they are written.
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _refused(place: int, rule: str) -> AxisError:
    remedy = 'Write field = "text", numbers, true and false without quotes; AND joins conditions.'
    violation = Violation("filter", "FILTER_INVALID", f"position {place}: {rule}", remedy, column=place, line=1)
    return invalid("FILTER_INVALID", f"filter, position {place}: {rule}. {remedy}", violation, position=str(place))
