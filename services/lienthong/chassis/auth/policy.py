"""The policy table: a row for every rpc, in one data file.

A row says which roles may call, and what of the house the call is about. A rpc without a row cannot be served: the
server refuses to start, and a test fails before that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files

import yaml

from lienthong.chassis.auth.caller import Caller
from lienthong.chassis.directory.model import Role
from lienthong.chassis.errors import AxisError, Code


class Resource(Enum):
    """What a call is about, and so whose it must be."""

    NONE = "none"
    """Nothing that belongs to anybody."""
    OWN = "own"
    """What the caller's agency has or makes."""
    SENT = "sent"
    """A document that the caller's agency sent."""
    RECEIVED = "received"
    """A document that the caller's agency received."""
    SENT_OR_RECEIVED = "sent_or_received"
    """A document that the caller's agency sent or received."""
    PLATFORM = "platform"
    """The platform itself."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one rpc asks of its callers."""

    method: str
    roles: frozenset[Role]
    resource: Resource
    mutation: bool


_ROLES = {"agency": Role.AGENCY_SYSTEM, "operator": Role.OPERATOR, "service": Role.SERVICE}


@cache
def policy() -> Mapping[str, Row]:
    """Reads the table.

    Raises:
        ValueError: A row is malformed.
    """
    table = yaml.safe_load(files("lienthong.chassis.auth").joinpath("policy.yaml").read_text("utf-8"))
    return {
        f"{service}/{method}": _row(f"{service}/{method}", row)
        for service, rows in table.items()
        for method, row in rows.items()
    }


def _row(method: str, row: Mapping[str, object]) -> Row:
    unknown = row.keys() - {"roles", "resource", "mutation"}
    roles = row.get("roles")
    if unknown or not isinstance(roles, list) or not roles:
        raise ValueError(f"policy row of {method} is malformed: {dict(row)}")
    return Row(
        method,
        frozenset(_ROLES[role] for role in roles),
        Resource(row.get("resource", "none")),
        bool(row.get("mutation", False)),
    )


def authorise(row: Row, caller: Caller) -> None:
    """Lets a caller pass whose role the row names.

    Raises:
        AxisError: PERMISSION_DENIED.
    """
    if caller.system.role in row.roles:
        return
    needed = " or ".join(sorted(role.name.lower() for role in row.roles))
    raise AxisError(
        Code.PERMISSION_DENIED,
        "ROLE_NOT_ALLOWED",
        f"{row.method} is for {needed}; {caller.system.name!r} is {caller.system.role.name.lower()}. "
        "Call with credentials of that kind.",
    )
