"""Working days of Viet Nam: the library's public holidays, corrected by a file of the operator.

Tết moves with the moon, days off are exchanged for Saturdays by a decision of each year, and what is decided late is in
no library: the file names such days.
"""

from collections.abc import Callable
from datetime import date
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Annotated, Protocol

import holidays
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from lienthong.workflow.domain.calendar import Shift, WorkingCalendar

FILE_BYTES = 1_048_576

_VIETNAM = Path(holidays.__file__).parent / "countries" / "vietnam.py"


class PublicHolidays(Protocol):
    """Public holidays of a country, and the days exchanged for them."""

    def is_working_day(self, day: date, /) -> bool:
        """Tells whether people work on a day."""
        ...


def _day(value: object) -> object:
    # YAML makes a date of 2027-02-13 by itself, and a date with a time of what carries one: that is no day.
    if type(value) is date:
        return value
    raise ValueError("a day is written YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_day)]


class CalendarFile(BaseModel):
    """What the file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    working: frozenset[Day] = Field(frozenset(), description="Days worked although they would be free.")
    resting: frozenset[Day] = Field(frozenset(), description="Days off although they would be worked.")


def read_calendar_file(file: Path) -> CalendarFile:
    """Reads the days of an operator.

    Raises:
        ValueError: It cannot be read, or says something else than two lists of days, or one day in both.
    """
    try:
        found = TypeAdapter(CalendarFile).validate_python(_content(file))
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ValueError(f"{file} holds `working` and `resting`, lists of days such as 2027-02-13: {places}") from error
    both = sorted(found.working & found.resting)
    if both:
        raise ValueError(f"{file} names {both[0]} as working and as resting")
    return found


def _content(file: Path) -> object:
    try:
        with file.open("rb") as stream:
            text = stream.read(FILE_BYTES + 1)
        if len(text) <= FILE_BYTES:
            return yaml.safe_load(text) or {}
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:  # a day that does not exist is a ValueError of the YAML reader
        raise ValueError(f"{file} is not YAML, or names a day that does not exist: {error}") from error
    raise ValueError(f"{file} is longer than {FILE_BYTES} bytes")


def vietnam_calendar(shifts: tuple[Shift, ...], file: Path | None) -> WorkingCalendar:
    """Makes the calendar: the operator's file first, then weekends, public holidays and the days exchanged for them.

    Raises:
        ValueError: The file cannot be used.
    """
    own = CalendarFile() if file is None else read_calendar_file(file)
    return WorkingCalendar(_working_days(own), shifts)


def _working_days(own: CalendarFile) -> Callable[[date], bool]:
    public = _public_holidays()

    def works(day: date) -> bool:
        if day in own.working:
            return True
        return day not in own.resting and public.is_working_day(day)

    return works


def _public_holidays() -> PublicHolidays:
    """Loads the library's module of Viet Nam alone, by its file.

    The library itself imports those of all countries before it: 0.15 s of each start, and 9 MB of each process.
    """
    loader = SourceFileLoader("holidays.countries.vietnam", str(_VIETNAM))
    module = ModuleType(loader.name)
    loader.exec_module(module)
    public: PublicHolidays = module.Vietnam()
    return public
