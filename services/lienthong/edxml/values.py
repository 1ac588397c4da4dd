"""The kinds of values in the format: how each is read, with a remark where needed, and written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lienthong.edxml.findings import Code
from lienthong.edxml.model import BusinessKind
from lienthong.edxml.times import read_date, read_timestamp, write_date, write_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

_INTEGER = re.compile(r"([+-]?)0*([0-9]{1,18})")
_CARRIED = range(-(2**31), 2**31)
"""Numbers that the axis carries: no field of the format needs more than 32 bits."""
_MAX_PRIORITY = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as read: the value (None when absent or unreadable) and the code of a finding, if one is due."""

    value: Any
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: `read` takes a text that is not blank, `write` gives the canonical text of a value."""

    read: Callable[[str], Reading]
    write: Callable[[Any], str]


def _text(text: str) -> Reading:
    return Reading(text)


def _identifier(text: str) -> Reading:
    trimmed = text.strip()
    return Reading(trimmed, None if trimmed == text else Code.BLANKS_TRIMMED)


def _organ_id(text: str) -> Reading:
    reading = _identifier(text)
    return Reading("", Code.ORGAN_ID_NULL) if reading.value.lower() == "null" else reading


def _integer(text: str) -> Reading:
    read = _INTEGER.fullmatch(text.strip())
    if not read:
        return Reading(None, Code.VALUE_UNREADABLE)
    number = int(read[1] + read[2])  # without zeros before it: of thousands of digits Python reads none
    return Reading(number) if number in _CARRIED else Reading(None, Code.VALUE_OUT_OF_RANGE)


def _within(low: int, high: int | None) -> Callable[[str], Reading]:
    def read(text: str) -> Reading:
        reading = _integer(text)
        if reading.value is None or (reading.value >= low and (high is None or reading.value <= high)):
            return reading
        return Reading(reading.value, Code.VALUE_OUT_OF_RANGE)

    return read


def _detail(text: str) -> Reading:
    reading = _integer(text)
    return Reading(None) if reading.value == -1 else reading


def _flag(text: str) -> Reading:
    known = {"0": Reading(False), "1": Reading(True)}
    spelled = {
        "false": Reading(False, Code.VALUE_NORMALISED),
        "true": Reading(True, Code.VALUE_NORMALISED),
    }
    return (known | spelled).get(text.strip().lower(), Reading(None, Code.VALUE_UNREADABLE))


def _truth(text: str) -> Reading:
    reading = _flag(text)
    if reading.code is Code.VALUE_UNREADABLE:
        return reading
    plain = text.strip() in {"true", "false"}
    return Reading(reading.value, None if plain else Code.VALUE_NORMALISED)


def _business_kind(text: str) -> Reading:
    number = _integer(text).value
    if number is None or number not in set(BusinessKind):
        return Reading(None, Code.VALUE_UNREADABLE)
    return Reading(BusinessKind(number))


def _date(text: str) -> Reading:
    value = read_date(text)
    if value is None:
        return Reading(None, Code.DATE_UNREADABLE)
    return Reading(value, None if text.strip() == write_date(value) else Code.DATE_NORMALISED)


def _timestamp(text: str) -> Reading:
    value = read_timestamp(text)
    if value is None:
        return Reading(None, Code.DATE_UNREADABLE)
    return Reading(value, None if text.strip() == write_timestamp(value) else Code.DATE_NORMALISED)


def _status_code(text: str) -> Reading:
    code = text.strip()
    if len(code) == 1 and code.isascii() and code.isdigit():
        return Reading("0" + code, Code.STATUS_CODE_PADDED)
    return _identifier(text)


def _write_number(value: int) -> str:
    return str(int(value))


def _write_truth(value: object) -> str:
    return "true" if value else "false"


TEXT = Kind(_text, str)
IDENTIFIER = Kind(_identifier, str)
ORGAN_ID = Kind(_organ_id, str)
INTEGER = Kind(_integer, _write_number)
AMOUNT = Kind(_within(0, None), _write_number)
PRIORITY = Kind(_within(0, _MAX_PRIORITY), _write_number)
DETAIL = Kind(_detail, _write_number)
FLAG = Kind(_flag, _write_number)
TRUTH = Kind(_truth, _write_truth)
BUSINESS_KIND = Kind(_business_kind, _write_number)
DATE = Kind(_date, write_date)
TIMESTAMP = Kind(_timestamp, write_timestamp)
STATUS_CODE = Kind(_status_code, str)
