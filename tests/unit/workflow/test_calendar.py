"""Working time: office hours of working days, with Tết, exchanged days and what an operator adds."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.fresh import told_by

from lienthong.workflow.config import WorkflowSection, shifts_of
from lienthong.workflow.domain import Shift, WorkingCalendar
from lienthong.workflow.domain.calendar import VIETNAM
from lienthong.workflow.working_days import vietnam_calendar

SHIFTS = (Shift(time(7, 30), time(11, 30)), Shift(time(13, 30), time(17, 30)))
OFFICE = vietnam_calendar(SHIFTS, None)
LOOK = """
import sys
from lienthong.workflow.working_days import vietnam_calendar

vietnam_calendar((), None)
print([name for name in sys.modules if name.startswith("holidays.countries")])
"""


def at(text: str) -> datetime:
    """A moment in Viet Nam, as `2027-02-03 10:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM).astimezone(UTC)


def hours(number: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("start", "end", "worked"),
    [
        ("2026-11-25 08:00", "2026-11-25 10:00", 2),
        ("2026-11-25 10:00", "2026-11-25 14:30", 2.5),  # over the noon break
        ("2026-11-25 18:00", "2026-11-26 07:00", 0),  # a night
        ("2026-11-25 16:30", "2026-11-26 08:30", 2),
        ("2026-11-27 16:30", "2026-11-30 08:30", 2),  # a weekend
        ("2026-11-23 16:30", "2026-11-25 08:30", 2),  # 24 November is a public holiday from 2026 on
        ("2027-02-03 16:30", "2027-02-11 08:30", 2),  # Tết Đinh Mùi: a week and a half of rest
        ("2027-02-03 07:30", "2027-02-12 17:30", 24),
        ("2026-02-13 16:30", "2026-02-23 08:30", 2),  # Tết Bính Ngọ: another time of the year
        ("2026-08-21 17:30", "2026-08-22 17:30", 8),  # a Saturday worked for the Monday before National Day
        ("2026-08-31 07:30", "2026-08-31 17:30", 0),  # that Monday
        ("2025-01-01 00:00", "2026-01-01 00:00", 250 * 8),  # 261 weekdays, 12 free, one Saturday worked
    ],
)
def test_office_hours_of_viet_nam(start: str, end: str, worked: float) -> None:
    """Nights, weekends, public holidays and Tết pass for nobody; a Saturday that was exchanged counts."""
    assert OFFICE.measure(at(start), at(end)) == hours(worked)


def test_days_are_those_of_the_library() -> None:
    """Each day of thirty years is worked, or free, as the library says of Viet Nam."""
    known = holidays.country_holidays("VN")
    days = [date(2015, 1, 1) + timedelta(days=number) for number in range(30 * 365)]
    assert [day for day in days if OFFICE._is_working_day(day) != known.is_working_day(day)] == []


def test_no_other_country_is_loaded() -> None:
    """The calendar costs a start neither the time nor the memory of 250 countries."""
    assert told_by(LOOK) == "[]"


def test_time_does_not_run_backwards() -> None:
    """The same moment, or an earlier one, is no time at all."""
    assert OFFICE.measure(at("2026-11-25 10:00"), at("2026-11-25 10:00")) == timedelta(0)
    assert OFFICE.measure(at("2026-11-25 10:00"), at("2026-11-24 10:00")) == timedelta(0)


def test_foolish_times_are_bounded() -> None:
    """A peer's year 0011 costs no thousand years of calendar and gives no thousand years of work."""
    foolish = datetime(11, 1, 1, tzinfo=UTC)
    known = datetime(2000, 1, 1, tzinfo=VIETNAM)
    now = at("2026-11-25 10:00")
    assert OFFICE.measure(foolish, now) == OFFICE.measure(known, now)
    assert OFFICE.measure(now, datetime(9999, 12, 31, tzinfo=UTC)) < timedelta(days=366 * 75)


@given(
    st.integers(0, 210 * 24 * 60 * 60),
    st.timedeltas(timedelta(0), timedelta(days=40)),
    st.timedeltas(timedelta(0), timedelta(days=40)),
)
def test_stretches_add_up(begin: int, one: timedelta, two: timedelta) -> None:
    """Whatever the moment between: the parts are the whole, and no part exceeds the clock."""
    start = at("2026-08-01 00:00") + timedelta(seconds=begin)
    middle, end = start + one, start + one + two
    assert OFFICE.measure(start, middle) + OFFICE.measure(middle, end) == OFFICE.measure(start, end)
    assert timedelta(0) <= OFFICE.measure(start, middle) <= one


@given(st.integers(0, 60 * 24 * 25), st.integers(0, 60 * 24 * 14))
def test_counting_days_is_like_counting_minutes(begin: int, minutes: int) -> None:
    """Two look-ups give what a look at every minute gives."""
    start = datetime(2027, 1, 25, tzinfo=VIETNAM) + timedelta(minutes=begin)
    free = {date(2027, 2, day) for day in range(4, 11)}

    def works(day: date) -> bool:
        return day.weekday() < 5 and day not in free

    def open_at(moment: datetime) -> bool:
        return works(moment.date()) and any(shift.start <= moment.time() < shift.end for shift in SHIFTS)

    counted = sum(open_at(start + timedelta(minutes=one)) for one in range(minutes))
    measured = WorkingCalendar(works, SHIFTS).measure(start, start + timedelta(minutes=minutes))
    assert measured == timedelta(minutes=counted)


@pytest.mark.parametrize(
    ("arrived", "urgent", "due"),
    [
        ("2026-11-25 09:00", False, "2026-11-26"),
        ("2026-11-25 09:00", True, "2026-11-25"),
        ("2026-11-27 16:59", False, "2026-11-30"),
        ("2027-02-03 16:59", False, "2027-02-11"),
        ("2027-02-06 09:00", True, "2027-02-06"),
    ],
)
def test_submission_is_due_on_the_next_working_day(arrived: str, due: str, *, urgent: bool) -> None:
    """ND30 Art. 4(2)(c): within the day, at the latest the next working day; at once when it is urgent."""
    found = OFFICE.submission_due(at(arrived), urgent=urgent)
    assert found == at(f"{due} 23:59") + timedelta(minutes=1) - timedelta(microseconds=1)


def test_a_calendar_without_working_days_still_answers() -> None:
    """Nobody loops for ever because a file made every day a day off."""
    idle = WorkingCalendar(lambda _day: False, SHIFTS)
    assert idle.next_working_day(date(2026, 11, 25)) == date(2026, 11, 26)
    assert idle.measure(at("2026-01-01 00:00"), at("2026-12-31 00:00")) == timedelta(0)


def test_days_of_the_operator_win(tmp_path: Path) -> None:
    """A make-up Saturday counts, a day off does not, whatever the library knows."""
    file = tmp_path / "days.yaml"
    file.write_text("working: [2027-02-13, 2027-02-09]\nresting:\n  - 2027-02-12\n", "utf-8")
    own = vietnam_calendar(SHIFTS, file)
    assert own.measure(at("2027-02-13 00:00"), at("2027-02-14 00:00")) == hours(8)
    assert own.measure(at("2027-02-09 00:00"), at("2027-02-10 00:00")) == hours(8)
    assert own.measure(at("2027-02-12 00:00"), at("2027-02-13 00:00")) == timedelta(0)
    assert own.next_working_day(date(2027, 2, 11)) == date(2027, 2, 13)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("working: [2027-02-30]", "day that does not exist"),
        ("working: [2027-02-13 08:00:00]", "YYYY-MM-DD"),
        ("working: [Tết]", "YYYY-MM-DD"),
        ("worked: [2027-02-13]", "worked"),
        ("working: [2027-02-13]\nresting: [2027-02-13]", "as working and as resting"),
        ("- 2027-02-13", "lists of days"),
        ("{", "is not YAML"),
    ],
)
def test_wrong_calendar_files_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """The refusal names the file and what is wrong with it; nothing is guessed."""
    file = tmp_path / "days.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ValidationError, match=said) as caught:
        WorkflowSection(calendar_file=file)
    assert str(file) in str(caught.value)


def test_a_missing_calendar_file_is_refused(tmp_path: Path) -> None:
    """A file that was named and is not there is no empty file."""
    with pytest.raises(ValidationError, match="cannot be read"):
        WorkflowSection(calendar_file=tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    "hours",
    [
        (),
        ("7:30-11:30",),
        ("07:30",),
        ("11:30-07:30",),
        ("07:30-11:30", "11:00-12:00"),
        ("25:00-26:00",),
        ("13:00-14:00", "08:00-09:00"),
    ],
)
def test_wrong_office_hours_are_refused(hours: tuple[str, ...]) -> None:
    """Office hours are times of a day, in order, without overlap; none at all would stop every clock."""
    with pytest.raises(ValidationError):
        WorkflowSection(office_hours=hours)
    assert shifts_of(("07:30-11:30", "11:30-17:00"))[1] == Shift(time(11, 30), time(17))
