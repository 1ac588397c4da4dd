"""Gathers the findings, problems and unread elements of one reading, within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lienthong.edxml.findings import Code, EdxmlError, Finding, Problem, Reason
from lienthong.edxml.problems import cut, cut_path, problem

if TYPE_CHECKING:
    from lienthong.edxml.limits import Limits


@dataclass(frozen=True, slots=True)
class Unread:
    """An element the codec has no place for, and its text; it is not carried on."""

    path: str
    text: str


class Report:
    """What a reading has to say, in the order of the file."""

    def __init__(self, limits: Limits) -> None:
        self._bound = limits.findings
        self._once: set[tuple[Code, str]] = set()
        self.findings: list[Finding] = []
        self.problems: list[Problem] = []
        self.unread: list[Unread] = []

    @property
    def closed(self) -> bool:
        """Whether no finding is added any more."""
        return len(self.findings) > self._bound

    @property
    def full(self) -> bool:
        """Whether nothing more is noted of an element without a place: nobody needs to work out where it stands."""
        return self.closed and len(self.unread) >= self._bound

    def find(self, code: Code, path: str, found: str = "", taken: str = "") -> None:
        """Add a finding; beyond the bound one FINDINGS_CUT stands for the rest."""
        if len(self.findings) < self._bound:
            self.findings.append(Finding(code, cut_path(path), cut(found), cut(taken)))
        elif len(self.findings) == self._bound:
            self.findings.append(Finding(Code.FINDINGS_CUT, "", taken=str(self._bound)))

    def find_once(self, code: Code, path: str, found: str, taken: str = "") -> None:
        """Add a finding unless the same code was reported with the same text."""
        if self.closed:
            return
        once = (code, cut_path(found))
        if once not in self._once:
            self._once.add(once)
            self.find(code, path, found, taken)

    def refuse(
        self, reason: Reason, path: str, place: tuple[int, int] = (0, 0), found: str = "", rule: str = ""
    ) -> None:
        """Add a problem; `settle` raises it together with the others."""
        if len(self.problems) < self._bound:
            self.problems.append(problem(reason, path, place, found=found, rule=rule))

    def skip(self, path: str, text: str) -> None:
        """Note an element that has no place in the model."""
        self.find_once(Code.ELEMENT_UNKNOWN, path, path)
        if len(self.unread) < self._bound:
            self.unread.append(Unread(cut_path(path), text))

    def settle(self) -> None:
        """Raise what was gathered.

        Raises:
            EdxmlError: there are problems.
        """
        if self.problems:
            raise EdxmlError(tuple(self.problems))
