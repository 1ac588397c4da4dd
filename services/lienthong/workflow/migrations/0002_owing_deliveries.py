"""Deliveries that still owe something are counted by state along an index of their own.

Revision ID: 0002
Revises: 0001
"""

from sqlalchemy import Boolean, column

from lienthong.chassis import schema_changes as change

revision = "0002"
down_revision = "0001"

INDEX, TABLE = "deliveries_owing_state", "deliveries"


def upgrade() -> None:
    """Indexes the state of what still owes something."""
    owing = column("owing", Boolean).is_(True) & column("own_line", Boolean).is_(True)
    change.create_index(INDEX, TABLE, ["state", "owing", "own_line"], sqlite_where=owing, postgresql_where=owing)


def downgrade() -> None:
    """Takes the index away."""
    change.drop_index(INDEX, TABLE)
