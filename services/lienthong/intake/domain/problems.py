"""Why a document is refused: everything at once, each with path, rule and remedy."""

from dataclasses import dataclass

from lienthong import edxml


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse a document.

    Attributes:
        reason: Stable upper-snake name.
        path: Element or field.
        rule: The rule that is broken.
        remedy: What to do about it.
        found: What was found.
        line: Line in a file, from 1; 0 when not from a file.
        column: Column in a file, from 1; 0 when not from a file.
    """

    reason: str
    path: str
    rule: str
    remedy: str = ""
    found: str = ""
    line: int = 0
    column: int = 0


def from_codec(problem: edxml.Problem) -> Problem:
    """Takes a problem of the codec over."""
    return Problem(
        str(problem.reason),
        problem.path,
        problem.rule,
        problem.remedy,
        problem.found,
        problem.line,
        problem.column,
    )
