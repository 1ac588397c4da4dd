"""The first schema.

Revision ID: 0001
Revises:
"""

from alembic import op

from lienthong.chassis.migrations import create_chassis_tables
from lienthong.signing.storage.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables of the chassis and of signing."""
    create_chassis_tables(op.get_bind())
    metadata.create_all(op.get_bind())
