"""The tables of routing.

Times named `*_until` compare with the database's clock, all others are domain time; both are microseconds since 1970.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    literal_column,
)

from lienthong.routing.domain import transport
from lienthong.routing.domain.leases import ItemState
from lienthong.routing.domain.transport import Transport

metadata = MetaData()
"""Tables of routing beside those of the chassis."""

_KEY = 120

agency_codes = Table(
    "agency_codes",
    metadata,
    Column("code", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    PrimaryKeyConstraint("code", "agency", "starts"),
    Index("agency_codes_agency", "agency"),
)
"""Which code is in force for which agency and when: keeps two agencies from holding one code at the same time."""

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sender", Text, nullable=False),
    # DocumentAccepted without its recipients: a mailbox never parses two thousand of them.
    Column("accepted", LargeBinary, nullable=False),
    Column("recipient_count", Integer, nullable=False),
    Column("verdict", Integer, nullable=False),
    Column("verdict_vi", Text, nullable=False),
    Column("verdict_en", Text, nullable=False),
    Column("verdict_version", BigInteger, nullable=False),
)

recipients = Table(
    "document_recipients",
    metadata,
    Column("document", Text, primary_key=True),
    Column("recipients", LargeBinary, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("state", Text, nullable=False),
    # 1 once the recipient could see it.
    Column("visible", Integer, nullable=False),
    Column("held_until", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("available_at", BigInteger),
    Column("opened_at", BigInteger),
    Column("acknowledged_at", BigInteger),
    # First delivery of the chain of updates: itself, or that of its original.
    Column("chain", Text, nullable=False),
    Column("successor", Text, nullable=False),
    # The recall that waits for the recipient's answer.
    Column("recall", Text, nullable=False),
    Column("recall_reason", Text, nullable=False),
    # Version of the verdict that the recipient was shown.
    Column("shown_version", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("notation", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Index("deliveries_document", "document", "ordinal", unique=True),
    Index("deliveries_recipient", "recipient", "visible", "id"),
    # With `visible`, so that no other index promises as much.
    Index("deliveries_number", "recipient", "visible", "number", "id"),
    Index("deliveries_notation", "recipient", "visible", "notation", "id"),
    Index("deliveries_document_id", "recipient", "visible", "document_id", "id"),
)


def _partial(name: str, condition: ColumnElement[bool], *columns: Column[Any]) -> None:
    # What has ended stays for ever. Conditions have no parameters: databases use such an index only for a query that
    # shows the very condition.
    Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


HELD = deliveries.c.state == literal_column(f"'{Transport.HELD.value}'")
"""Deliveries that wait for their verdict."""
UNFINISHED = deliveries.c.state.in_([literal_column(f"'{state.value}'") for state in sorted(transport.UNFINISHED)])
"""Deliveries that their recipient may still take, or an operator again."""

_partial("deliveries_verdict_due", HELD, deliveries.c.held_until)
_partial("deliveries_open", UNFINISHED, deliveries.c.recipient)

delivery_words = Table(
    "delivery_words",
    metadata,
    Column("recipient", Text, nullable=False),
    Column("word", Text, nullable=False),
    Column("delivery", Text, nullable=False),
    PrimaryKeyConstraint("recipient", "word", "delivery"),
    sqlite_with_rowid=False,
)
"""Words of subjects, case and accents folded, for each recipient."""

items = Table(
    "items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mailbox", Text, nullable=False),
    # Counts in the mailbox, in commit order.
    Column("sequence", BigInteger, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("state", Integer, nullable=False),
    # 1 until the item has ended.
    Column("waiting", Integer, nullable=False),
    # Urgency of the document, the most urgent lowest.
    Column("rank", Integer, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease", Text, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("status_code", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("content_size", BigInteger, nullable=False),
    # StatusFacts of a status, RecallRequested of a request.
    Column("facts", LargeBinary, nullable=False),
    Index("items_delivery", "delivery"),
)

_ONE: ColumnElement[int] = literal_column("1")
WAITING = items.c.waiting == _ONE
"""Items that have not ended."""
LEASED = items.c.state == literal_column(str(ItemState.LEASED.value))
PARKED = items.c.state == literal_column(str(ItemState.PARKED.value))


def waits(one: FromClause) -> ColumnElement[bool]:
    """Gives the condition `WAITING` for items under another name."""
    return one.c.waiting == _ONE


_partial("items_waiting_queue", WAITING, items.c.mailbox, items.c.rank, items.c.sequence)
_partial("items_waiting_list", WAITING, items.c.mailbox, items.c.sequence)
_partial("items_waiting_chain", WAITING, items.c.mailbox, items.c.chain, items.c.sequence)
_partial("items_waiting_age", WAITING, items.c.kind, items.c.created_at)
_partial("items_lease_ends", LEASED, items.c.lease_until)
_partial("items_set_aside", PARKED, items.c.id)

recalls = Table(
    "recalls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False, index=True),
    Column("asked", LargeBinary, nullable=False),
)
"""Recalls of whole documents, for deliveries that are made later."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("argument", Text, nullable=False),
    # Where to go on.
    Column("place", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Index("jobs_due", "due_at", "id"),
    Index("jobs_subject", "subject", "kind"),
)
"""Work that is too long for one transaction, or that has its time: done in chunks by a background worker."""
