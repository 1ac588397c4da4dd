"""The first schema of notification, as it was made: it never changes again, later versions do.

Revision ID: 0001
Revises:
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text, UniqueConstraint, text

from lienthong.chassis.first_tables import create_chassis_tables

revision = "0001"
down_revision = None

metadata = MetaData()

Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("sender_name", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due_at", BigInteger),
    Column("verdict", Integer, nullable=False),
)

Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False, index=True),
    Column("recipient", Text, nullable=False),
    Column("recipient_name", Text, nullable=False),
    Column("shown", Boolean, nullable=False),
)

Table(
    "tasks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("unit", Text, nullable=False),
)

Table(
    "subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("agency", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("minimum_priority", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("old_secret", Text, nullable=False),
    Column("old_secret_until", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("subscriptions_agency", "agency", "created_at", "id"),
)

Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("subscription", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
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
    Column("next_attempt_at", BigInteger),
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
    Index(
        "notices_due",
        "channel",
        "next_attempt_at",
        "id",
        sqlite_where=text("next_attempt_at IS NOT NULL"),
        postgresql_where=text("next_attempt_at IS NOT NULL"),
    ),
    Index("notices_leased", "channel", "lease_until", "endpoint"),
)

Table(
    "attempts",
    metadata,
    Column("notice", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", BigInteger, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    Column("next_attempt_at", BigInteger),
)

Table(
    "circuits",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("openings", Integer, nullable=False),
    Column("open_until", BigInteger),
    Column("probe_since", BigInteger),
    Column("blocked_until", BigInteger, nullable=False),
)


def upgrade() -> None:
    """Makes the tables of the chassis and of notification."""
    create_chassis_tables(op.get_bind())
    metadata.create_all(op.get_bind())
