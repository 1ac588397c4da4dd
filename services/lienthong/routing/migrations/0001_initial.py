"""The first schema of routing, as it was made: it never changes again, later versions do.

Revision ID: 0001
Revises:
"""

from alembic import op
from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text

from lienthong.chassis.first_tables import create_chassis_tables

revision = "0001"
down_revision = None

metadata = MetaData()

_KEY = 120

Table(
    "agency_codes",
    metadata,
    Column("code", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    PrimaryKeyConstraint("code", "agency", "starts"),
    Index("agency_codes_agency", "agency"),
)

Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("accepted", LargeBinary, nullable=False),
    Column("recipient_count", Integer, nullable=False),
    Column("verdict", Integer, nullable=False),
    Column("verdict_vi", Text, nullable=False),
    Column("verdict_en", Text, nullable=False),
    Column("verdict_version", BigInteger, nullable=False),
)

Table(
    "document_recipients",
    metadata,
    Column("document", Text, primary_key=True),
    Column("recipients", LargeBinary, nullable=False),
)

Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("visible", Integer, nullable=False),
    Column("held_until", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("available_at", BigInteger),
    Column("opened_at", BigInteger),
    Column("acknowledged_at", BigInteger),
    Column("chain", Text, nullable=False),
    Column("successor", Text, nullable=False),
    Column("recall", Text, nullable=False),
    Column("recall_reason", Text, nullable=False),
    Column("shown_version", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("notation", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Index("deliveries_document", "document", "ordinal", unique=True),
    Index("deliveries_held", "state", "held_until"),
    Index("deliveries_recipient", "recipient", "visible", "id"),
    Index("deliveries_unfinished", "recipient", "state"),
    Index("deliveries_number", "recipient", "visible", "number", "id"),
    Index("deliveries_notation", "recipient", "visible", "notation", "id"),
    Index("deliveries_document_id", "recipient", "visible", "document_id", "id"),
)

Table(
    "delivery_words",
    metadata,
    Column("recipient", Text, nullable=False),
    Column("word", Text, nullable=False),
    Column("delivery", Text, nullable=False),
    PrimaryKeyConstraint("recipient", "word", "delivery"),
    sqlite_with_rowid=False,
)

Table(
    "items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mailbox", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("state", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease", Text, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("status_code", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("content_size", BigInteger, nullable=False),
    Column("facts", LargeBinary, nullable=False),
    Index("items_queue", "mailbox", "waiting", "rank", "sequence"),
    Index("items_list", "mailbox", "waiting", "sequence"),
    Index("items_chain", "mailbox", "chain", "waiting", "sequence"),
    Index("items_delivery", "delivery"),
    Index("items_lease", "lease"),
    Index("items_leased", "state", "lease_until"),
    Index("items_parked", "state", "id"),
    Index("items_age", "kind", "waiting", "created_at"),
)

Table(
    "recalls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False, index=True),
    Column("asked", LargeBinary, nullable=False),
)

Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("argument", Text, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Index("jobs_due", "due_at", "id"),
    Index("jobs_subject", "subject", "kind"),
)


def upgrade() -> None:
    """Makes the tables of the chassis and of routing."""
    create_chassis_tables(op.get_bind())
    metadata.create_all(op.get_bind())
