"""What has ended leaves the indexes that only what is open is looked for in.

Revision ID: 0003
Revises: 0002
"""

from sqlalchemy import Boolean, column

from lienthong.chassis.schema_changes import IndexOf, replace_indexes

revision = "0003"
down_revision = "0002"

OWING = column("owing", Boolean).is_(True) & column("own_line", Boolean).is_(True)
UNMATCHED = column("waiting", Boolean).is_(True)
PARTIAL = (
    IndexOf("deliveries_sent_open", "deliveries", ["sender", "created_at", "id"], OWING),
    IndexOf("deliveries_received_open", "deliveries", ["recipient", "created_at", "id"], OWING),
    IndexOf("statuses_unmatched", "statuses", ["reporter", "received_at", "id"], UNMATCHED),
    IndexOf("statuses_unmatched_since", "statuses", ["received_at"], UNMATCHED),
    IndexOf("statuses_unmatched_delivery", "statuses", ["reporter", "named_delivery"], UNMATCHED),
    IndexOf("statuses_unmatched_document_id", "statuses", ["reporter", "named_document_id"], UNMATCHED),
    IndexOf("statuses_unmatched_code", "statuses", ["reporter", "named_code"], UNMATCHED),
)
WHOLE = (
    IndexOf("deliveries_sent_owing", "deliveries", ["sender", "owing", "created_at", "id"]),
    IndexOf("deliveries_received_owing", "deliveries", ["recipient", "owing", "created_at", "id"]),
    IndexOf("statuses_waiting", "statuses", ["reporter", "waiting", "received_at", "id"]),
    IndexOf("statuses_kept", "statuses", ["waiting", "received_at"]),
    IndexOf("statuses_waiting_document_id", "statuses", ["waiting", "reporter", "named_document_id"]),
    IndexOf("statuses_waiting_code", "statuses", ["waiting", "reporter", "named_code"]),
    IndexOf("statuses_waiting_delivery", "statuses", ["waiting", "reporter", "named_delivery"]),
)


def upgrade() -> None:
    """Indexes what is open, then takes the indexes of everything away."""
    replace_indexes(WHOLE, PARTIAL)


def downgrade() -> None:
    """Indexes everything again."""
    replace_indexes(PARTIAL, WHOLE)
