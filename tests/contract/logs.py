"""Engines of the event log under test: how each is opened, and how time, retention and compaction are brought on."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from lienthong.chassis.engines.eventlog import EventLog, LogConsumer, Record, Topic
from lienthong.chassis.engines.sqlite_log import SqliteEventLog
from lienthong.chassis.times import to_micros
from lienthong.testing.clock import FakeClock

TOPICS = (
    Topic("documents", partitions=4, retention_seconds=3600),
    Topic("directory", partitions=1, retention_seconds=0, compacted=True),
)


class LogUnderTest(Protocol):
    """An engine of the event log.

    Attributes:
        at_once: Whether members have their partitions at once, and polls bring whatever is there.
        examples: How many examples a property is tried with.
        precision: Of times, in microseconds.
    """

    at_once: bool
    examples: int
    precision: int

    def open(self) -> EventLog:
        """Opens the log; again, after it was closed, what it kept."""
        ...

    def micros(self) -> int:
        """Tells the time by which records are stamped."""
        ...

    def wait(self) -> None:
        """Lets that time go on by more than its precision."""
        ...

    def outlive(self) -> None:
        """Makes everything published so far older than its retention."""
        ...

    def trim(self, log: EventLog) -> int:
        """Removes what retention no longer keeps; tells how many records went."""
        ...

    def compact(self, log: EventLog) -> int:
        """Removes what compaction no longer keeps, ten years later; tells how many records went."""
        ...

    def settle(self, *members: LogConsumer) -> Sequence[list[Record]]:
        """Waits until each member has partitions and none is left; gives what each polled meanwhile."""
        ...


class EmbeddedLog:
    """SQLite in a folder, with a clock of its own."""

    at_once = True
    examples = 20
    precision = 0

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        self._clock = FakeClock()

    def open(self) -> EventLog:
        """Opens the log."""
        log = SqliteEventLog(self._folder, TOPICS, self._clock)
        self._stack.callback(log.close)
        return log

    def micros(self) -> int:
        """Tells the clock's time."""
        return to_micros(self._clock.now())

    def wait(self) -> None:
        """Moves the clock by a minute."""
        self._clock.advance(seconds=60)

    def outlive(self) -> None:
        """Moves the clock beyond the retention."""
        self._clock.advance(seconds=3601)

    def trim(self, log: EventLog) -> int:
        """Trims."""
        return log.trim(self.micros())

    def compact(self, log: EventLog) -> int:
        """Trims ten years later."""
        self._clock.advance(days=3650)
        return log.trim(self.micros())

    def settle(self, *members: LogConsumer) -> Sequence[list[Record]]:
        """Members have their partitions at once."""
        return [[] for _ in members]
