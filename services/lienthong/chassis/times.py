"""Times as they are stored, sent and written: microseconds since 1970 in databases, `Timestamp` on the wire."""

from datetime import UTC, date, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from lienthong.chassis.errors import Violation, invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CALENDAR = (-62_135_596_800 + 86_400, 253_402_300_799 - 7 * 3600)
"""Seconds of the years 1 to 9999: a `Timestamp` has no others. At the edges one is shown in Viet Nam's time too, where
its day begins as much as a day earlier."""
_NANOS = 1_000_000_000


def to_micros(moment: datetime) -> int:
    """Turns an aware time into microseconds since 1970, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Turns microseconds since 1970 into an aware time in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def to_timestamp(moment: datetime | int | None) -> Timestamp | None:
    """Turns a time, or microseconds since 1970, into the message; None stays absent."""
    if moment is None:
        return None
    micros = moment if isinstance(moment, int) else to_micros(moment)
    return Timestamp(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1000)


def from_timestamp(message: Timestamp) -> datetime:
    """Turns a message into an aware time in UTC."""
    return _EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)


def timestamp_micros(message: Timestamp) -> int:
    """Turns a message into microseconds since 1970."""
    return message.seconds * 1_000_000 + message.nanos // 1000


def on_calendar(message: Timestamp) -> bool:
    """Tells whether a time that somebody sent lies in the years 1 to 9999, in UTC and in Viet Nam."""
    return _CALENDAR[0] <= message.seconds <= _CALENDAR[1] and 0 <= message.nanos < _NANOS


def insist_on_calendar(field: str, message: Timestamp) -> None:
    """Refuses a time that `on_calendar` does not hold for.

    Raises:
        AxisError: INVALID_ARGUMENT that names the field.
    """
    if not on_calendar(message):
        rule = "a time lies in the years 1 to 9999, after their first day, and has nanos from 0 to 999,999,999"
        remedy = "Send seconds since 1970 in UTC."
        raise invalid("TIME_INVALID", f"{field}: {rule}. {remedy}", Violation(field, "TIME_INVALID", rule, remedy))


def to_duration(length: timedelta) -> Duration:
    """Turns a length of time into the message."""
    micros = length // _MICROSECOND
    return Duration(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1000)


def from_duration(message: Duration) -> timedelta:
    """Turns a message into a length of time."""
    return timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)


def duration_micros(message: Duration) -> int:
    """Turns a message into microseconds, however long it is."""
    return message.seconds * 1_000_000 + message.nanos // 1000


def to_date(day: date | None) -> Date | None:
    """Turns a day into the message; None stays absent."""
    return None if day is None else Date(year=day.year, month=day.month, day=day.day)


def from_date(message: Date) -> date | None:
    """Turns a message into a day; None when it is not set.

    Raises:
        ValueError: There is no such day.
    """
    if not (message.year or message.month or message.day):
        return None
    return date(message.year, message.month, message.day)
