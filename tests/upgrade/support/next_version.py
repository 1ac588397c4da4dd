"""The version after the newest of any service: what a version may do to a large table, all of it."""

from alembic import op
from sqlalchemy import Column, Text, inspect

from lienthong.chassis import schema_changes as change

COLUMN, INDEX, CHECK = "written_by", "next_written_by", "next_written_by_short"


def upgrade() -> None:
    """Adds a column, fills it, indexes it, and bounds it."""
    table = largest()
    change.add_column(table, Column(COLUMN, Text))
    change.backfill(table, "id", {COLUMN: "'before'"}, f'"{COLUMN}" IS NULL', batch=50)
    change.create_index(INDEX, table, [COLUMN, "id"])
    change.add_check(CHECK, table, f'length("{COLUMN}") < 20')


def downgrade() -> None:
    """Takes it back."""
    change.drop_index(INDEX, largest())
    change.drop_column(largest(), COLUMN)


def largest() -> str:
    """Gives the table of a service that grows most."""
    there = inspect(op.get_bind()).get_table_names()
    return next(name for name in ("notices", "deliveries", "documents") if name in there)
