"""Events that are kept back: parked ones wait for something, dead ones for an operator."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, tuple_

from lienthong.chassis.engines.sql import upsert
from lienthong.chassis.errors import not_found
from lienthong.chassis.events.event import Event
from lienthong.chassis.events.tables import dead_letters, parked, positions
from lienthong.chassis.uow import UnitOfWork

_PLACE = ("topic", "subject", "sequence")


def held_row(event: Event, work: UnitOfWork) -> dict[str, Any]:
    """Makes the common part of a row of `parked` or `dead_letters`."""
    return {
        "id": work.ids.new(),
        "topic": event.topic,
        "partition": event.partition,
        "offset": event.offset,
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "event_id": event.id,
        "event_time": event.time,
        "traceparent": event.traceparent,
        "value": event.value,
        "held_at": work.now_micros,
    }


def held_event(row: Any) -> Event:
    """Reads an event back from a row of `parked` or `dead_letters`."""
    return Event(
        id=row.event_id,
        topic=row.topic,
        type=row.type,
        subject=row.subject,
        sequence=row.sequence,
        time=row.event_time,
        traceparent=row.traceparent,
        value=row.value,
        partition=row.partition,
        offset=row.offset,
    )


def parked_for(work: UnitOfWork, awaited: Iterable[str]) -> Sequence[Any]:
    """Reads what is parked for some things, once nobody is making one of them any more."""
    work.lock(*awaited)
    found = select(parked).where(parked.c.waits_for.in_(sorted(awaited))).order_by(parked.c.held_at, parked.c.id)
    return work.connection.execute(found).all()


def parked_after(work: UnitOfWork, place: tuple[int, str], count: int) -> Sequence[Any]:
    """Reads parked events beyond a place (time and identifier), the oldest first."""
    found = select(parked).where(tuple_(parked.c.held_at, parked.c.id) > place)
    return work.connection.execute(found.order_by(parked.c.held_at, parked.c.id).limit(count)).all()


def bury(work: UnitOfWork, event: Event, reason: str, attempts: int) -> bool:
    """Keeps an event that could not be handled, for an operator; tells whether it is kept.

    One that took effect before, or that an operator gave up, comes again when a consumer goes back: it is dropped.
    """
    # Errors repeat what they met, and no text of a database holds a NUL.
    row = held_row(event, work) | {"reason": reason.replace("\0", ""), "attempts": attempts}
    upsert(work.connection, dead_letters, row, _PLACE, ("reason", "attempts"))
    if position_of(work.connection, event) < event.sequence:
        return True
    # Only now, because an operator may give up what this copy has in hand.
    work.connection.execute(delete(dead_letters).where(*(dead_letters.c[name] == row[name] for name in _PLACE)))
    return False


def position_of(connection: Connection, event: Event) -> int:
    """Tells up to which event an aggregate was taken: the one that this event is about."""
    kept = select(positions.c.version).where(positions.c.topic == event.topic, positions.c.subject == event.subject)
    return connection.execute(kept).scalar_one_or_none() or 0


def take_dead(connection: Connection, identifier: str) -> Event:
    """Takes a dead letter out of what is kept.

    Raises:
        AxisError: NOT_FOUND; there is none of this name.
    """
    row = connection.execute(select(dead_letters).where(dead_letters.c.id == identifier)).one_or_none()
    if row is None:
        raise not_found(f"dead letter {identifier!r}")
    connection.execute(delete(dead_letters).where(dead_letters.c.id == identifier))
    return held_event(row)


def pass_over(connection: Connection, event: Event) -> None:
    """Counts an event as taken, though it had no effect: what follows it may come."""
    # The event may have come again and taken effect, and others after it: positions never go back.
    if position_of(connection, event) >= event.sequence:
        return
    row = {"topic": event.topic, "subject": event.subject, "version": event.sequence}
    upsert(connection, positions, row, ("topic", "subject"), ("version",))


def take_next(connection: Connection, event: Event) -> list[Event]:
    """Takes the event that follows one of the same aggregate out of what is parked; none when it is not there."""
    row = connection.execute(
        select(parked).where(
            parked.c.topic == event.topic,
            parked.c.subject == event.subject,
            parked.c.sequence == event.sequence + 1,
        )
    ).one_or_none()
    if row is None:
        return []
    connection.execute(delete(parked).where(parked.c.id == row.id))
    return [held_event(row)]
