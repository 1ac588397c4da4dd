"""Whose store of contents it is. Each installation has one to itself, be it a prefix of a bucket.

What removes contents that no row names would remove all of them in the store of another installation, or behind a
database that was made anew.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.engines.sql import upsert
from lienthong.chassis.events.tables import counters
from lienthong.chassis.uow import UnitsOfWork

_NAME: Final = "identity"
_BITS: Final = 62

OTHERS = counters.c.name != _NAME
"""Counters that are not the identity of a database; it is no part of what is moved to another one."""


def is_ours(units: UnitsOfWork, blobs: BlobStore) -> bool:
    """Tells whether a store belongs to this database; one that is nobody's is ours from now on.

    Raises:
        AxisError: UNAVAILABLE when the store or the database is away.
    """
    return blobs.claim(_identity(units))


def _identity(units: UnitsOfWork) -> str:
    """Gives what tells this database from every other one, a backup of it excepted; chosen when it is asked first."""
    chosen = int(UUID(units.ids.new())) % (1 << _BITS)
    with units.begin() as work:
        # Of two copies that choose at once the second keeps what the first chose.
        upsert(work.connection, counters, {"name": _NAME, "value": chosen}, ("name",))
        kept = select(counters.c.value).where(counters.c.name == _NAME)
        return f"{work.connection.execute(kept).scalar_one():x}"
