"""The unit of work: one transaction with everything that must commit together.

State changes, the events that tell of them, the inbox row of the event that caused them, the answer that a repeat will
get, and audit entries commit together or not at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Connection

from lienthong.chassis.clock import Clock
from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.engines.sql import database_now, take_locks
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.events.event import NewEvent
from lienthong.chassis.events.outbox import write_events
from lienthong.chassis.events.tables import audit
from lienthong.chassis.ids import IdSource
from lienthong.chassis.times import to_micros

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which resource, and how it ended."""

    system: str
    agency: str
    action: str
    resource: str
    outcome: str = "ok"
    person: str = ""
    detail: str = ""


@dataclass(slots=True)
class UnitOfWork:
    """One transaction.

    Attributes:
        rows: Rows that are read once and written once.
        now: The time of this work; the same throughout.
        ids: Gives identifiers.
        traceparent: Trace that the next events belong to.
    """

    rows: Rows
    now: datetime
    ids: IdSource
    traceparent: str = ""
    database_time: int = 0
    events: list[tuple[NewEvent, str]] = field(default_factory=list)
    entries: list[AuditEntry] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    committed: list[Callable[[], None]] = field(default_factory=list)

    @property
    def connection(self) -> Connection:
        """For statements; they see what `rows` had in hand."""
        return self.rows.connection

    @property
    def now_micros(self) -> int:
        """The time of this work in microseconds since 1970."""
        return to_micros(self.now)

    @property
    def database_micros(self) -> int:
        """The time of the database when this work first asked, or had its first locks, in microseconds since 1970."""
        if not self.database_time:
            self.database_time = database_now(self.rows.connection)
        return self.database_time

    def emit(self, event: NewEvent) -> None:
        """Tells what happened; published after the commit, in this order."""
        self.events.append((event, self.traceparent))

    def record(self, entry: AuditEntry) -> None:
        """Adds to the audit trail."""
        self.entries.append(entry)

    def release(self, awaited: str) -> None:
        """Says that something exists now for which events may be parked, such as `document:…`."""
        self.released.append(awaited)

    def lock(self, *names: str) -> None:
        """Holds locks to the end of the transaction; waits for other copies of the service that hold one of them."""
        if names:
            had = take_locks(self.rows.connection, names)
            self.database_time = self.database_time or had

    def after_commit(self, action: Callable[[], None]) -> None:
        """Runs `action` once the transaction is durable. It must not raise."""
        self.committed.append(action)


class UnitsOfWork:
    """Opens units of work on one database."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource) -> None:
        self.database = database
        self.clock = clock
        self.ids = ids
        self._relays: list[Callable[[], None]] = []
        self._journal: Callable[[list[tuple[NewEvent, str]]], None] | None = None

    def note(self, entry: AuditEntry) -> None:
        """Adds to the audit trail by itself. Without room the entry goes to the log: reading goes on (QD28 Art. 19).

        Raises:
            AxisError: UNAVAILABLE when the database is away.
        """
        try:
            with self.begin() as work:
                work.record(entry)
        except AxisError as error:
            if error.code is not Code.RESOURCE_EXHAUSTED:
                raise
            _log.error("audit entry without room in the database", **asdict(entry))

    def on_events(self, wake: Callable[[], None]) -> None:
        """Calls `wake` after each commit that wrote events."""
        self._relays.append(wake)

    def keep_journal(self, tell: Callable[[list[tuple[NewEvent, str]]], None]) -> None:
        """Calls `tell` with the events of each commit, once they are durable. It must not raise."""
        self._journal = tell

    @contextmanager
    def begin(self, traceparent: str = "") -> Iterator[UnitOfWork]:
        """Opens a transaction that commits at the end of the block.

        Raises:
            AxisError: The database is away or full.
        """
        with self.database.write() as connection:
            work = UnitOfWork(Rows(connection, locking=True), self.clock.now(), self.ids, traceparent)
            yield work
            flush(work)
        if work.events:
            for wake in self._relays:
                wake()
            if self._journal is not None:
                self._journal(work.events)
        for action in work.committed:
            action()


def flush(work: UnitOfWork) -> None:
    """Writes what was collected into the transaction: rows, events, audit entries."""
    if work.events:
        write_events(work.rows, work.events, work.ids, work.now_micros)
    work.rows.insert(audit, [_audit_row(entry, work.now_micros) for entry in work.entries])
    work.rows.write()


def _audit_row(entry: AuditEntry, now: int) -> dict[str, object]:
    return {
        "time": now,
        "system": entry.system,
        "agency": entry.agency,
        "person": entry.person,
        "action": entry.action,
        "resource": entry.resource,
        "outcome": entry.outcome,
        "detail": entry.detail,
    }
