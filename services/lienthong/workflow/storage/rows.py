"""Cases, deliveries and statuses as they stand in their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Row(Protocol):
    """Something whose fields are the columns of a table."""

    __slots__: Sequence[str]


def values_of(row: Row) -> dict[str, Any]:
    """Gives the columns of a row; `dataclasses.asdict` would copy each value."""
    return {name: getattr(row, name) for name in row.__slots__}


@dataclass(slots=True)
class StoredCase:
    """A document's case. Fields as in the table."""

    document: str
    document_id: str = ""
    sender: str = ""
    sender_name: str = ""
    subject: str = ""
    code: str = ""
    answers: str = ""
    due_at: int | None = None
    accepted_at: int = 0
    delivery_count: int = 0
    deliveries_made: int = 0
    verdict: int = 0
    closed_at: int | None = None
    change: int = 0


@dataclass(slots=True)
class StoredDelivery:
    """One document at one recipient. Fields as in the table."""

    id: str
    document: str
    case_document: str
    sender: str
    sender_code: str
    recipient: str
    recipient_code: str
    recipient_name: str
    document_id: str
    code: str
    promulgated: str
    created_at: int
    priority: int = 0
    due_at: int | None = None
    visible: bool = False
    own_line: bool = True
    original: str = ""
    successor: str = ""
    replaced: str = ""
    reason: str = ""
    answers: str = ""
    state: str = "SENT"
    owing: bool = True
    requests: str = "[]"
    version: str = ""
    answered_at: int | None = None
    answer_document: str = ""
    answer_code: str = ""
    acknowledged_at: int | None = None
    submitted_at: int | None = None
    arrival_number: str = ""
    note: str = ""
    failure: str = ""
    verdict: int = 0
    change: int = 0


@dataclass(slots=True)
class StoredStatus:
    """Something that was reported, or a change that the axis made. Fields as in the table."""

    id: str
    reporter: str
    reporter_name: str
    system: str
    source: str
    code: str
    description: str
    event_at: int
    received_at: int
    person: str = ""
    staff: bytes = b""
    arrival_number: str = ""
    delivery: str = ""
    case_document: str = ""
    recipient: str = ""
    position: int = 0
    natural_key: str | None = None
    actor: str = ""
    outcome: str = "KEPT"
    rule: str = "57"
    from_state: str = ""
    to_state: str = ""
    warnings: str = ""
    seal_subject: bytes = b""
    seal: bytes = b""
    named_delivery: str = ""
    named_document_id: str = ""
    named_code: str = ""
    named_date: str = ""
    named_party: str = ""
    named_recipients: str = ""
    waiting: bool = False


@dataclass(slots=True)
class StoredTask:
    """A task at a recipient. Fields as in the table."""

    id: str
    delivery: str
    recipient: str
    kind: str
    unit: str
    person: str
    instruction: str
    created_at: int
    due_at: int | None = None
    completed_at: int | None = None
    result: str = ""
    open: bool = True
    started_at: int | None = None
    handed_over_at: int | None = None
    successor: str = ""
    predecessor: str = ""
    giver: bytes = b""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answering document that one of its recipients has acknowledged. Fields as in the table."""

    id: str
    document: str
    answer_document: str
    acknowledged_by: str
    answer_sender: str
    answer_code: str
    acknowledged_at: int
