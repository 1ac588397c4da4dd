"""The first schema of intake, as it was made: it never changes again, later versions do.

Revision ID: 0001
Revises:
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from lienthong.chassis.first_tables import create_chassis_tables

revision = "0001"
down_revision = None

metadata = MetaData()

Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("natural_key", Text, unique=True),
    Column("kind", Integer, nullable=False),
    Column("target", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("number", Text, nullable=False),
    Column("notation", Text, nullable=False),
    Column("promulgated", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("accepted", LargeBinary, nullable=False),
    Column("warnings", LargeBinary, nullable=False),
    Column("outside", LargeBinary, nullable=False),
    Index("documents_sent", "sender", "id"),
    Index("documents_code", "sender", "number", "id"),
    Index("documents_notation", "sender", "notation", "id"),
    Index("documents_document_id", "sender", "document_id", "id"),
    Index("documents_promulgated", "sender", "promulgated", "id"),
    Index("documents_target", "target", "accepted_at"),
)

Table(
    "receipts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False, index=True),
    Column("recall", Boolean, nullable=False),
    Column("answer", LargeBinary, nullable=False),
)

Table(
    "recalls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("agencies", Text, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
)

Table("document_blobs", metadata, Column("key", Text, primary_key=True), Column("document", Text, nullable=False))

Table(
    "document_words",
    metadata,
    Column("word", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("document", Text, primary_key=True),
    sqlite_with_rowid=False,
)

Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("agency", Text, nullable=False),
    Column("blob", Text, nullable=False, unique=True),
    Column("expected", BigInteger, nullable=False),
    Column("committed", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("used", Boolean, nullable=False),
    Column("touched_at", BigInteger, nullable=False),
    Index("uploads_agency", "agency", "complete"),
    Index("uploads_touched", "touched_at"),
)


def upgrade() -> None:
    """Makes the tables of the chassis and of intake."""
    create_chassis_tables(op.get_bind())
    metadata.create_all(op.get_bind())
