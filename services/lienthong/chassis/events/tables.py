"""The tables of the chassis that stand in each service's database."""

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    event,
    text,
)

metadata = MetaData()
"""Tables that every service has."""

BIG = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit number that SQLite can also count by itself."""

outbox = Table(
    "outbox",
    metadata,
    # Given under the database's write lock, so that it follows commit order.
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("event_id", String(36), nullable=False),
    Column("topic", String(80), nullable=False),
    Column("key", String(80), nullable=False),
    Column("type", String(80), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("traceparent", String(80), nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("published_at", BigInteger),
    Index("outbox_waiting", "id", sqlite_where=text("published_at IS NULL")),
    Index("outbox_written", "written_at"),
)

versions = Table(
    "aggregate_versions",
    metadata,
    Column("topic", String(80), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("version", BigInteger, nullable=False),
    # Of the first event: all events of an aggregate belong to the trace that began it.
    Column("traceparent", String(80), nullable=False),
    PrimaryKeyConstraint("topic", "subject"),
    sqlite_with_rowid=False,
)

positions = Table(
    "inbox_positions",
    metadata,
    Column("topic", String(80), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("topic", "subject"),
    sqlite_with_rowid=False,
)


def _held(name: str, *more: Column[Any]) -> Table:
    return Table(
        name,
        metadata,
        Column("id", String(36), primary_key=True),
        Column("topic", String(80), nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("type", String(80), nullable=False),
        Column("subject", String(80), nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("event_id", String(36), nullable=False),
        Column("event_time", String(40), nullable=False),
        Column("traceparent", String(80), nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("held_at", BigInteger, nullable=False),
        Column("reason", Text, nullable=False),
        *more,
        Index(f"{name}_subject", "topic", "subject", "sequence", unique=True),
        Index(f"{name}_held", "held_at", "id"),
    )


parked = _held("parked_events", Column("waits_for", String(120), nullable=False, index=True))
dead_letters = _held("dead_letters", Column("attempts", Integer, nullable=False))

requests = Table(
    "requests",
    metadata,
    Column("agency", String(40), nullable=False),
    Column("method", String(80), nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("resource", String(120), nullable=False),
    Column("answered_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("agency", "method", "request_id"),
    Index("requests_age", "answered_at"),
)

audit = Table(
    "audit_entries",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("time", BigInteger, nullable=False),
    Column("system", String(40), nullable=False),
    Column("agency", String(40), nullable=False),
    Column("person", Text, nullable=False),
    Column("action", String(80), nullable=False),
    Column("resource", String(120), nullable=False),
    Column("outcome", String(80), nullable=False),
    Column("detail", Text, nullable=False),
    Index("audit_resource", "resource", "id"),
)

for _act in ("UPDATE", "DELETE"):
    # Append-only also for whoever has the database open: an entry once written is neither changed nor taken away.
    event.listen(
        audit,
        "after_create",
        DDL(  # type: ignore[no-untyped-call] # untyped in SQLAlchemy
            f"CREATE TRIGGER audit_entries_no_{_act.lower()} BEFORE {_act} ON audit_entries "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
        ).execute_if(dialect="sqlite"),
    )

counters = Table(
    "counters",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

directory_agencies = Table(
    "directory_agencies",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False, index=True),
    Column("state", LargeBinary, nullable=False),
)

directory_systems = Table(
    "directory_systems",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False, index=True),
    Column("state", LargeBinary, nullable=False),
    Column("revoked", Boolean, nullable=False),
)
