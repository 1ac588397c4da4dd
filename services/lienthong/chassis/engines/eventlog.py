"""The event log contract: topics, partitions, consumer groups, offsets, retention.

Within a partition records keep their order; a key always goes to the same partition. `publish` returns when the records
are durable. Publishing may repeat after a failure, so a reader may see a record twice, never out of order. Offsets are
committed by the reader, after it has stored what it made of the records.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

INSTALLATION: Final = "ce_installation"
"""Header of a record that another installation of the axis wrote; of our own it is taken away in reading."""


@dataclass(frozen=True, slots=True)
class Topic:
    """How a topic is kept.

    Attributes:
        name: Its name.
        partitions: How many partitions it has.
        retention_seconds: Older records may go; 0 keeps all.
        compacted: Whether only the last record of each key is kept.
    """

    name: str
    partitions: int
    retention_seconds: int
    compacted: bool = False


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to publish."""

    topic: str
    key: bytes
    value: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the log keeps it.

    Attributes:
        topic: Where it stands.
        partition: In which partition.
        offset: Position, from 0, without gaps except after compaction or retention.
        key: Its key.
        value: Its value.
        headers: Its headers.
        timestamp: When it was published, in microseconds since 1970.
    """

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Mapping[str, str]
    timestamp: int


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a group is behind in one partition."""

    topic: str
    partition: int
    records: int
    oldest: int | None
    """When the oldest waiting record was published, in microseconds since 1970."""


class LogConsumer(Protocol):
    """One member of a consumer group."""

    @property
    def assigned(self) -> Collection[tuple[str, int]]:
        """Topic and number of the partitions that are this member's now; none until the group has formed."""
        ...

    def poll(self, max_records: int, timeout: float) -> Sequence[Record]:
        """Waits up to `timeout` seconds for records of the assigned partitions; at most `max_records`.

        Raises:
            AxisError: UNAVAILABLE when the log does not answer; polling again is right, and the member recovers.
        """
        ...

    def done(self, records: Sequence[Record]) -> None:
        """Notes that what was made of these records is stored; waits for nothing.

        Their offsets are committed with the next `commit`, or when the member leaves.
        """
        ...

    def commit(self, records: Sequence[Record] = ()) -> None:
        """Commits the offsets after all records that are done, and after these that are now; never goes back.

        Those of partitions that went to another member meanwhile are passed over: it reads them again.

        Raises:
            AxisError: UNAVAILABLE when the log does not answer.
        """
        ...

    def close(self) -> None:
        """Leaves the group; others take the partitions over."""
        ...


class EventLog(Protocol):
    """Where services tell each other what happened."""

    def publish(self, records: Sequence[NewRecord]) -> None:
        """Appends records in order; durable on return.

        A call that failed may have appended some of its records. It is repeated with the same ones, more may follow;
        an engine may leave out those that it knows to be there.

        Raises:
            AxisError: UNAVAILABLE when the log does not answer, RESOURCE_EXHAUSTED when it is full, INVALID_ARGUMENT
                for a record that it can never take.
            ValueError: A topic is not declared.
        """
        ...

    def join(self, group: str, topics: Sequence[str]) -> LogConsumer:
        """Becomes a member of a group; needs no answer of the log.

        Raises:
            ValueError: A topic is not declared.
        """
        ...

    def lag(self, group: str, topics: Sequence[str]) -> Sequence[Lag]:
        """Tells how far a group is behind; what retention removed is not counted.

        Raises:
            AxisError: UNAVAILABLE when the log does not answer in time.
        """
        ...

    def trim(self, now_micros: int) -> int:
        """Removes some of what retention and compaction no longer keep; tells how many records went, 0 at the end.

        An engine that does so by itself has nothing to do, and says 0.
        """
        ...

    def close(self) -> None:
        """Gives everything back."""
        ...
