"""Agencies: registering, renaming; they end in `retirement.py`. The state of truth is the whole, versioned message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import Connection

from lienthong.chassis.directory.messages import resource_id
from lienthong.chassis.directory.model import CodeStyle, style_of
from lienthong.chassis.directory.store import load_agency, save_agency
from lienthong.chassis.errors import AxisError, Code, Violation, invalid, not_found
from lienthong.chassis.times import from_micros, on_calendar, timestamp_micros, to_micros, to_timestamp
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1 import directory_pb2 as pb
from lienthong.routing.handlers.desk import DIRECTORY_LOCK, Desk
from lienthong.routing.handlers.jobs import RENAME, Job, Progress, plan
from lienthong.routing.handlers.telling import tell_agency
from lienthong.routing.stamps import stamp
from lienthong.routing.storage.codes import ALWAYS, WITHOUT_END, CodePeriod, clash, replace_codes

CODES_AT_MOST = 64
GROUPS_AT_MOST = 64
NAME_LENGTH = 500
_NAME_RULE = f"a name of 1 to {NAME_LENGTH} characters is needed"
CHANGEABLE = frozenset({"short_name", "parent", "groups", "email", "in_charge", "address", "status_items_disabled"})
"""Fields that change at once; a name and codes have their time, and what ends an agency is not undone."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """A new name or other codes, from a time on.

    Attributes:
        display_name: New name; empty keeps it.
        add: Codes that begin.
        end: Codes that end.
        at: From when.
    """

    display_name: str
    add: Sequence[str]
    end: Sequence[str]
    at: datetime


def create_agency(work: UnitOfWork, desk: Desk, wanted: pb.Agency) -> pb.Agency:
    """Registers an agency.

    Raises:
        AxisError: INVALID_ARGUMENT for a code of neither style or a missing name, ALREADY_EXISTS for a code that is
            in force for another agency at the same time, NOT_FOUND for an unknown superior.
    """
    work.lock(DIRECTORY_LOCK)
    _check(wanted)
    agency = pb.Agency()
    agency.CopyFrom(wanted)
    identifier = work.ids.new()
    agency.name = f"agencies/{identifier}"
    stamp(agency.create_time, work.now)
    for field in ("retire_time", "successors", "version", "parent"):
        agency.ClearField(field)
    if wanted.parent:
        agency.parent = load(work.connection, desk, wanted.parent, work.now).name
    save(work, desk, agency)
    return agency


def update_agency(work: UnitOfWork, desk: Desk, wanted: pb.Agency, mask: FieldMask) -> pb.Agency:
    """Changes the fields of an agency that a mask names.

    Raises:
        AxisError: NOT_FOUND for the agency or its superior; INVALID_ARGUMENT for a mask that names nothing or another
            field, and for a superior that stands below the agency.
    """
    work.lock(DIRECTORY_LOCK)
    if not mask.paths or not CHANGEABLE.issuperset(mask.paths):
        rule = f"names one or several of {', '.join(sorted(CHANGEABLE))}; name and codes change by RenameAgency"
        raise refused("update_mask", "MASK_INVALID", rule)
    agency = load(work.connection, desk, wanted.name, work.now)
    mask.MergeMessage(wanted, agency, replace_repeated_field=True)
    if agency.parent:
        agency.parent = load(work.connection, desk, agency.parent, work.now).name
        _check_above(work.connection, agency)
    _check(agency)
    save(work, desk, agency)
    return agency


def rename_agency(work: UnitOfWork, desk: Desk, name: str, renaming: Renaming) -> pb.Agency:
    """Gives an agency a new name, further codes, or an end to codes; former codes stay readable.

    Raises:
        AxisError: NOT_FOUND; INVALID_ARGUMENT for codes of neither style or that it does not have; ALREADY_EXISTS.
    """
    work.lock(DIRECTORY_LOCK)
    agency = load(work.connection, desk, name, work.now)
    _end_codes(agency, renaming)
    at = to_micros(renaming.at)
    held = {code.code for code in agency.codes if _begun(code, at) and _lasts(code, at)}
    for code in dict.fromkeys(renaming.add):
        if code not in held:
            agency.codes.add(code=code, valid_from=to_timestamp(renaming.at))
    if renaming.display_name and renaming.at <= work.now:
        agency.display_name = renaming.display_name
    elif renaming.display_name:
        _check_name(renaming.display_name)
        plan(work, RENAME, id_of(agency), renaming.display_name, to_micros(renaming.at))
    _check(agency)
    save(work, desk, agency)
    return agency


def rename_when_due(work: UnitOfWork, desk: Desk, job: Job) -> Progress:
    """Gives an agency the name that was announced for now."""
    work.lock(DIRECTORY_LOCK)
    agency = load_agency(work.connection, job.subject)
    if agency is not None:
        agency.display_name = job.argument
        save(work, desk, agency)
    return Progress(None)


def load(connection: Connection, desk: Desk, name: str, at: datetime) -> pb.Agency:
    """Reads an agency by its resource name, with its identifier or with a code that it has or had.

    Raises:
        AxisError: NOT_FOUND.
    """
    key = resource_id(name, "agencies")
    agency = load_agency(connection, key)
    if agency is None:
        holder = desk.directory.get().known(key, at)
        agency = load_agency(connection, holder.id) if holder else None
    if agency is None:
        raise not_found(f"agencies/{key}")
    return agency


def save(work: UnitOfWork, desk: Desk, agency: pb.Agency) -> None:
    """Stores the new state of an agency, and tells it.

    Raises:
        AxisError: ALREADY_EXISTS for a code that is in force for another agency at the same time.
    """
    identifier = id_of(agency)
    periods = _periods(agency)
    for period in periods:
        _check_free(work.connection, desk, identifier, period)
    replace_codes(work.connection, identifier, periods)
    agency.version += 1
    for code in agency.codes:
        code.style = pb.CodeStyle.ValueType(style_of(code.code).value)
    save_agency(work.rows, agency)
    tell_agency(work, identifier, agency)
    work.after_commit(desk.directory.changed)


def _check_above(connection: Connection, agency: pb.Agency) -> None:
    above: pb.Agency | None = agency
    while above is not None and above.parent:
        if above.parent == agency.name:
            rule = f"{above.display_name} ({above.name}) stands below {agency.display_name} or is the same"
            raise refused("agency.parent", "PARENT_BELOW", rule)
        above = load_agency(connection, resource_id(above.parent, "agencies"))


def _check(agency: pb.Agency) -> None:
    violations = [
        Violation(
            f"agency.codes[{number}]",
            "CODE_STYLE_UNKNOWN",
            "a code is 000.00.00.H29 (QCVN 102:2016) or H29, H29.12 (Decision 20/2020), at most 35 characters",
            "Write it in one of both styles, in capitals.",
            code.code,
        )
        for number, code in enumerate(agency.codes)
        if style_of(code.code) is CodeStyle.NEITHER
    ]
    rules: list[tuple[bool, str, str]] = [
        (1 <= len(agency.codes) <= CODES_AT_MOST, "codes", f"between 1 and {CODES_AT_MOST} codes are needed"),
        (_is_name(agency.display_name), "display_name", _NAME_RULE),
        (len(agency.groups) <= GROUPS_AT_MOST, "groups", f"an agency belongs to at most {GROUPS_AT_MOST} groups"),
        (all(len(text) <= NAME_LENGTH for text in _texts(agency)), "", f"no text has over {NAME_LENGTH} characters"),
        (all(_ordered(code) for code in agency.codes), "codes", "a code ends after it begins"),
        (all(bounded(code) for code in agency.codes), "codes", "a code begins and ends in the years 1 to 9999"),
    ]
    violations += [
        Violation(f"agency.{field}".rstrip("."), "FIELD_INVALID", rule) for holds, field, rule in rules if not holds
    ]
    if violations:
        text = " ".join(violation.text() for violation in violations)
        raise invalid(violations[0].reason, text, *violations)


def _is_name(text: str) -> bool:
    return bool(text.strip()) and len(text) <= NAME_LENGTH


def _check_name(text: str) -> None:
    """Refuses a name that is announced for later: when its day has come there is nobody to be told."""
    if not _is_name(text):
        raise refused("display_name", "FIELD_INVALID", _NAME_RULE)


def _texts(agency: pb.Agency) -> list[str]:
    return [agency.short_name, agency.email, agency.in_charge, agency.address, *agency.groups]


def _ordered(code: pb.AgencyCode) -> bool:
    bounded = code.HasField("valid_from") and code.HasField("valid_to")
    return not bounded or timestamp_micros(code.valid_from) < timestamp_micros(code.valid_to)


def bounded(period: pb.AgencyCode | pb.Grant) -> bool:
    """Tells whether the times that a period names are times at all: every copy of the directory reads them."""
    named = [getattr(period, field) for field in ("valid_from", "valid_to") if period.HasField(field)]
    return all(on_calendar(moment) for moment in named)


def _periods(agency: pb.Agency) -> list[CodePeriod]:
    retired = timestamp_micros(agency.retire_time) if agency.HasField("retire_time") else WITHOUT_END
    return [
        CodePeriod(
            code.code,
            timestamp_micros(code.valid_from) if code.HasField("valid_from") else ALWAYS,
            min(timestamp_micros(code.valid_to) if code.HasField("valid_to") else WITHOUT_END, retired),
        )
        for code in agency.codes
    ]


def _check_free(connection: Connection, desk: Desk, identifier: str, period: CodePeriod) -> None:
    other = clash(connection, identifier, period)
    if other is None:
        return
    known = desk.directory.get().agencies.get(other.agency)
    holder = f"{known.name if known else other.agency} (agencies/{other.agency})"
    remedy = "End it there first."
    if other.ends < WITHOUT_END:
        remedy = f"It ends there at {from_micros(other.ends).isoformat()}: give it a valid_from that is no earlier."
    raise AxisError(
        Code.ALREADY_EXISTS,
        "CODE_IN_FORCE",
        f"code {period.code} is in force for {holder} at that time. {remedy}",
        {"code": period.code, "agency": f"agencies/{other.agency}"},
    )


def _end_codes(agency: pb.Agency, renaming: Renaming) -> None:
    at = to_micros(renaming.at)
    for ended in renaming.end:
        found = [code for code in agency.codes if code.code == ended and _lasts(code, at)]
        if not found:
            raise refused("end_codes", "CODE_NOT_HELD", f"{agency.name} has no code {ended} in force at that time")
        for code in found:
            stamp(code.valid_to, renaming.at)


def _begun(code: pb.AgencyCode, at: int) -> bool:
    return not code.HasField("valid_from") or timestamp_micros(code.valid_from) <= at


def _lasts(code: pb.AgencyCode, at: int) -> bool:
    return not code.HasField("valid_to") or timestamp_micros(code.valid_to) > at


def id_of(agency: pb.Agency) -> str:
    """Gives the identifier of an agency."""
    return resource_id(agency.name, "agencies")


def refused(field: str, reason: str, rule: str) -> AxisError:
    """Makes the refusal of a field."""
    return invalid(reason, f"{field}: {rule}.", Violation(field, reason, rule))
