"""Notices as people see them: watched from a cursor on, marked as read."""

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from lienthong.chassis.errors import Violation, invalid, not_found
from lienthong.chassis.paging import is_whole
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.uow import UnitOfWork
from lienthong.notification.handlers.subscriptions import note
from lienthong.notification.storage.notices import (
    StoredNotice,
    known_notices,
    last_position,
    mark_read,
    notices_after,
)

READ_AT_MOST = 500
"""Notices that one call marks as read."""
WATCH_BATCH = 200
"""Notices that a watch takes at once."""

Places = Mapping[str, int]
"""Positions by agency: a successor watches the notices of its predecessors beside its own."""


def acknowledge(work: UnitOfWork, call: Call, names: Sequence[str]) -> int:
    """Marks notices as read; tells how many were not before. All are marked or none.

    Raises:
        AxisError: INVALID_ARGUMENT without or with too many names, NOT_FOUND when one is not the caller's.
    """
    call.caller.acting()
    if not 1 <= len(names) <= READ_AT_MOST:
        rule = f"1 to {READ_AT_MOST} notices are marked at once"
        raise invalid("NAMES_OUT_OF_BOUNDS", f"names: {rule}", Violation("names", "NAMES_OUT_OF_BOUNDS", rule))
    identifiers = {name.removeprefix("notices/") for name in names}
    missing = identifiers - known_notices(work.connection, identifiers, call.caller.reach)
    if missing:
        raise not_found(f"notices/{min(missing)}")
    changed = mark_read(work.connection, identifiers)
    if changed:
        note(work, call, "notice.acknowledge", f"notices/{min(identifiers)}", f"{changed} of {len(names)} changed")
    return changed


def write_cursor(places: Places) -> str:
    """Writes positions as a cursor."""
    text = json.dumps(dict(places), sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> dict[str, int]:
    """Reads a cursor; an empty one has no positions.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    if not cursor:
        return {}
    try:
        places = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return {str(agency): _place(position) for agency, position in places.items()}
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        rule = "it is not a cursor of this watch"
        violation = Violation("cursor", "CURSOR_INVALID", rule, "Begin again without one, and list what came between.")
        raise invalid("CURSOR_INVALID", f"cursor: {rule}", violation) from error


def _place(position: object) -> int:
    # Anybody can write a cursor: nothing else may reach the database.
    if is_whole(position):
        return position
    raise ValueError(f"{position!r} is no position of a notice")


def present_places(connection: Connection, agencies: Collection[str]) -> dict[str, int]:
    """Gives the positions from which only what comes later is seen."""
    return {agency: last_position(connection, agency) for agency in agencies}


def begin_of(connection: Connection, agencies: Collection[str], cursor: str) -> Places:
    """Reads the cursor of a watch: the positions after which to go on, the present ones without a cursor.

    One from the future is of a database that was restored since: it goes on from the present, too.

    Raises:
        AxisError: INVALID_ARGUMENT when it is none.
    """
    places, present = read_cursor(cursor), present_places(connection, agencies)
    return {agency: min(places.get(agency, newest), newest) for agency, newest in present.items()}


def notices_since(
    connection: Connection, agencies: Collection[str], places: Places
) -> tuple[list[tuple[StoredNotice, Places]], Places]:
    """Lists what came after some positions, each notice with the positions from which to go on behind it.

    An agency without a position has just come into reach: its earlier notices are in the list, later ones come here.
    """
    present = {agency: places[agency] for agency in agencies if agency in places}
    present |= present_places(connection, set(agencies) - present.keys())
    found: list[tuple[StoredNotice, Places]] = []
    for agency in agencies:
        for notice in notices_after(connection, agency, present[agency], WATCH_BATCH - len(found)):
            present = {**present, agency: notice.position}
            found.append((notice, present))
    return found, present
