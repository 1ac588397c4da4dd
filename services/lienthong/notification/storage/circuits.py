"""Rows of circuits: which endpoints are left alone."""

from datetime import datetime

from sqlalchemy import Connection, delete, exists, select

from lienthong.chassis.engines.sql import upsert
from lienthong.chassis.times import from_micros, to_micros
from lienthong.notification.domain import Circuit, CircuitPolicy
from lienthong.notification.domain.notices import SENDING
from lienthong.notification.storage.tables import WAITING, circuits, notices


def circuit_of(connection: Connection, endpoint: str) -> Circuit:
    """Gives the circuit of an endpoint; closed when nothing is known of it."""
    row = connection.execute(select(circuits).where(circuits.c.endpoint == endpoint)).one_or_none()
    if row is None:
        return Circuit()
    return Circuit(row.failures, row.openings, _moment(row.open_until), _moment(row.probe_since))


def keep_circuit(connection: Connection, endpoint: str, circuit: Circuit, policy: CircuitPolicy) -> None:
    """Keeps the circuit of an endpoint; one that is closed and forgot its failures takes no row."""
    if circuit == Circuit():
        connection.execute(delete(circuits).where(circuits.c.endpoint == endpoint))
        return
    blocked = [circuit.open_until] if circuit.open_until else []
    blocked += [circuit.probe_since + policy.probe_timeout] if circuit.probe_since else []
    values = {
        "failures": circuit.failures,
        "openings": circuit.openings,
        "open_until": _micros(circuit.open_until),
        "probe_since": _micros(circuit.probe_since),
        "blocked_until": max(map(to_micros, blocked), default=0),
    }
    upsert(connection, circuits, {"endpoint": endpoint, **values}, ("endpoint",), tuple(values))


def remove_idle_circuits(connection: Connection, now: int) -> int:
    """Removes circuits of endpoints that may be called and for which nothing waits; tells how many."""
    waiting = exists().where(notices.c.channel.in_(SENDING), notices.c.endpoint == circuits.c.endpoint, WAITING)
    return connection.execute(delete(circuits).where(circuits.c.blocked_until <= now, ~waiting)).rowcount


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)
