"""Working time (giờ làm việc): what passes of the office hours of working days between two moments.

Leaders judge how long a step took by the hours in which somebody could work: a document that arrives on the eve of
Tết has waited for nothing yet when the office opens again. Which days are working days is passed in; this module
knows no calendar of its own. Days and hours are those of Viet Nam (QD28 Art. 12).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
EARLIEST = date(2000, 1, 1)
"""Nobody exchanged electronic documents before; a time of peers that lies before is a defect of their clock."""
LATEST = date(2100, 1, 1)
_DAY = timedelta(days=1)
_LONGEST_REST = 60
"""Days in which a working day must come; a bound against a calendar that has none."""

IsWorkingDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Shift:
    """Office hours without a break: from, and until."""

    start: time
    end: time


class WorkingCalendar:
    """Working days and office hours of one place.

    A year is counted once, when somebody asks for it; afterwards a stretch of any length costs two look-ups.
    """

    def __init__(self, is_working_day: IsWorkingDay, shifts: Sequence[Shift]) -> None:
        """Takes the days from a function, the hours from shifts that follow each other."""
        self._is_working_day = is_working_day
        self._shifts = tuple(shifts)
        self._day_length = _between(self._shifts, time.min, None)
        self._years: dict[int, tuple[int, ...]] = {}

    def measure(self, start: datetime, end: datetime) -> timedelta:
        """Give the working time between two moments; nothing when the second is not later.

        Args:
            start: Aware.
            end: Aware.
        """
        begin, until = _clamped(start), _clamped(end)
        if until <= begin:
            return timedelta(0)
        if begin.date() == until.date():
            return self._part(begin.date(), begin.time(), until.time())
        whole = self._days_between(begin.date() + _DAY, until.date())
        first = self._part(begin.date(), begin.time(), None)
        return first + whole * self._day_length + self._part(until.date(), time.min, until.time())

    def next_working_day(self, day: date) -> date:
        """Give the first working day after a day; the day after it when the calendar has none for long."""
        later = (day + timedelta(days=number) for number in range(1, _LONGEST_REST))
        return next((one for one in later if self._is_working_day(one)), day + _DAY)

    def submission_due(self, arrived: datetime, *, urgent: bool) -> datetime:
        """Tell until when what arrived is registered and submitted to the leader (ND30 Art. 4(2)(c), 23).

        On the day itself, at the latest on the next working day; what is urgent is submitted at once, so at the latest
        on the day itself. The whole day counts, as it does for the deadline of a document.

        Returns:
            The last microsecond of that day in Viet Nam.
        """
        day = _clamped(arrived).date()
        last = day if urgent else self.next_working_day(day)
        return (datetime.combine(last + _DAY, time.min, VIETNAM) - timedelta(microseconds=1)).astimezone(UTC)

    def _part(self, day: date, start: time, end: time | None) -> timedelta:
        return _between(self._shifts, start, end) if self._is_working_day(day) else timedelta(0)

    def _days_between(self, first: date, until: date) -> int:
        """Count working days from the first day on until a day, which itself does not count."""
        years = sum(self._year(number)[-1] for number in range(first.year, until.year))
        return years + self._days_of_year(until) - self._days_of_year(first)

    def _days_of_year(self, day: date) -> int:
        return self._year(day.year)[(day - date(day.year, 1, 1)).days]

    def _year(self, number: int) -> tuple[int, ...]:
        """Give, for each day of a year and for its end, how many working days of it have passed."""
        found = self._years.get(number)
        if found is None:
            first = date(number, 1, 1)
            counts = [0]
            for offset in range((date(number + 1, 1, 1) - first).days):
                counts.append(counts[-1] + self._is_working_day(first + timedelta(days=offset)))
            found = self._years[number] = tuple(counts)
        return found


def _between(shifts: Sequence[Shift], start: time, end: time | None) -> timedelta:
    """Add up what lies of the office hours between two times of one day; None is the end of the day."""
    total = timedelta(0)
    for shift in shifts:
        begin = max(shift.start, start)
        until = shift.end if end is None else min(shift.end, end)
        if until > begin:
            total += datetime.combine(EARLIEST, until) - datetime.combine(EARLIEST, begin)
    return total


def _clamped(moment: datetime) -> datetime:
    """Put a moment on the clock of Viet Nam, within the years that calendars know."""
    lower = datetime.combine(EARLIEST, time.min, VIETNAM)
    upper = datetime.combine(LATEST - _DAY, time.max, VIETNAM)
    return min(max(moment, lower), upper).astimezone(VIETNAM)
