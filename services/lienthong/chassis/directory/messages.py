"""Agencies and systems as messages, and back."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from lienthong.chassis.directory.model import Agency, AgencyCode, Grant, Period, Role, System, style_of
from lienthong.chassis.times import from_timestamp, to_timestamp
from lienthong.common.v1 import directory_pb2 as pb


def resource_id(name: str, collection: str) -> str:
    """Takes the identifier out of a resource name; a bare identifier passes."""
    return name.removeprefix(f"{collection}/")


def agency_message(agency: Agency, created: datetime | None = None) -> pb.Agency:
    """Makes the message of an agency."""
    return pb.Agency(
        name=f"agencies/{agency.id}",
        display_name=agency.name,
        short_name=agency.short_name,
        codes=[
            pb.AgencyCode(
                code=code.code,
                style=pb.CodeStyle.ValueType(style_of(code.code).value),
                valid_from=to_timestamp(code.period.start),
                valid_to=to_timestamp(code.period.end),
            )
            for code in agency.codes
        ],
        parent=f"agencies/{agency.parent}" if agency.parent else "",
        email=agency.email,
        retire_time=to_timestamp(agency.retired),
        successors=[f"agencies/{name}" for name in agency.successors],
        create_time=to_timestamp(created),
        version=agency.version,
        groups=agency.groups,
        status_items_disabled=agency.status_items_disabled,
        in_charge=agency.in_charge,
        address=agency.address,
    )


def agency_of(message: pb.Agency) -> Agency:
    """Reads the message of an agency."""
    return Agency(
        id=resource_id(message.name, "agencies"),
        name=message.display_name,
        short_name=message.short_name,
        codes=tuple(AgencyCode(code.code, _period(code)) for code in message.codes),
        parent=resource_id(message.parent, "agencies"),
        email=message.email,
        groups=tuple(message.groups),
        retired=_moment(message, "retire_time"),
        successors=tuple(resource_id(name, "agencies") for name in message.successors),
        status_items_disabled=message.status_items_disabled,
        in_charge=message.in_charge,
        address=message.address,
        version=message.version,
    )


def system_message(system: System, created: datetime | None = None) -> pb.System:
    """Makes the message of a system."""
    return pb.System(
        name=f"systems/{system.id}",
        display_name=system.name,
        role=pb.SystemRole.ValueType(system.role.value),
        grants=[
            pb.Grant(
                agency=f"agencies/{grant.agency}",
                valid_from=to_timestamp(grant.period.start),
                valid_to=to_timestamp(grant.period.end),
            )
            for grant in system.grants
        ],
        revoke_time=to_timestamp(system.revoked),
        revoked_certificates=sorted(system.revoked_certificates),
        create_time=to_timestamp(created),
        version=system.version,
    )


def system_of(message: pb.System) -> System:
    """Reads the message of a system."""
    return System(
        id=resource_id(message.name, "systems"),
        name=message.display_name,
        role=Role(message.role),
        grants=tuple(Grant(resource_id(grant.agency, "agencies"), _period(grant)) for grant in message.grants),
        revoked=_moment(message, "revoke_time"),
        revoked_certificates=frozenset(message.revoked_certificates),
        version=message.version,
    )


def _period(message: pb.AgencyCode | pb.Grant) -> Period:
    return Period(_moment(message, "valid_from"), _moment(message, "valid_to"))


def _moment(message: pb.Agency | pb.System | pb.AgencyCode | pb.Grant, field: str) -> datetime | None:
    value: Timestamp = getattr(message, field)
    return from_timestamp(value) if message.HasField(field) else None  # type: ignore[arg-type] # a field of each
