"""The first tables of the chassis, as they were made: they never change again, later versions of each schema do."""

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    event,
    text,
)

metadata = MetaData()
_BIG = BigInteger().with_variant(Integer, "sqlite")
_WAITS = text("published_at IS NULL")

Table(
    "outbox",
    metadata,
    Column("id", _BIG, primary_key=True, autoincrement=True),
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

Table(
    "aggregate_versions",
    metadata,
    Column("topic", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("traceparent", Text, nullable=False),
    PrimaryKeyConstraint("topic", "subject"),
    sqlite_with_rowid=False,
)

Table(
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


_held("parked_events", Column("waits_for", Text, nullable=False, index=True))
_held("dead_letters", Column("attempts", Integer, nullable=False))
Table(
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

audit = Table(
    "audit_entries",
    metadata,
    Column("id", _BIG, primary_key=True, autoincrement=True),
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

# Append-only also for whoever has the database open: an entry once written is neither changed nor taken away.
_GUARDS = {
    "sqlite": """
        CREATE TRIGGER audit_entries_no_{act} BEFORE {act} ON audit_entries
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
        """,
    "postgresql": """
        CREATE FUNCTION audit_entries_no_{act}() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
        CREATE TRIGGER audit_entries_no_{act} BEFORE {act} ON audit_entries
        FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_no_{act}()
        """,
}
for _dialect, _guard in _GUARDS.items():
    for _act in ("update", "delete"):
        made = DDL(_guard.format(act=_act)).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call] # untyped in SQLAlchemy
        event.listen(audit, "after_create", made)

Table("counters", metadata, Column("name", Text, primary_key=True), Column("value", BigInteger, nullable=False))
Table(
    "leases",
    metadata,
    Column("work", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("work", "name"),
)

Table(
    "directory_agencies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False, index=True),
    Column("state", LargeBinary, nullable=False),
)

Table(
    "directory_systems",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False, index=True),
    Column("state", LargeBinary, nullable=False),
    Column("revoked", Boolean, nullable=False),
)


def create_chassis_tables(connection: Connection) -> None:
    """Makes the tables of the chassis, in the first version of each service's schema."""
    metadata.create_all(connection)
