"""Settings of workflow."""

import re
from datetime import time
from itertools import pairwise
from pathlib import Path

from pydantic import Field, field_validator

from lienthong.chassis.config import Section
from lienthong.workflow.domain.calendar import Shift
from lienthong.workflow.working_days import read_calendar_file

_SHIFT = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


def shifts_of(hours: tuple[str, ...]) -> tuple[Shift, ...]:
    """Reads office hours.

    Raises:
        ValueError: They are none, or do not follow each other.
    """
    shifts = []
    for text in hours:
        found = _SHIFT.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is not written HH:MM-HH:MM, such as 07:30-11:30")
        one, two, three, four = map(int, found.groups())
        shifts.append(Shift(time(one, two), time(three, four)))
    if not shifts or any(shift.start >= shift.end for shift in shifts):
        raise ValueError("office hours begin before they end, and there are some")
    if any(before.end > after.start for before, after in pairwise(shifts)):
        raise ValueError("office hours follow each other and do not overlap")
    return tuple(shifts)


class WorkflowSection(Section):
    """Statuses, tasks and progress."""

    unmatched_seconds: float = Field(
        60.0, ge=0, le=86_400, description="Seconds after which a status without a delivery is listed as unmatched."
    )
    unmatched_per_agency: int = Field(
        10_000, ge=1, le=1_000_000, description="Statuses without a delivery that are kept for one agency, at most."
    )
    statuses_per_call: int = Field(100, ge=1, le=100, description="Statuses of one call, edXML ones included.")
    recalls_per_call: int = Field(
        10, ge=1, le=100, description="Statuses 13 by DocumentId of one call; each may concern 2,000 recipients."
    )
    edxml_bytes: int = Field(
        1_048_576, ge=1024, le=4_194_304, description="Length of one edXML status message in bytes, at most."
    )
    text_characters: int = Field(
        4000, ge=100, le=100_000, description="Characters of a free text: description, instruction, result."
    )
    open_tasks_per_delivery: int = Field(
        500, ge=1, le=10_000, description="Open tasks of one delivery at once, at most."
    )
    office_hours: tuple[str, ...] = Field(
        ("07:30-11:30", "13:30-17:30"),
        description="Office hours in Viet Nam's time, in order, each `HH:MM-HH:MM`: working time passes only in them.",
    )
    calendar_file: Path | None = Field(
        None,
        description="YAML file of days that differ from weekends and public holidays: lists `working` (make-up days) "
        "and `resting` (days off), each day as `YYYY-MM-DD`.",
    )
    statistics_deliveries: int = Field(
        20_000, ge=1, le=1_000_000, description="Deliveries that one statistics call reads, at most."
    )
    count_seconds: float = Field(
        30.0,
        ge=0.02,
        le=3600,
        description="Pause between two counts of the deliveries that still owe something, in seconds: "
        "`lienthong_deliveries` is as old at most.",
    )

    @field_validator("office_hours")
    @classmethod
    def _hours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        shifts_of(value)
        return value

    @field_validator("calendar_file")
    @classmethod
    def _days(cls, value: Path | None) -> Path | None:
        if value is not None:
            read_calendar_file(value)
        return value
