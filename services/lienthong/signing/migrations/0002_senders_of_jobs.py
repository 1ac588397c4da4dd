"""Jobs tell whose documents they are about.

Revision ID: 0002
Revises: 0001
"""

from sqlalchemy import Column, Text

from lienthong.chassis import schema_changes as change

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the column; what waits already, and what older programs write, has one share of all."""
    change.add_column("jobs", Column("sender", Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Takes the column away."""
    change.drop_column("jobs", "sender")
