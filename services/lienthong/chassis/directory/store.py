"""A service's copy of the directory in its own database."""

from collections.abc import Callable

from sqlalchemy import Connection, Table, select

from lienthong.chassis.counters import next_value
from lienthong.chassis.directory.messages import agency_of, resource_id, system_of
from lienthong.chassis.directory.model import Agency, System
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.engines.sql import take_locks, upsert
from lienthong.chassis.events.event import DIRECTORY, Event, NewEvent
from lienthong.chassis.events.inbox import Handler, handler
from lienthong.chassis.events.tables import directory_agencies, directory_systems
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1 import directory_pb2
from lienthong.events.v1.routing_directory_pb2 import AgencyChanged, SystemChanged

_CHANGES = "directory-changes"


def save_agency(rows: Rows, message: directory_pb2.Agency) -> None:
    """Keeps the state of an agency when it is newer than the one kept."""
    _save(rows, directory_agencies, resource_id(message.name, "agencies"), message, {})


def save_system(rows: Rows, message: directory_pb2.System) -> None:
    """Keeps the state of a system when it is newer than the one kept."""
    revoked = message.HasField("revoke_time")
    _save(rows, directory_systems, resource_id(message.name, "systems"), message, {"revoked": revoked})


def load_agency(connection: Connection, identifier: str) -> directory_pb2.Agency | None:
    """Reads the state of an agency."""
    state = _state(connection, directory_agencies, identifier)
    return None if state is None else directory_pb2.Agency.FromString(state)


def load_system(connection: Connection, identifier: str) -> directory_pb2.System | None:
    """Reads the state of a system."""
    state = _state(connection, directory_systems, identifier)
    return None if state is None else directory_pb2.System.FromString(state)


def tell_all(work: UnitOfWork) -> int:
    """Tells the present state of every agency and system again; tells how many. Only the owner of the directory may."""
    agencies = work.connection.execute(select(directory_agencies.c.id, directory_agencies.c.state)).all()
    systems = work.connection.execute(select(directory_systems.c.id, directory_systems.c.state)).all()
    for row in agencies:
        changed = AgencyChanged(agency=directory_pb2.Agency.FromString(row.state))
        work.emit(NewEvent(DIRECTORY, row.id, row.id, changed))
    for row in systems:
        work.emit(NewEvent(DIRECTORY, row.id, row.id, SystemChanged(system=directory_pb2.System.FromString(row.state))))
    return len(agencies) + len(systems)


def changes_since(connection: Connection, change: int) -> tuple[list[Agency], list[System], int]:
    """Reads what changed after a point, and the point from which to go on."""
    agencies = connection.execute(select(directory_agencies).where(directory_agencies.c.change > change)).all()
    systems = connection.execute(select(directory_systems).where(directory_systems.c.change > change)).all()
    latest = max((row.change for row in (*agencies, *systems)), default=change)
    return (
        [agency_of(directory_pb2.Agency.FromString(row.state)) for row in agencies],
        [system_of(directory_pb2.System.FromString(row.state)) for row in systems],
        latest,
    )


def directory_handlers(changed: Callable[[], None]) -> list[tuple[str, tuple[type, Handler]]]:
    """Makes the handlers with which a service keeps its copy.

    Args:
        changed: Called after the commit.
    """

    def on_agency(work: UnitOfWork, message: AgencyChanged, _event: Event) -> None:
        save_agency(work.rows, message.agency)
        work.after_commit(changed)

    def on_system(work: UnitOfWork, message: SystemChanged, _event: Event) -> None:
        save_system(work.rows, message.system)
        work.after_commit(changed)

    return [handler(AgencyChanged, on_agency), handler(SystemChanged, on_system)]


def _save(
    rows: Rows,
    table: Table,
    identifier: str,
    message: directory_pb2.Agency | directory_pb2.System,
    more: dict[str, object],
) -> None:
    # A later state must not be overwritten by an earlier one that another copy had in hand.
    take_locks(rows.connection, [_CHANGES])
    kept = rows.connection.execute(select(table.c.version).where(table.c.id == identifier)).scalar_one_or_none()
    if kept is not None and kept >= message.version:
        return
    values = {
        "version": message.version,
        "change": next_value(rows, _CHANGES),
        "state": message.SerializeToString(deterministic=True),
        **more,
    }
    upsert(rows.connection, table, {"id": identifier, **values}, ("id",), tuple(values))


def _state(connection: Connection, table: Table, identifier: str) -> bytes | None:
    return connection.execute(select(table.c.state).where(table.c.id == identifier)).scalar_one_or_none()
