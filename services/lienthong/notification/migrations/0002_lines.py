"""What waits is found endpoint by endpoint, and by its age, however much waits behind others.

Revision ID: 0002
Revises: 0001
"""

from sqlalchemy import text

from lienthong.chassis.schema_changes import IndexOf, replace_indexes

revision = "0002"
down_revision = "0001"

WAITING = text("next_attempt_at IS NOT NULL")
LINES = (
    IndexOf("notices_lines", "notices", ["channel", "endpoint", "next_attempt_at", "id"], WAITING),
    IndexOf("notices_waiting_age", "notices", ["channel", "created_at"], WAITING),
)


def upgrade() -> None:
    """Indexes what waits by its endpoint and by its age."""
    replace_indexes((), LINES)


def downgrade() -> None:
    """Takes both indexes away."""
    replace_indexes(LINES, ())
