"""Codes of agencies over time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from lienthong.routing.storage.tables import agency_codes

ALWAYS = -(2**62)
WITHOUT_END = 2**62


@dataclass(frozen=True, slots=True)
class CodePeriod:
    """A code and when it is in force, microseconds since 1970, the end exclusive."""

    code: str
    starts: int = ALWAYS
    ends: int = WITHOUT_END


@dataclass(frozen=True, slots=True)
class Holder:
    """Another agency that has a code, and until when, microseconds since 1970."""

    agency: str
    ends: int


def clash(connection: Connection, agency: str, wanted: CodePeriod) -> Holder | None:
    """Gives another agency for which a code is in force within a period, the last one; None when there is none."""
    found = select(agency_codes.c.agency, agency_codes.c.ends).where(
        agency_codes.c.code == wanted.code,
        agency_codes.c.agency != agency,
        agency_codes.c.starts < wanted.ends,
        agency_codes.c.ends > wanted.starts,
    )
    row = connection.execute(found.order_by(agency_codes.c.ends.desc()).limit(1)).one_or_none()
    return None if row is None else Holder(row.agency, row.ends)


def replace_codes(connection: Connection, agency: str, periods: Sequence[CodePeriod]) -> None:
    """Writes all codes of an agency anew."""
    connection.execute(delete(agency_codes).where(agency_codes.c.agency == agency))
    rows = {
        (period.code, period.starts): {
            "code": period.code,
            "agency": agency,
            "starts": period.starts,
            "ends": period.ends,
        }
        for period in periods
        if period.starts < period.ends
    }
    if rows:
        connection.execute(agency_codes.insert(), list(rows.values()))
