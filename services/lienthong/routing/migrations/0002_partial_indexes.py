"""What has ended leaves the indexes that only what is open is looked for in.

Revision ID: 0002
Revises: 0001
"""

from sqlalchemy import text

from lienthong.chassis.schema_changes import IndexOf, replace_indexes

revision = "0002"
down_revision = "0001"

HELD = text("state = 'HELD'")
UNFINISHED = text("state IN ('AVAILABLE', 'HELD', 'OPENED', 'PARKED')")
WAITING, LEASED, PARKED = text("waiting = 1"), text("state = 2"), text("state = 4")
PARTIAL = (
    IndexOf("deliveries_verdict_due", "deliveries", ["held_until"], HELD),
    IndexOf("deliveries_open", "deliveries", ["recipient"], UNFINISHED),
    IndexOf("items_waiting_queue", "items", ["mailbox", "rank", "sequence"], WAITING),
    IndexOf("items_waiting_list", "items", ["mailbox", "sequence"], WAITING),
    IndexOf("items_waiting_chain", "items", ["mailbox", "chain", "sequence"], WAITING),
    IndexOf("items_waiting_age", "items", ["kind", "created_at"], WAITING),
    IndexOf("items_lease_ends", "items", ["lease_until"], LEASED),
    IndexOf("items_set_aside", "items", ["id"], PARKED),
)
WHOLE = (
    IndexOf("deliveries_held", "deliveries", ["state", "held_until"]),
    IndexOf("deliveries_unfinished", "deliveries", ["recipient", "state"]),
    IndexOf("items_queue", "items", ["mailbox", "waiting", "rank", "sequence"]),
    IndexOf("items_list", "items", ["mailbox", "waiting", "sequence"]),
    IndexOf("items_chain", "items", ["mailbox", "chain", "waiting", "sequence"]),
    IndexOf("items_age", "items", ["kind", "waiting", "created_at"]),
    IndexOf("items_leased", "items", ["state", "lease_until"]),
    IndexOf("items_parked", "items", ["state", "id"]),
    IndexOf("items_lease", "items", ["lease"]),
)


def upgrade() -> None:
    """Indexes what is open, then takes the indexes of everything away."""
    replace_indexes(WHOLE, PARTIAL)


def downgrade() -> None:
    """Indexes everything again."""
    replace_indexes(PARTIAL, WHOLE)
