"""The first schema of signing, as it was made: it never changes again, later versions do.

Revision ID: 0001
Revises:
"""

from alembic import op
from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from lienthong.chassis.first_tables import create_chassis_tables

revision = "0001"
down_revision = None

metadata = MetaData()

Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("parties", Text, nullable=False),
    Column("attachments", Text, nullable=False),
    Column("size_class", Integer, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("trust", Text, nullable=False),
    Column("verified_at", BigInteger, nullable=False),
    Index("documents_verdict", "verdict", "verified_at"),
)

Table(
    "jobs",
    metadata,
    Column("document", Text, primary_key=True),
    Column("size_class", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("lease", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("delays", Integer, nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("traceparent", Text, nullable=False),
    Index("jobs_due", "size_class", "due_at"),
    Index("jobs_lease", "lease"),
)

Table(
    "reports",
    metadata,
    Column("document", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("verified_at", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
)

Table(
    "certificates",
    metadata,
    Column("serial", Text, primary_key=True),
    Column("system", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("issued_by", Text, nullable=False),
    Index("certificates_system", "system", "issued_at"),
)


def upgrade() -> None:
    """Makes the tables of the chassis and of signing."""
    create_chassis_tables(op.get_bind())
    metadata.create_all(op.get_bind())
