"""The tables of notification. Times are microseconds since 1970."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("sender_name", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    # Number and notation in one string.
    Column("code", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due_at", BigInteger),
    # The last verdict that signing told, by the number of the contract; 0 before the first.
    Column("verdict", Integer, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False, index=True),
    Column("recipient", Text, nullable=False),
    Column("recipient_name", Text, nullable=False),
    # Before that the recipient must not learn that the document exists.
    Column("shown", Boolean, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("unit", Text, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("agency", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("target", Text, nullable=False),
    # Separated by spaces; empty means all.
    Column("kinds", Text, nullable=False),
    Column("minimum_priority", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("language", Text, nullable=False),
    # Webhook secrets: the present one, and those before while they sign too, separated by spaces.
    Column("secret", Text, nullable=False),
    Column("old_secret", Text, nullable=False),
    Column("old_secret_until", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("subscriptions_agency", "agency", "created_at", "id"),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("subscription", Text, nullable=False),
    Column("agency", Text, nullable=False),
    # Counts the notices of an agency in commit order, for watches.
    Column("position", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    # Whom a failure speaks of: agency and host, so that one agency's broken receiver harms no other agency.
    Column("endpoint", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("attempts", Integer, nullable=False),
    # When it is tried next, by domain time; absent when nothing is to be done any more.
    Column("next_attempt_at", BigInteger),
    # Who is sending it, and until when by the database's clock nobody else may.
    Column("lease", Text, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    UniqueConstraint("event", "subscription"),
    UniqueConstraint("agency", "position"),
    Index("notices_listed", "agency", "created_at", "id"),
    Index("notices_state", "agency", "state", "created_at", "id"),
    Index("notices_kind", "agency", "kind", "created_at", "id"),
    Index("notices_channel", "agency", "channel", "created_at", "id"),
    Index("notices_subscription", "subscription"),
    Index("notices_created", "created_at"),
    Index("notices_leased", "channel", "lease_until", "endpoint"),
)

WAITING = notices.c.next_attempt_at.is_not(None)
"""Notices that are to be sent, now or later."""


def _waiting(name: str, *columns: str) -> None:
    Index(name, *(notices.c[column] for column in columns), sqlite_where=WAITING, postgresql_where=WAITING)


_waiting("notices_due", "channel", "next_attempt_at", "id")
_waiting("notices_lines", "channel", "endpoint", "next_attempt_at", "id")
_waiting("notices_waiting_age", "channel", "created_at")

attempts = Table(
    "attempts",
    metadata,
    Column("notice", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", BigInteger, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    Column("next_attempt_at", BigInteger),
)

circuits = Table(
    "circuits",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("openings", Integer, nullable=False),
    Column("open_until", BigInteger),
    Column("probe_since", BigInteger),
    # Until then nothing is claimed for the endpoint; 0 when it may be called.
    Column("blocked_until", BigInteger, nullable=False),
)
