"""An event as it is written, and as it arrives: protobuf values with CloudEvents headers in binary mode."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message

from lienthong.chassis.engines.eventlog import INSTALLATION, NewRecord, Record

DOCUMENTS: Final = "intake-documents-v1"
VERDICTS: Final = "signing-verdicts-v1"
DIRECTORY: Final = "routing-directory-v1"
DELIVERIES: Final = "routing-deliveries-v1"
PROGRESS: Final = "workflow-progress-v1"

EVENT_PACKAGE: Final = "lienthong.events.v1."

VALUE_BYTES_AT_MOST: Final = 900 * 1024
"""Of one event. Every event log takes a record of 1 MiB; one that it does not take would hold back all behind it."""

_HEADER_CHARACTERS: Final = 500
"""Of a header, at most: what is longer fits into no index, and no event of ours has one."""
_LAST_SEQUENCE: Final = 2**63 - 1
_UNREADABLE: Final = "unreadable/"
_NEEDED: Final = ("ce_id", "ce_type", "ce_subject", "ce_sequence")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that happened, to be told.

    Attributes:
        topic: Where it is told.
        key: Decides the partition; events of one key keep their order.
        subject: The aggregate; its events are counted 1, 2, 3 … in each topic.
        value: What happened.
    """

    topic: str
    key: str
    subject: str
    value: Message


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as it arrived.

    Attributes:
        id: Identifier, the same at each repeat.
        topic: Where it was told.
        type: Full name of the message type.
        subject: The aggregate.
        sequence: Version of the aggregate.
        time: When it was written, RFC 3339.
        traceparent: Trace that it belongs to, may be empty.
        value: The message, serialised.
        partition: Partition of the topic.
        offset: Offset in the partition.
    """

    id: str
    topic: str
    type: str
    subject: str
    sequence: int
    time: str
    traceparent: str
    value: bytes
    partition: int = 0
    offset: int = 0


def record_of(row: Any, source: str, time: str) -> NewRecord:
    """Makes a record of the log from a row of the outbox."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": row.event_id,
        "ce_source": source,
        "ce_type": row.type,
        "ce_subject": row.subject,
        "ce_sequence": str(row.sequence),
        "ce_time": time,
        "content-type": "application/protobuf",
    }
    if row.traceparent:
        headers["traceparent"] = row.traceparent
    return NewRecord(row.topic, row.key.encode(), row.value, headers)


def event_of(record: Record) -> Event:
    """Reads a record of the log, whoever wrote it.

    Raises:
        ValueError: Another installation of the axis wrote it, a header is missing or malformed, or no database could
            keep it.
    """
    headers: Mapping[str, str] = record.headers
    if INSTALLATION in headers:
        raise ValueError(
            f"another installation, whose authority is {_kept(headers, INSTALLATION)}, publishes to our topics: stop "
            "it, then skip what it left"
        )
    missing = sorted(name for name in _NEEDED if name not in headers)
    if missing:
        raise ValueError(f"headers missing: {', '.join(missing)}")
    odd = [name for name in _NEEDED if headers[name] != _kept(headers, name)]
    if odd:
        raise ValueError(f"headers longer than {_HEADER_CHARACTERS} characters, or with a NUL: {', '.join(odd)}")
    return Event(
        id=headers["ce_id"],
        topic=record.topic,
        type=headers["ce_type"],
        subject=headers["ce_subject"],
        sequence=_sequence(headers["ce_sequence"]),
        time=_kept(headers, "ce_time"),
        traceparent=_kept(headers, "traceparent"),
        value=record.value,
        partition=record.partition,
        offset=record.offset,
    )


def _sequence(text: str) -> int:
    sequence = int(text)
    if not 1 <= sequence <= _LAST_SEQUENCE:
        raise ValueError(f"ce_sequence counts from 1 to {_LAST_SEQUENCE}")
    return sequence


def _kept(headers: Mapping[str, str], name: str) -> str:
    """Gives of a header what every database can keep."""
    return headers.get(name, "").replace("\0", "")[:_HEADER_CHARACTERS]


def insist_on_readable(event: Event) -> None:
    """Makes sure that an event was read from its headers.

    Raises:
        ValueError: Of its record only its place is known.
    """
    if event.subject.startswith(_UNREADABLE):
        raise ValueError("it is no event of ours, and nobody can handle it: skip it")


def unreadable(record: Record) -> Event:
    """Makes an event of a record whose headers cannot be read; its place in the log is its name."""
    return Event(
        id=_kept(record.headers, "ce_id"),
        topic=record.topic,
        type=_kept(record.headers, "ce_type"),
        subject=f"{_UNREADABLE}{record.partition}/{record.offset}",
        sequence=1,
        time=_kept(record.headers, "ce_time"),
        traceparent=_kept(record.headers, "traceparent"),
        value=record.value,
        partition=record.partition,
        offset=record.offset,
    )
