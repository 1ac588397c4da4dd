"""Whose the engines are. Each installation has a database, a store of contents, topics and groups to itself.

What removes contents that no row names would remove all of them in the store of another installation, or behind a
database that was made anew. Who works on the database of another installation publishes its events where its own
services never see them. An installation is known by its authority, which every process has; copies of the data at
another place, and whatever is moved with its keys, stay the same installation.
"""

from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, delete, select

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.sql import upsert
from lienthong.chassis.events.tables import counters
from lienthong.chassis.uow import UnitsOfWork

_IDENTITY: Final = "identity"
_AUTHORITY: Final = "authority"
_BITS: Final = 62

OTHERS = counters.c.name.not_in([_IDENTITY, _AUTHORITY])
"""Counters that do not say whose a database is; that is no part of what is moved to another one."""


def installation_of(authority: x509.Certificate) -> str:
    """Names the installation of an authority, by its key: the certificate may be renewed."""
    key = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"{int.from_bytes(sha256(key).digest()) % (1 << _BITS):016x}"


def others_database(database: Database, installation: str) -> str:
    """Names the other installation that a database belongs to; empty when it is ours. Nobody's is ours from now on.

    Raises:
        AxisError: UNAVAILABLE when the database is away.
    """
    with database.read() as connection:
        kept = _kept(connection, _AUTHORITY)
    if kept is None:
        with database.write() as connection:
            kept = _first(connection, _AUTHORITY, int(installation, 16))
    found = f"{kept:016x}"
    return "" if found == installation else found


def give_up(database: Database) -> None:
    """Makes a database nobody's: it belongs to the authority of the services that start next."""
    with database.write() as connection:
        connection.execute(delete(counters).where(counters.c.name == _AUTHORITY))


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
        return f"{_first(work.connection, _IDENTITY, chosen):x}"


def _first(connection: Connection, name: str, value: int) -> int | None:
    # Of two copies that choose at once the second keeps what the first chose.
    upsert(connection, counters, {"name": name, "value": value}, ("name",))
    return _kept(connection, name)


def _kept(connection: Connection, name: str) -> int | None:
    return connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one_or_none()
