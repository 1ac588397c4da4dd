"""The tables of the chassis that stand in each service's database."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

metadata = MetaData()
"""Tables that every service has."""

BIG = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit number that SQLite can also count by itself."""

_WAITS = text("published_at IS NULL")

outbox = Table(
    "outbox",
    metadata,
    # Given while the aggregate's version is locked, so that within an aggregate it follows commit order.
    Column("id", BIG, primary_key=True, autoincrement=True),
    # Whose relay publishes it.
    Column("shard", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("traceparent", Text, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("published_at", BigInteger),
    Index("outbox_waiting", "id", sqlite_where=_WAITS, postgresql_where=_WAITS),
    Index("outbox_written", "written_at"),
)

versions = Table(
    "aggregate_versions",
    metadata,
    Column("topic", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    # Of the first event: all events of an aggregate belong to the trace that began it.
    Column("traceparent", Text, nullable=False),
    PrimaryKeyConstraint("topic", "subject"),
    sqlite_with_rowid=False,
)

positions = Table(
    "inbox_positions",
    metadata,
    Column("topic", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("topic", "subject"),
    sqlite_with_rowid=False,
)


def _held(name: str, *more: Column[Any]) -> Table:
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("event_id", Text, nullable=False),
        Column("event_time", Text, nullable=False),
        Column("traceparent", Text, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("held_at", BigInteger, nullable=False),
        Column("reason", Text, nullable=False),
        *more,
        Index(f"{name}_subject", "topic", "subject", "sequence", unique=True),
        Index(f"{name}_held", "held_at", "id"),
    )


parked = _held("parked_events", Column("waits_for", Text, nullable=False, index=True))
dead_letters = _held("dead_letters", Column("attempts", Integer, nullable=False))

requests = Table(
    "requests",
    metadata,
    Column("agency", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("resource", Text, nullable=False),
    Column("answered_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("agency", "method", "request_id"),
    Index("requests_age", "answered_at"),
)

# Append-only also for whoever has the database open: triggers in the first version of each schema see to it.
audit = Table(
    "audit_entries",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("time", BigInteger, nullable=False),
    Column("system", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("audit_resource", "resource", "id"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("work", Text, nullable=False),
    # Number of a shard, or the name of a copy.
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    # Microseconds since 1970 by the clock of the database.
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("work", "name"),
)

directory_agencies = Table(
    "directory_agencies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False, index=True),
    Column("state", LargeBinary, nullable=False),
)

directory_systems = Table(
    "directory_systems",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False, index=True),
    Column("state", LargeBinary, nullable=False),
    Column("revoked", Boolean, nullable=False),
)
