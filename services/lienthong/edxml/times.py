"""Dates and times of the format, in every spelling met in practice.

Canonical are `yyyy/MM/dd` and `yyyy/MM/dd HH:mm:ss`, local time without a zone. Accepted besides:
`dd/MM/yyyy` (known by a third part of four digits), `yyyy-MM-dd`, ISO 8601, and a date with a time, which is
cut. A time that names its zone is brought to +07:00 first: writers that save local midnight in UTC would
lose a day otherwise. A date alone with a zone (`xs:date` of XML Schema) is the day it says.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

from lienthong.edxml.model import VIETNAM_TIME

_DAY = r"(?:(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})|"
_DAY_FIRST = r"(?P<d2>[0-9]{1,2})[-/.](?P<m2>[0-9]{1,2})[-/.](?P<y2>[0-9]{4})|"
_BASIC = r"(?P<y3>[0-9]{4})(?P<m3>[0-9]{2})(?P<d3>[0-9]{2}))"
_CLOCK = r"(?:[T ]\s*(?P<hh>[0-9]{1,2}):(?P<mm>[0-9]{2})(?::(?P<ss>[0-9]{2})(?:[.,][0-9]{1,9})?)?"
_ZONE = r"\s*(?P<z>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?|Z|[+-][0-9]{2}:[0-9]{2})?"
_ANY = re.compile(_DAY + _DAY_FIRST + _BASIC + _CLOCK + _ZONE)
# What a mis-read dd/MM/yyyy turns into (year 0011, 0036) is no date of a document.
YEARS = range(1900, 2200)


def read_date(text: str) -> date | None:
    """The date in a text of any accepted spelling; None for others and for impossible ones (30 February)."""
    moment = read_timestamp(text)
    return moment.date() if moment else None


def read_timestamp(text: str) -> datetime | None:
    """The moment in a text of any accepted spelling, in +07:00; a date alone is its midnight."""
    match = _ANY.fullmatch(text.strip())
    if match is None:
        return None
    parts = match.groupdict()
    try:
        moment = datetime.combine(_day(parts), _clock(parts), _zone(parts["z"])).astimezone(VIETNAM_TIME)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in YEARS else None


def write_date(value: date) -> str:
    """The canonical text of a date."""
    return f"{value.year:04}/{value.month:02}/{value.day:02}"


def write_timestamp(value: datetime) -> str:
    """The canonical text of a moment: time of Viet Nam, whole seconds; a naive one is taken as local."""
    local = value.astimezone(VIETNAM_TIME) if value.tzinfo else value
    return f"{write_date(local)} {local.hour:02}:{local.minute:02}:{local.second:02}"


def _day(parts: dict[str, str | None]) -> date:
    year, month, day = (parts[name] or parts[name + "2"] or parts[name + "3"] or "0" for name in "ymd")
    return date(int(year), int(month), int(day))


def _clock(parts: dict[str, str | None]) -> time:
    return time(int(parts["hh"] or 0), int(parts["mm"] or 0), int(parts["ss"] or 0))


def _zone(text: str | None) -> timezone:
    if text is None:
        return VIETNAM_TIME
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[3:].removeprefix(":") or 0)))
