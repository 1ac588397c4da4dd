"""The tables of workflow. Times are microseconds since 1970."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

cases = Table(
    "cases",
    metadata,
    Column("document", Text, primary_key=True),
    Column("document_id", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_name", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("answers", Text, nullable=False),
    Column("due_at", BigInteger),
    Column("accepted_at", BigInteger, nullable=False),
    # 0 until the first delivery tells how many there are.
    Column("delivery_count", Integer, nullable=False),
    Column("deliveries_made", Integer, nullable=False),
    Column("verdict", Integer, nullable=False),
    Column("closed_at", BigInteger),
    # Grows by one with each change, under this row's lock: cursors of watches follow commit order.
    Column("change", BigInteger, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False),
    # The document whose case the delivery belongs to: that of the original for an update.
    Column("case_document", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_code", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("recipient_code", Text, nullable=False),
    Column("recipient_name", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("promulgated", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    # Held deliveries are not found by the recipient.
    Column("visible", Boolean, nullable=False),
    # An update that waits behind its original has no main line.
    Column("own_line", Boolean, nullable=False),
    Column("original", Text, nullable=False),
    # The update that took its place before anybody opened it.
    Column("successor", Text, nullable=False),
    Column("replaced", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("answers", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Whether work is still owed: neither final nor answered.
    Column("owing", Boolean, nullable=False),
    # Requests of the sender in their order, the open one first: JSON of [kind, key, reason].
    Column("requests", Text, nullable=False),
    # The delivery whose content is in force when an update was agreed to.
    Column("version", Text, nullable=False),
    Column("answered_at", BigInteger),
    Column("answer_document", Text, nullable=False),
    Column("answer_code", Text, nullable=False),
    Column("acknowledged_at", BigInteger),
    Column("submitted_at", BigInteger),
    Column("arrival_number", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("failure", Text, nullable=False),
    Column("verdict", Integer, nullable=False),
    Column("change", BigInteger, nullable=False),
    Index("deliveries_document", "document", "id"),
    Index("deliveries_case", "case_document", "owing"),
    Index("deliveries_sent", "sender", "created_at", "id"),
    Index("deliveries_sent_state", "sender", "state", "created_at", "id"),
    Index("deliveries_sent_priority", "sender", "priority", "created_at", "id"),
    Index("deliveries_sent_document_id", "sender", "document_id"),
    Index("deliveries_received", "recipient", "created_at", "id"),
    Index("deliveries_received_state", "recipient", "state", "created_at", "id"),
    Index("deliveries_received_priority", "recipient", "priority", "created_at", "id"),
    Index("deliveries_received_document_id", "recipient", "document_id"),
    Index("deliveries_received_code", "recipient", "code"),
)

OWING = deliveries.c.owing.is_(True) & deliveries.c.own_line.is_(True)
"""Deliveries whose main line still owes something; what has ended stays for ever."""


def _partial(name: str, condition: ColumnElement[bool], *columns: Column[Any]) -> None:
    Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


# With the columns of its condition: SQLite would look them up in each row.
_partial("deliveries_owing_state", OWING, deliveries.c.state, deliveries.c.owing, deliveries.c.own_line)
_partial("deliveries_sent_open", OWING, deliveries.c.sender, deliveries.c.created_at, deliveries.c.id)
_partial("deliveries_received_open", OWING, deliveries.c.recipient, deliveries.c.created_at, deliveries.c.id)

statuses = Table(
    "statuses",
    metadata,
    Column("id", Text, primary_key=True),
    # Empty while it matches no delivery.
    Column("delivery", Text, nullable=False),
    Column("case_document", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    # Place in the history of its case, from the case's change counter.
    Column("position", BigInteger, nullable=False),
    # (delivery or what was named, reporter, code, time); null where nobody gave a time.
    Column("natural_key", Text, unique=True),
    Column("reporter", Text, nullable=False),
    Column("reporter_name", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("source", Text, nullable=False),
    # Empty for a fact that no status code tells of, such as a failed delivery.
    Column("code", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("staff", LargeBinary, nullable=False),
    Column("arrival_number", Text, nullable=False),
    Column("event_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("seal_subject", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    # What an unmatched status names.
    Column("named_delivery", Text, nullable=False),
    Column("named_document_id", Text, nullable=False),
    Column("named_code", Text, nullable=False),
    Column("named_date", Text, nullable=False),
    Column("named_party", Text, nullable=False),
    Column("named_recipients", Text, nullable=False),
    Column("waiting", Boolean, nullable=False),
    Index("statuses_case", "case_document", "position"),
    Index("statuses_delivery", "delivery", "position"),
)

UNMATCHED = statuses.c.waiting.is_(True)
"""Statuses that match no delivery yet."""

_partial("statuses_unmatched", UNMATCHED, statuses.c.reporter, statuses.c.received_at, statuses.c.id)
_partial("statuses_unmatched_since", UNMATCHED, statuses.c.received_at)
_partial("statuses_unmatched_delivery", UNMATCHED, statuses.c.reporter, statuses.c.named_delivery)
_partial("statuses_unmatched_document_id", UNMATCHED, statuses.c.reporter, statuses.c.named_document_id)
_partial("statuses_unmatched_code", UNMATCHED, statuses.c.reporter, statuses.c.named_code)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("delivery", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("instruction", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("completed_at", BigInteger),
    Column("result", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("started_at", BigInteger),
    Column("handed_over_at", BigInteger),
    # By a hand-over: the task that took its place, and the one whose place it took.
    Column("successor", Text, nullable=False),
    Column("predecessor", Text, nullable=False),
    # Who gave it.
    Column("giver", LargeBinary, nullable=False),
    Index("tasks_delivery", "delivery", "created_at", "id"),
    Index("tasks_recipient", "recipient", "created_at", "id"),
    Index("tasks_recipient_open", "recipient", "open", "created_at", "id"),
)

answers = Table(
    "answers",
    metadata,
    # Both documents and who acknowledged.
    Column("id", Text, primary_key=True),
    # The document that is answered; its delivery may become known later than its answer.
    Column("document", Text, nullable=False, index=True),
    Column("answer_document", Text, nullable=False),
    Column("acknowledged_by", Text, nullable=False),
    Column("answer_sender", Text, nullable=False),
    Column("answer_code", Text, nullable=False),
    Column("acknowledged_at", BigInteger, nullable=False),
)
