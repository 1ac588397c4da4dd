"""What waits is found sender by sender, however much waits of others.

Revision ID: 0003
Revises: 0002
"""

from lienthong.chassis import schema_changes as change

revision = "0003"
down_revision = "0002"

INDEX, TABLE = "jobs_lines", "jobs"


def upgrade() -> None:
    """Indexes what waits by its sender."""
    change.create_index(INDEX, TABLE, ["size_class", "sender", "due_at"])


def downgrade() -> None:
    """Takes the index away."""
    change.drop_index(INDEX, TABLE)
