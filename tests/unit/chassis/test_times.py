"""Times, lengths and days: exact through every form."""

from datetime import UTC, date, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st

from lienthong.chassis import times

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds


@given(MOMENTS)
def test_times_round_trip(moment: datetime) -> None:
    """Times are exact to the microsecond through every form."""
    micros = times.to_micros(moment)
    assert times.from_micros(micros) == moment
    message = times.to_timestamp(moment)
    assert isinstance(message, Timestamp)
    assert times.from_timestamp(message) == moment
    assert times.timestamp_micros(message) == micros
    assert times.to_timestamp(micros) == message


@given(st.timedeltas(timedelta(0), timedelta(days=10_000)))
def test_lengths_round_trip(length: timedelta) -> None:
    """Lengths of time are exact to the microsecond."""
    assert times.from_duration(times.to_duration(length)) == length


@given(st.dates())
def test_days_round_trip(day: date) -> None:
    """Days are days, without any zone."""
    message = times.to_date(day)
    assert message is not None
    assert times.from_date(message) == day


def test_days_that_are_none() -> None:
    """An absent day stays absent; one that does not exist is refused."""
    assert times.to_date(None) is None
    assert times.to_timestamp(None) is None
    assert times.from_date(Date()) is None
    with pytest.raises(ValueError, match="day"):
        times.from_date(Date(year=2026, month=2, day=30))
