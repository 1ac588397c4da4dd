"""The one error type of the house.

::

    Exception
    └── AxisError          code, reason, message, metadata, violations, retry_after

An `AxisError` crosses the wire as `google.rpc.Status` with one `ErrorInfo` (reason, domain, metadata), a `BadRequest`
when fields or elements are to blame, and a `RetryInfo` when trying again can help (AIP-193).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

DOMAIN = "lienthong.gov.vn"
"""Domain of the reasons in `ErrorInfo`."""


class Code(Enum):
    """Canonical codes, by the numbers of `google.rpc.Code`."""

    CANCELLED = 1
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


FOUND_SHOWN = 60
"""Characters of what was found that a sentence repeats; the rest stands in the violation."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong in a request.

    Attributes:
        field: Path of the field or of the element.
        reason: Stable upper-snake name.
        rule: The rule that is broken.
        remedy: What to do about it.
        found: What was found, shortened.
        line: Line in a file, from 1; 0 when not from a file.
        column: Column in a file, from 1; 0 when not from a file.
    """

    field: str
    reason: str
    rule: str
    remedy: str = ""
    found: str = ""
    line: int = 0
    column: int = 0

    def text(self) -> str:
        """Says it in one line."""
        place = f"line {self.line}, column {self.column}" if self.line else ""
        where = f"{self.field} ({place})" if self.field and place else self.field or place
        found = f"; found {self.found[:FOUND_SHOWN]!r}" if self.found else ""
        remedy = f" {self.remedy.rstrip('.')}." if self.remedy else ""
        return f"{where}: {self.rule}{found}.{remedy}"


@dataclass(eq=False)
class AxisError(Exception):
    """Something that a caller can be told.

    Attributes:
        code: Canonical code.
        reason: Stable upper-snake name; a list stands in the reference of error reasons.
        message: The thing, the rule and the remedy, in one sentence or two.
        metadata: More facts, as text.
        violations: What is wrong in the request, all at once.
        retry_after: When trying again can help.
    """

    code: Code
    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: Sequence[Violation] = ()
    retry_after: timedelta | None = None

    def __str__(self) -> str:
        """Says it for logs."""
        return f"{self.code.name} {self.reason}: {self.message}"


def cause_of(error: AxisError) -> str:
    """Gives what the driver of a database said, for operators: callers are told of a wrong password as of an outage."""
    said = getattr(error.__cause__, "orig", None)
    lines = str(said or error.message).splitlines()
    # Each of several servers is told in a line of its own; behind an answer stand values of rows.
    return "; ".join(lines[:1] if getattr(said, "sqlstate", None) else lines)


def invalid(reason: str, message: str, *violations: Violation, **metadata: str) -> AxisError:
    """Makes an INVALID_ARGUMENT."""
    return AxisError(Code.INVALID_ARGUMENT, reason, message, metadata, violations)


def not_found(resource: str) -> AxisError:
    """Makes the NOT_FOUND that does not tell a foreign resource from an absent one."""
    return AxisError(
        Code.NOT_FOUND,
        "RESOURCE_NOT_FOUND",
        f"{resource or 'What has no name'} does not exist or is not yours. Check the name, and for whom you act.",
        {"resource": resource},
    )


def precondition(reason: str, message: str, **metadata: str) -> AxisError:
    """Makes a FAILED_PRECONDITION."""
    return AxisError(Code.FAILED_PRECONDITION, reason, message, metadata)


def unavailable(reason: str, message: str, retry_after: timedelta, **metadata: str) -> AxisError:
    """Makes an UNAVAILABLE that says when to try again."""
    return AxisError(Code.UNAVAILABLE, reason, message, metadata, retry_after=retry_after)


def exhausted(reason: str, message: str, retry_after: timedelta | None = None, **metadata: str) -> AxisError:
    """Makes a RESOURCE_EXHAUSTED."""
    return AxisError(Code.RESOURCE_EXHAUSTED, reason, message, metadata, retry_after=retry_after)


def storage_full(what: str) -> AxisError:
    """Makes a RESOURCE_EXHAUSTED of an engine that has no room for something, whichever engine it is."""
    text = f"The axis has no room to store {what}. Reading goes on; try again later."
    return exhausted("STORAGE_FULL", text, timedelta(seconds=30))
