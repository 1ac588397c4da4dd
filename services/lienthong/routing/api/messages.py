"""Rows as messages."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from lienthong.chassis.rpc.status import to_status
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1.lifecycle_pb2 import Verdict
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.workflow_progress_pb2 import StatusFacts
from lienthong.routing.domain.leases import ItemKind, ItemState
from lienthong.routing.handlers.batches import Outcome
from lienthong.routing.papers import code_of
from lienthong.routing.stamps import stamp
from lienthong.routing.v1 import mailbox_pb2 as pb

_WITH_VERDICT = frozenset({ItemKind.DOCUMENT.value, ItemKind.VERDICT.value})


def item_message(row: Row[Any], *, lease: bool = False) -> pb.Item:
    """Makes the message of an item; its lease only for whoever has just leased it."""
    accepted = DocumentAccepted.FromString(row.accepted)
    header = accepted.header
    item = pb.Item(
        name=f"items/{row.id}",
        kind=pb.ItemKind.ValueType(row.kind),
        state=pb.ItemState.ValueType(row.state),
        delivery=f"deliveries/{row.delivery}",
        document=f"documents/{row.document}",
        document_id=header.document_id,
        subject=header.subject,
        code=code_of(header),
        priority=header.priority,
        from_name=accepted.sender_name,
        from_code=accepted.sender_code,
        status_code=row.status_code,
        description=row.description,
        attempts=row.attempts,
        create_time=to_timestamp(row.created_at),
        content_size=row.content_size,
        document_kind=header.kind,
    )
    if row.kind in _WITH_VERDICT:
        item.verdict = Verdict.ValueType(row.verdict)
        item.verdict_text_vi, item.verdict_text_en = row.verdict_vi, row.verdict_en
    if row.kind == ItemKind.DOCUMENT.value:
        item.content_sha256 = accepted.rendition.sha256
        item.attachments.extend(stored.attachment for stored in accepted.attachments)
    if row.kind == ItemKind.STATUS.value:
        facts = StatusFacts.FromString(row.facts)
        item.from_name, item.from_code = facts.from_name, facts.from_code
    if lease and row.state == ItemState.LEASED.value:
        item.lease = row.lease
        stamp(item.lease_expire_time, row.lease_until)
    return item


def delivery_message(row: Row[Any]) -> pb.Delivery:
    """Makes the message of a delivery."""
    accepted = DocumentAccepted.FromString(row.accepted)
    return pb.Delivery(
        name=f"deliveries/{row.id}",
        document=f"documents/{row.document}",
        header=accepted.header,
        attachments=[stored.attachment for stored in accepted.attachments],
        sender=f"agencies/{row.sender}",
        recipient=f"agencies/{row.recipient}",
        verdict=Verdict.ValueType(row.verdict),
        verdict_text_vi=row.verdict_vi,
        verdict_text_en=row.verdict_en,
        content_size=accepted.rendition.size,
        content_sha256=accepted.rendition.sha256,
        accept_time=accepted.accept_time,
        available_time=to_timestamp(row.available_at),
        open_time=to_timestamp(row.opened_at),
        acknowledge_time=to_timestamp(row.acknowledged_at),
        transport_state=row.state,
    )


def batch_message(outcomes: Sequence[Outcome]) -> pb.BatchResponse:
    """Makes the answer of a batch call: OK as a whole, a status for each item."""
    answer = pb.BatchResponse()
    for outcome in outcomes:
        result = answer.results.add(name=f"items/{outcome.item}")
        if outcome.error is not None:
            result.status.CopyFrom(to_status(outcome.error))
        else:
            result.status.SetInParent()
        if outcome.until:
            stamp(result.lease_expire_time, outcome.until)
    return answer
