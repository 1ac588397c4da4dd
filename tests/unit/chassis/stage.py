"""A database, a log and events for tests of the chassis; the value of an event is a line of text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import select

from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.engines.database import Database, SqliteDatabase
from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.engines.eventlog import EventLog, NewRecord, Topic
from lienthong.chassis.engines.sqlite_log import SqliteEventLog
from lienthong.chassis.events.consumer import Consumer, ConsumerLimits
from lienthong.chassis.events.event import Event, NewEvent
from lienthong.chassis.events.inbox import InboxBatch, ParentUnknownError, Subscription, handler
from lienthong.chassis.events.outbox import Relay
from lienthong.chassis.events.tables import dead_letters, metadata, parked
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.keyring import Keyring
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.service import Component, Foundation, ServiceContext
from lienthong.chassis.uow import UnitOfWork, UnitsOfWork
from lienthong.testing.clock import FakeClock

TOPIC = "things-v1"
LIMITS = ConsumerLimits(batch=50, poll_seconds=0.05, attempts=2, retry_seconds=0.001, away_seconds=0.01)


def event(subject: str, sequence: int, text: str = "", topic: str = TOPIC) -> Event:
    """An event as it arrives."""
    value = StringValue(value=text or f"{subject}-{sequence}")
    return Event(
        id=f"{subject}-{sequence}",
        topic=topic,
        type=value.DESCRIPTOR.full_name,
        subject=subject,
        sequence=sequence,
        time="2026-11-23T01:00:00Z",
        traceparent="",
        value=value.SerializeToString(),
    )


def headers_of(one: Event) -> dict[str, str]:
    """The headers under which an event stands in the log."""
    return {"ce_id": one.id, "ce_type": one.type, "ce_subject": one.subject, "ce_sequence": str(one.sequence)}


@dataclass
class Stage:
    """A service that takes lines of text.

    Attributes:
        seen: What took effect, in order.
        poison: Lines that cannot be handled, with the error that they raise.
        parents: Lines that wait for something, with what they wait for.
        releases: Lines that make something, with what it is.
        made: What was made.
        shared: A database that other copies of the service use too.
    """

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    seen: list[str] = field(default_factory=list)
    poison: dict[str, Exception] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    releases: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    shared: Database | None = None

    def __post_init__(self) -> None:
        self.database: Database = self.shared or SqliteDatabase(self.folder / "service.db")
        with self.database.write() as connection:
            metadata.create_all(connection)
        self.units = UnitsOfWork(self.database, self.clock, Uuid7Source())
        self.log = SqliteEventLog(self.folder, (Topic(TOPIC, 2, 3600),), self.clock)
        self.subscription = Subscription((TOPIC,), dict([handler(StringValue, self._take)]))

    def _take(self, work: UnitOfWork, message: StringValue, _event: Event) -> None:
        text = message.value
        if text in self.poison:
            raise self.poison[text]
        awaited = self.parents.get(text)
        if awaited and awaited not in self.made:
            raise ParentUnknownError(awaited)
        if text in self.releases:
            self.made.add(self.releases[text])
            work.release(self.releases[text])
        work.after_commit(lambda: self.seen.append(text))

    def apply(self, *events: Event) -> int:
        """Applies events in one transaction."""
        with self.units.begin() as work:
            return InboxBatch(work, self.subscription).apply(events)

    def publish(self, *events: Event) -> None:
        """Puts events into the log as another service would."""
        self.log.publish([NewRecord(TOPIC, one.subject.encode(), one.value, headers_of(one)) for one in events])

    def emit(self, *texts: str, subject: str = "a") -> None:
        """Tells things with a state change."""
        with self.units.begin() as work:
            for text in texts:
                work.emit(NewEvent(TOPIC, subject, subject, StringValue(value=text)))

    def consumer(self, limits: ConsumerLimits = LIMITS, log: EventLog | None = None) -> Consumer:
        """A consumer of the service."""
        return Consumer("service", log or self.log, self.units, self.subscription, limits)

    def relay(self, log: EventLog | None = None, owner: str = "") -> Relay:
        """The relay of the service."""
        return Relay("service", self.database, log or self.log, self.clock, owner)

    def rows(self, table: Any) -> Sequence[Any]:
        """Reads a table."""
        with self.database.read() as connection:
            return connection.execute(select(table)).all()

    def parked(self) -> list[tuple[str, int]]:
        """What is parked."""
        return sorted((row.subject, row.sequence) for row in self.rows(parked))

    def dead(self) -> list[tuple[str, int]]:
        """What is dead."""
        return sorted((row.subject, row.sequence) for row in self.rows(dead_letters))

    def component(self) -> Component:
        """The service as the process sees it."""
        base = Foundation(
            self.clock,
            Uuid7Source(),
            self.log,
            DirectoryBlobs(self.folder / "blobs", Uuid7Source()),
            Keyring(self.folder),
            Hub(),
            Metrics(),
        )
        context = ServiceContext("service", base, self.database, self.units, DirectoryCache(self.database))
        return Component(context, (), self.subscription)

    def close(self) -> None:
        """Gives everything back."""
        self.log.close()
        self.database.close()


Action = Callable[[], object]
