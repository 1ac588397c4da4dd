"""Days and times as people type them, in Viet Nam wherever the machine stands."""

from contextlib import suppress
from datetime import date, datetime, time

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from lienthong.chassis.clock import VIETNAM
from lienthong.chassis.times import to_timestamp


def day_of(text: str) -> date:
    """Reads a day as people write it here: 2027-02-13 or 13/02/2027.

    Raises:
        typer.BadParameter: It is none.
    """
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        with suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=VIETNAM).date()
    raise typer.BadParameter(f"{text!r} is no day; write 2027-02-13 or 13/02/2027")


def time_of(text: str) -> datetime:
    """Reads a time as people write it here: 2027-02-13T08:30, 13/02/2027 08:30, or a day.

    Raises:
        typer.BadParameter: It is none.
    """
    with suppress(ValueError):
        return datetime.fromisoformat(text)
    for form in ("%d/%m/%Y %H:%M", "%d/%m/%Y"):
        with suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=VIETNAM)
    raise typer.BadParameter(f"{text!r} is no time; write 2027-02-13, 2027-02-13T08:30 or 13/02/2027 08:30")


def stamp(moment: datetime | None) -> Timestamp | None:
    """Makes a time of what was typed: without a zone it is of Viet Nam, wherever the machine stands."""
    return None if moment is None else to_timestamp(moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM))


def deadline(moment: datetime | None) -> Timestamp | None:
    """Makes a deadline of what was typed: a day without a time ends with its last second."""
    if moment is not None and moment.time() == time.min:
        moment = datetime.combine(moment, time(23, 59, 59), moment.tzinfo)
    return stamp(moment)
