"""Cursors of watches: the last place seen in each mailbox. Any replica reads them."""

import base64
import binascii
import json
from collections.abc import Mapping

from lienthong.chassis.errors import Violation, invalid
from lienthong.chassis.paging import is_whole

LOOKED = ""
"""Key of the time at which a watch looked last, microseconds of the database's clock; no mailbox has this name."""

_MAILBOXES_AT_MOST = 10_000


def write_cursor(positions: Mapping[str, int]) -> str:
    """Writes a cursor."""
    text = json.dumps(sorted(positions.items()), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> dict[str, int]:
    """Reads a cursor.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    try:
        pairs = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return {str(mailbox): _place(place) for mailbox, place in pairs[:_MAILBOXES_AT_MOST]}
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as error:
        rule = "it is not a cursor of a mailbox; begin again without one"
        raise invalid("CURSOR_INVALID", f"cursor: {rule}.", Violation("cursor", "CURSOR_INVALID", rule)) from error


def _place(place: object) -> int:
    # Anybody can write a cursor: nothing else may reach the database.
    if is_whole(place):
        return place
    raise ValueError(f"{place!r} is no place in a mailbox")
