"""First version of the schema."""

from alembic import op

from lienthong.chassis.migrations import create_chassis_tables
from lienthong.routing.storage.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes all tables."""
    create_chassis_tables(op.get_bind())
    metadata.create_all(op.get_bind())
