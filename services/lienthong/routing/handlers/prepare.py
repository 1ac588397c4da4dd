"""What a batch of events will need, read in a few statements. The handlers that follow work without it as well."""

from collections.abc import Sequence
from typing import Any

from lienthong.chassis.counters import load_counters
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.events.v1.workflow_progress_pb2 import StatusRecorded
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.storage.deliveries import DELIVERIES
from lienthong.routing.storage.documents import DOCUMENTS, RECALLS
from lienthong.routing.storage.items import counter_of


def prepare(desk: Desk, work: UnitOfWork, messages: Sequence[Any]) -> None:
    """Reads the documents and deliveries that some messages are about, and the places in the mailboxes concerned."""
    rows = work.rows
    about = [message.reference for message in messages if "reference" in message.DESCRIPTOR.fields_by_name]
    rows.of(DOCUMENTS).load({one.document for one in about} | {_document_of(message) for message in messages} - {""})
    rows.of(DELIVERIES).load({one.delivery for one in about})
    rows.of(RECALLS).load_groups({one.document for one in messages if isinstance(one, DocumentAccepted)})
    judged = [rows.of(DOCUMENTS).get(one.document) for one in messages if isinstance(one, VerdictReached)]
    small = {one.id for one in judged if one is not None and one.recipient_count <= desk.limits.chunk}
    rows.of(DELIVERIES).load_groups(small)
    shown = {row.recipient for document in small for row in rows.of(DELIVERIES).group(document)}
    told = {one.facts.to_agency for one in messages if isinstance(one, StatusRecorded)}
    load_counters(rows, {counter_of(mailbox) for mailbox in (shown | told) - {""}})


def _document_of(message: Any) -> str:
    return str(message.document) if "document" in message.DESCRIPTOR.fields_by_name else ""
