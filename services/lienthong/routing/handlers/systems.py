"""Systems: registering, granting, revoking; the operator that an installation begins with."""

import json
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from lienthong.chassis.directory.messages import resource_id
from lienthong.chassis.directory.store import load_system, save_system
from lienthong.chassis.errors import AxisError, Violation, invalid, not_found
from lienthong.chassis.times import timestamp_micros, to_timestamp
from lienthong.chassis.uow import AuditEntry, UnitOfWork
from lienthong.common.v1 import directory_pb2 as pb
from lienthong.routing.handlers.agencies import bounded
from lienthong.routing.handlers.agencies import load as load_agency_named
from lienthong.routing.handlers.desk import DIRECTORY_LOCK, Desk
from lienthong.routing.handlers.telling import tell_system
from lienthong.routing.stamps import stamp
from lienthong.routing.storage.codes import ALWAYS, WITHOUT_END

NAME_LENGTH = 500
GRANTS_AT_MOST = 5000
CERTIFICATES_AT_MOST = 1000
_SHA256_BYTES = 32


def create_system(work: UnitOfWork, desk: Desk, wanted: pb.System) -> pb.System:
    """Registers a system.

    Raises:
        AxisError: INVALID_ARGUMENT without a name or a role, or for grants of what is no agency's system; NOT_FOUND
            for grants of unknown agencies.
    """
    work.lock(DIRECTORY_LOCK)
    if not 1 <= len(wanted.display_name.strip()) <= NAME_LENGTH:
        raise _refused("system.display_name", f"a name of 1 to {NAME_LENGTH} characters is needed")
    if wanted.role not in pb.SystemRole.values() or wanted.role == pb.SystemRole.SYSTEM_ROLE_UNSPECIFIED:
        raise _refused("system.role", "a role is needed: agency system, operator or service")
    system = pb.System(
        name=f"systems/{work.ids.new()}",
        display_name=wanted.display_name,
        role=wanted.role,
        create_time=to_timestamp(work.now),
    )
    for number, grant in enumerate(wanted.grants):
        _add_grant(work, desk, system, grant, f"system.grants[{number}]")
    _save(work, desk, system)
    return system


def grant_agency(work: UnitOfWork, desk: Desk, name: str, grant: pb.Grant) -> pb.System:
    """Lets a system act for an agency; grants that overlap this one end where it begins. Again changes nothing.

    Raises:
        AxisError: NOT_FOUND; INVALID_ARGUMENT for a period that ends before it begins.
    """
    work.lock(DIRECTORY_LOCK)
    system = load(work.connection, name)
    if _add_grant(work, desk, system, grant, "grant"):
        _save(work, desk, system)
    return system


def revoke_system(work: UnitOfWork, desk: Desk, name: str, certificates: list[bytes]) -> pb.System:
    """Revokes single certificates, or the system when none is named; again changes nothing.

    Raises:
        AxisError: NOT_FOUND; INVALID_ARGUMENT for what is no SHA-256.
    """
    work.lock(DIRECTORY_LOCK)
    if any(len(one) != _SHA256_BYTES for one in certificates):
        raise _refused("certificates", "a certificate is named by the SHA-256 of its DER form, 32 bytes")
    system = load(work.connection, name)
    fresh = sorted(set(certificates) - set(system.revoked_certificates))
    if len(system.revoked_certificates) + len(fresh) > CERTIFICATES_AT_MOST:
        raise _refused("certificates", f"at most {CERTIFICATES_AT_MOST} are kept; revoke the system instead")
    if (certificates and not fresh) or (not certificates and system.HasField("revoke_time")):
        return system
    system.revoked_certificates.extend(fresh)
    if not certificates:
        stamp(system.revoke_time, work.now)
    _save(work, desk, system)
    return system


def load(connection: Connection, name: str) -> pb.System:
    """Reads a system by its resource name.

    Raises:
        AxisError: NOT_FOUND.
    """
    identifier = resource_id(name, "systems")
    system = load_system(connection, identifier)
    if system is None:
        raise not_found(f"systems/{identifier}")
    return system


def know_operator(work: UnitOfWork, desk: Desk, file: Path) -> None:
    """Makes sure that the operator of this installation stands in the directory.

    Args:
        work: The transaction.
        desk: What handlers have at hand.
        file: Who the operator is, `{"system": …, "name": …}`; an installation without the file has none.
    """
    work.lock(DIRECTORY_LOCK)
    if not file.exists():
        return
    told = json.loads(file.read_text("utf-8"))
    identifier = str(told["system"])
    if load_system(work.connection, identifier) is not None:
        return
    system = pb.System(
        name=f"systems/{identifier}",
        display_name=str(told.get("name") or "operator"),
        role=pb.SystemRole.SYSTEM_ROLE_OPERATOR,
        create_time=to_timestamp(work.now),
    )
    _save(work, desk, system)
    work.record(AuditEntry(identifier, "", "directory.operator", system.name, detail="made at first start"))


def _add_grant(work: UnitOfWork, desk: Desk, system: pb.System, grant: pb.Grant, place: str) -> bool:
    if system.role != pb.SystemRole.SYSTEM_ROLE_AGENCY_SYSTEM:
        raise _refused(place, "only systems of agencies act for agencies")
    if len(system.grants) >= GRANTS_AT_MOST:
        raise _refused(place, f"a system acts for at most {GRANTS_AT_MOST} agencies")
    if not bounded(grant):
        raise _refused(place, "a grant begins and ends in the years 1 to 9999")
    both = grant.HasField("valid_from") and grant.HasField("valid_to")
    if both and timestamp_micros(grant.valid_from) >= timestamp_micros(grant.valid_to):
        raise _refused(place, "a grant ends after it begins")
    exact = pb.Grant()
    exact.CopyFrom(grant)
    exact.agency = _agency_name(work, desk, grant.agency, work.now)
    if exact in system.grants:
        return False
    kept = [part for one in system.grants if (part := _beside(one, exact)) is not None]
    del system.grants[:]
    system.grants.extend([*kept, exact])
    return True


def _beside(one: pb.Grant, new: pb.Grant) -> pb.Grant | None:
    """Gives what stays of a grant beside a new one: all of it when they do not overlap, else what is before."""
    (begin, end), (start, until) = _span(one), _span(new)
    if one.agency != new.agency or until <= begin or end <= start:
        return one
    if start <= begin:
        return None
    before = pb.Grant()
    before.CopyFrom(one)
    before.valid_to.CopyFrom(new.valid_from)
    return before


def _span(grant: pb.Grant) -> tuple[int, int]:
    start = timestamp_micros(grant.valid_from) if grant.HasField("valid_from") else ALWAYS
    return start, timestamp_micros(grant.valid_to) if grant.HasField("valid_to") else WITHOUT_END


def _agency_name(work: UnitOfWork, desk: Desk, name: str, at: datetime) -> str:
    return load_agency_named(work.connection, desk, name, at).name


def _save(work: UnitOfWork, desk: Desk, system: pb.System) -> None:
    system.version += 1
    save_system(work.rows, system)
    tell_system(work, resource_id(system.name, "systems"), system)
    work.after_commit(desk.directory.changed)


def _refused(field: str, rule: str) -> AxisError:
    return invalid("FIELD_INVALID", f"{field}: {rule}.", Violation(field, "FIELD_INVALID", rule))
