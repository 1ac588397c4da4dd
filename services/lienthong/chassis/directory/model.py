"""Agencies, systems, and who may act for whom at a given time. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from rapidfuzz import fuzz, process

OLD_STYLE = re.compile(r"[0-9A-Z]{3}\.[0-9A-Z]{2}\.[0-9A-Z]{2}\.[A-Z][0-9]{2}")
"""QCVN 102:2016: four groups, the lowest level first."""

NEW_STYLE = re.compile(r"[A-Z][0-9]{2}(\.[0-9A-Z]+)*")
"""Decision 20/2020: the highest level first, at most 35 characters."""

NEW_STYLE_LENGTH = 35
NEAREST = 3
"""Codes suggested for one that is not known."""

_HOPS = 16
_NEVER = datetime.max.replace(tzinfo=UTC)


class CodeStyle(Enum):
    """How an identifier code is built."""

    NEITHER = 0
    OLD = 1
    NEW = 2


class Role(Enum):
    """What a system may be used as."""

    AGENCY_SYSTEM = 1
    OPERATOR = 2
    SERVICE = 3


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` (inclusive) to `end` (exclusive); None is without bound."""

    start: datetime | None = None
    end: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Tells whether the period is in force at a time."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class AgencyCode:
    """A code and when it is in force."""

    code: str
    period: Period = Period()


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency (cơ quan) with its history."""

    id: str
    name: str
    codes: tuple[AgencyCode, ...]
    short_name: str = ""
    parent: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    retired: datetime | None = None
    successors: tuple[str, ...] = ()
    status_items_disabled: bool = False
    in_charge: str = ""
    address: str = ""
    version: int = 0

    def active(self, at: datetime) -> bool:
        """Tells whether the agency is in force at a time."""
        return self.retired is None or at < self.retired

    def begun(self, at: datetime) -> bool:
        """Tells whether one of its codes has begun by a time: who is registered ahead of its day is not there yet."""
        return any(_begun(own, at) for own in self.codes)

    def code(self, at: datetime, style: CodeStyle = CodeStyle.OLD) -> str:
        """Gives the code in force, of the wanted style where there is one; the last one of a retired agency."""
        current = [code.code for code in self.codes if code.period.covers(at)] or [code.code for code in self.codes]
        wanted = [code for code in current if style_of(code) is style]
        return (wanted or current or [""])[0]


@dataclass(frozen=True, slots=True)
class Grant:
    """That a system may act for an agency in a period."""

    agency: str
    period: Period = Period()


@dataclass(frozen=True, slots=True)
class System:
    """A system (phần mềm) that calls the axis."""

    id: str
    name: str
    role: Role
    grants: tuple[Grant, ...] = ()
    revoked: datetime | None = None
    revoked_certificates: frozenset[bytes] = frozenset()
    version: int = 0


class Match(Enum):
    """How a code led to an agency."""

    CODE = 1
    SUCCESSOR = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a code led to.

    Attributes:
        match: How.
        agency: The agency; None when unknown.
        nearest: Codes in force that are nearest to an unknown one, or of the successors where there are several.
    """

    match: Match
    agency: Agency | None = None
    nearest: tuple[str, ...] = ()


def style_of(code: str) -> CodeStyle:
    """Tells how a code is built."""
    if OLD_STYLE.fullmatch(code):
        return CodeStyle.OLD
    if len(code) <= NEW_STYLE_LENGTH and NEW_STYLE.fullmatch(code):
        return CodeStyle.NEW
    return CodeStyle.NEITHER


@dataclass(frozen=True)
class Directory:
    """All agencies and systems at one moment of knowledge; every question says for which time it is asked."""

    agencies: Mapping[str, Agency] = field(default_factory=dict)
    systems: Mapping[str, System] = field(default_factory=dict)
    by_code: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by_group: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    predecessors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def resolve(self, code: str, at: datetime, *, suggest: bool = True) -> Resolved:
        """Finds the agency that a code means at a time.

        A code in force wins; a former code leads to the agency that had it last. A retired agency leads to its
        successor when there is exactly one in the end. To `suggest` codes for one that is not known looks at all codes.
        """
        holder = self._holder(code, at)
        if holder is None:
            return Resolved(Match.UNKNOWN, nearest=self.nearest(code, at) if suggest else ())
        if holder.active(at):
            in_force = any(own.code == code and own.period.covers(at) for own in holder.codes)
            return Resolved(Match.CODE if in_force else Match.SUCCESSOR, holder)
        heirs = self.heirs(holder.id, at)
        if len(heirs) == 1:
            return Resolved(Match.SUCCESSOR, heirs[0])
        nearest = tuple(heir.code(at) for heir in heirs)
        return Resolved(Match.UNKNOWN, nearest=nearest or (self.nearest(code, at) if suggest else ()))

    def known(self, code: str, at: datetime) -> Agency | None:
        """Gives the agency that holds or held a code, retired or not."""
        return self._holder(code, at)

    def heirs(self, agency: str, at: datetime) -> tuple[Agency, ...]:
        """Gives the agencies in force that took over from one, itself when it is in force."""
        found: dict[str, Agency] = {}
        frontier, hops = [agency], 0
        while frontier and hops < _HOPS:
            holders = [self.agencies[name] for name in frontier if name in self.agencies]
            found.update({holder.id: holder for holder in holders if holder.active(at)})
            frontier = [name for holder in holders if not holder.active(at) for name in holder.successors]
            hops += 1
        return tuple(found.values())

    def mailboxes(self, agency: str, at: datetime) -> tuple[str, ...]:
        """Gives the agencies whose deliveries one may read and report at a time: its own and its predecessors'."""
        seen = [agency]
        for name in seen:
            for earlier in self.predecessors.get(name, ()):
                holder = self.agencies.get(earlier)
                if holder and not holder.active(at) and earlier not in seen:
                    seen.append(earlier)
        return tuple(seen)

    def members(self, group: str, at: datetime) -> tuple[Agency, ...]:
        """Gives the agencies in force of a group."""
        holders = (self.agencies[name] for name in self.by_group.get(group, ()))
        return tuple(holder for holder in holders if holder.active(at) and holder.begun(at))

    def nearest(self, code: str, at: datetime) -> tuple[str, ...]:
        """Gives the codes in force that are nearest to one that is not known."""
        current = [
            own.code
            for agency in self.agencies.values()
            if agency.active(at)
            for own in agency.codes
            if own.period.covers(at)
        ]
        found = process.extract(code.upper(), current, scorer=fuzz.ratio, limit=NEAREST, score_cutoff=50)
        return tuple(name for name, _score, _index in found)

    def acts_for(self, system: System, at: datetime) -> tuple[str, ...]:
        """Gives the agencies in force for which a system may act; of a retired one nobody may."""
        return tuple(
            grant.agency
            for grant in system.grants
            if grant.period.covers(at) and grant.agency in self.agencies and self.agencies[grant.agency].active(at)
        )

    def _holder(self, code: str, at: datetime) -> Agency | None:
        holders = [self.agencies[name] for name in self.by_code.get(code, ())]
        for holder in holders:
            if holder.active(at) and any(own.code == code and own.period.covers(at) for own in holder.codes):
                return holder
        past = [holder for holder in holders if any(own.code == code and _begun(own, at) for own in holder.codes)]
        return max(past, key=lambda holder: _last_end(holder, code), default=None)


def _begun(code: AgencyCode, at: datetime) -> bool:
    return code.period.start is None or code.period.start <= at


def _last_end(agency: Agency, code: str) -> datetime:
    """When an agency had a code last; who ended had it no longer."""
    ends = [own.period.end or _NEVER for own in agency.codes if own.code == code]
    return min(max(ends), agency.retired or _NEVER)


def directory_of(agencies: Iterable[Agency], systems: Iterable[System]) -> Directory:
    """Builds a directory with its indexes."""
    by_code: dict[str, list[str]] = {}
    by_group: dict[str, list[str]] = {}
    predecessors: dict[str, list[str]] = {}
    known = {agency.id: agency for agency in agencies}
    for agency in known.values():
        for name in {own.code for own in agency.codes}:
            by_code.setdefault(name, []).append(agency.id)
        for group in agency.groups:
            by_group.setdefault(group, []).append(agency.id)
        for successor in agency.successors:
            predecessors.setdefault(successor, []).append(agency.id)
    return Directory(
        known, {system.id: system for system in systems}, _frozen(by_code), _frozen(by_group), _frozen(predecessors)
    )


def _frozen(index: Mapping[str, list[str]]) -> Mapping[str, tuple[str, ...]]:
    return {key: tuple(value) for key, value in index.items()}
