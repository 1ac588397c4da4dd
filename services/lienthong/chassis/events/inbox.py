"""The inbox: each event takes effect once, in the order of its aggregate.

Events of an aggregate are counted 1, 2, 3 … An event that was seen is dropped, the next one is handled, a later one is
parked until the gap closes; so is one whose parent is not known yet. Parked is not dead.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message
from sqlalchemy import ColumnElement, delete, func, select

from lienthong.chassis.engines.sql import upsert
from lienthong.chassis.events.aggregates import by_topic, of_one_topic
from lienthong.chassis.events.event import DIRECTORY, Event
from lienthong.chassis.events.held import held_event, held_row
from lienthong.chassis.events.tables import parked, positions
from lienthong.chassis.pace import Pace
from lienthong.chassis.tracing import CONSUMER, tracing
from lienthong.chassis.uow import UnitOfWork

PARKED_AT_MOST = 100_000
"""Parked events that a service keeps; beyond them its consumer stops and alarms."""

# When partitions move, two copies may have the same events in hand for a moment: the second waits, then drops them.
_POSITIONS = of_one_topic(positions).with_for_update()
_ANY_PARKED = select(parked.c.id).limit(1)
_KEY = ("topic", "subject")
_PARKED_OF = of_one_topic(parked).with_only_columns(parked.c.topic, parked.c.subject).distinct()
_COUNT_PARKED = select(func.count()).select_from(parked)
_GAP = "waits for an earlier event of the same aggregate"

_PACE = Pace(least=0.025, most=0.15)
"""Under load events go together, and one that comes alone waits for nothing."""

Handler = Callable[[UnitOfWork, Any, Event], None]
Prepare = Callable[[UnitOfWork, Sequence[Any]], None]


class ParentUnknownError(Exception):
    """An event arrived before the thing that it is about. A handler raises it before it changes anything.

    Attributes:
        awaited: What it waits for, such as `document:…`; whoever makes it calls `UnitOfWork.release` with the same.
    """

    def __init__(self, awaited: str) -> None:
        super().__init__(f"waits for {awaited}")
        self.awaited = awaited


class ParkingFullError(Exception):
    """No more events may be parked; something upstream is missing for long."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which events a service takes, and what it does with each type.

    Attributes:
        topics: All events of these topics are counted, also those of types that have no handler.
        handlers: By full name of the message type: the type, and what to do.
        prepare: Reads what a batch of messages will need in a few statements; handlers work without it as well.
        pace: Of its batches.
    """

    topics: tuple[str, ...]
    handlers: Mapping[str, tuple[type[Message], Handler]]
    prepare: Prepare | None = None
    pace: Pace = _PACE


def handler(kind: type[Message], action: Handler) -> tuple[str, tuple[type[Message], Handler]]:
    """Makes one row of `Subscription.handlers`."""
    return kind.DESCRIPTOR.full_name, (kind, action)


class InboxBatch:
    """Applies a batch of events in one unit of work."""

    def __init__(self, work: UnitOfWork, subscription: Subscription) -> None:
        self._work = work
        self._subscription = subscription
        self._positions: dict[tuple[str, str], int] = {}
        self._changed: set[tuple[str, str]] = set()
        self._begun: set[tuple[str, str]] = set()
        self._any_parked: bool | None = None
        self._room: int | None = None
        self._asked: set[tuple[str, str]] = set()
        self._waiting: set[tuple[str, str]] = set()
        self._parking: dict[tuple[str, str, int], dict[str, Any]] = {}
        self.awaited: set[str] = set()
        """What events were parked for."""
        self._messages: dict[tuple[str, str, int], Message] = {}
        self._since: dict[tuple[str, str, int], dict[str, Any]] = {}

    def apply(self, events: Iterable[Event]) -> int:
        """Applies events and all parked ones that follow from them; tells how many took effect.

        Raises:
            ParkingFullError: Too much is parked.
            Exception: Whatever a handler raised; nothing of the batch took effect then.
        """
        todo = deque(events)
        self._load(todo)
        self._prepare(todo)
        applied = 0
        while todo:
            event = todo.popleft()
            if self._apply_one(event):
                applied += 1
                todo.extendleft(self._next_of(event))
            if not todo:
                todo.extend(self._released())
        self._store()
        return applied

    def look_again(self, held: Sequence[Any]) -> int:
        """Applies events that are parked, given as their rows; those that wait still are parked again."""
        self._unpark(held)
        return self.apply([held_event(row) for row in held])

    def _load(self, events: Iterable[Event]) -> None:
        self._load_keys({(event.topic, event.subject) for event in events if event.topic != DIRECTORY})

    def _load_keys(self, wanted: set[tuple[str, str]]) -> None:
        keys = wanted - self._positions.keys()
        if not keys:
            return
        self._positions.update(dict.fromkeys(keys, 0))
        for some in by_topic(keys):
            for row in self._work.rows.execute(_POSITIONS, some):
                self._positions[row.topic, row.subject] = row.version
                self._begun.add((row.topic, row.subject))

    def _begin(self, key: tuple[str, str]) -> None:
        """Makes the position of an aggregate of which something is about to wait, where it has none, and reads it anew.

        Copies take turns at an aggregate by its position. Without one, a copy would park an event while another is
        releasing the event before it, and neither would see what the other did. What waits hardly waits alone: all of
        the batch that have none get theirs.
        """
        if key in self._begun or key in self._changed:
            return
        new = set(self._positions) - self._begun - self._changed
        rows = [{"topic": topic, "subject": subject, "version": 0} for topic, subject in sorted(new)]
        upsert(self._work.connection, positions, rows, _KEY)
        for one in new:
            del self._positions[one]
        self._load_keys(new)

    def _apply_one(self, event: Event) -> bool:
        if event.topic == DIRECTORY:
            self._handle(event)
            return False
        key = (event.topic, event.subject)
        if event.sequence > self._positions[key] + 1:
            self._begin(key)
        last = self._positions[key]
        if event.sequence <= last:
            return False
        if event.sequence > last + 1:
            self._park(event, "", _GAP)
            return False
        try:
            self._handle(event)
        except ParentUnknownError as unknown:
            self._begin(key)
            if event.sequence > self._positions[key]:
                self._park(event, unknown.awaited, str(unknown))
            return False
        self._positions[key] = event.sequence
        self._changed.add(key)
        return True

    def _prepare(self, events: Iterable[Event]) -> None:
        if self._subscription.prepare is None:
            return
        messages = []
        for event in events:
            last = self._positions.get((event.topic, event.subject), 0)
            if event.type in self._subscription.handlers and event.sequence > last:
                # One that cannot be read raises when its turn comes, and stands alone then.
                with suppress(DecodeError):
                    messages.append(self._message(event))
        if messages:
            self._subscription.prepare(self._work, messages)

    def _message(self, event: Event) -> Message:
        message = self._messages.get((event.topic, event.subject, event.sequence))
        if message is None:
            kind, _action = self._subscription.handlers[event.type]
            message = kind()
            message.ParseFromString(event.value)
            self._messages[event.topic, event.subject, event.sequence] = message
        return message

    def _handle(self, event: Event) -> None:
        found = self._subscription.handlers.get(event.type)
        if found is None:
            return
        _kind, action = found
        message = self._message(event)
        with tracing.span(event.type, event.traceparent, CONSUMER, {"subject": event.subject}) as traceparent:
            self._work.traceparent = traceparent
            action(self._work, message, event)

    def _park(self, event: Event, awaited: str, reason: str) -> None:
        if self._room is None:
            # Once a batch: counting reads all that are parked.
            self._room = PARKED_AT_MOST - int(self._work.connection.execute(_COUNT_PARKED).scalar_one())
        if self._room <= 0:
            raise ParkingFullError(f"{PARKED_AT_MOST} events are parked; the oldest say what is missing")
        self._room -= 1
        row = held_row(event, self._work) | {"reason": reason, "waits_for": awaited}
        # One that was looked at again has waited since it came, and is the same one to whoever lists them.
        row |= self._since.get((event.topic, event.subject, event.sequence), {})
        self._parking[event.topic, event.subject, event.sequence] = row
        self._any_parked = True
        self._waiting.add((event.topic, event.subject))
        if awaited:
            self.awaited.add(awaited)

    def _write_parked(self) -> None:
        """Writes what was parked since, together. A repeat of a parked event changes only what it waits for."""
        if self._parking:
            rows = list(self._parking.values())
            upsert(self._work.connection, parked, rows, (*_KEY, "sequence"), ("waits_for", "reason"))
            self._parking.clear()

    def _nothing_parked(self) -> bool:
        if self._any_parked is None:
            self._any_parked = self._work.rows.execute(_ANY_PARKED).first() is not None
        return not self._any_parked

    def _any_parked_of(self, key: tuple[str, str]) -> bool:
        """Tells whether events of an aggregate are parked; all aggregates of the batch are asked for together."""
        if key not in self._asked:
            new = self._positions.keys() - self._asked
            for some in by_topic(new):
                self._waiting |= {(row.topic, row.subject) for row in self._work.rows.execute(_PARKED_OF, some)}
            self._asked |= new
        return key in self._waiting

    def _next_of(self, event: Event) -> list[Event]:
        """Takes the event that follows one of the same aggregate out of what is parked, and those that are done."""
        if self._nothing_parked() or not self._any_parked_of((event.topic, event.subject)):
            return []
        # A copy that swept may have parked this one again while it was taken here.
        following = (
            (parked.c.topic == event.topic)
            & (parked.c.subject == event.subject)
            & (parked.c.sequence <= event.sequence + 1)
        )
        return self._taken(following)

    def _released(self) -> list[Event]:
        """Takes out of what is parked all that waited for something that exists now."""
        released, self._work.released = self._work.released, []
        if not released:
            return []
        # Another copy may be parking what waits for this: it is seen here, or it looks again once this is committed.
        self._work.lock(*released)
        self._write_parked()
        return self._taken(parked.c.waits_for.in_(released)) if self._work.rows.execute(_ANY_PARKED).first() else []

    def _taken(self, due: ColumnElement[bool]) -> list[Event]:
        self._write_parked()
        found = select(parked).where(due).order_by(parked.c.held_at, parked.c.id)
        rows = self._work.connection.execute(found).all()
        self._unpark(rows)
        events = [held_event(row) for row in rows]
        self._load(events)
        return events

    def _unpark(self, rows: Sequence[Any]) -> None:
        if rows:
            self._work.connection.execute(delete(parked).where(parked.c.id.in_([row.id for row in rows])))
            self._since |= {
                (row.topic, row.subject, row.sequence): {"id": row.id, "held_at": row.held_at} for row in rows
            }
            self._any_parked = None
            self._room = None if self._room is None else self._room + len(rows)

    def _store(self) -> None:
        self._write_parked()
        if not self._changed:
            return
        rows = [
            {"topic": topic, "subject": subject, "version": self._positions[topic, subject]}
            for topic, subject in sorted(self._changed)
        ]
        # The first event of an aggregate inserts and nothing else: of two that take it one must fail.
        self._work.rows.insert(positions, [row for row in rows if (row["topic"], row["subject"]) not in self._begun])
        known = [row for row in rows if (row["topic"], row["subject"]) in self._begun]
        if known:
            upsert(self._work.connection, positions, known, _KEY, ("version",))
