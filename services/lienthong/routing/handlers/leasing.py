"""Pulling: a batch of items is leased; a lease counts as opening, and both commit together."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from sqlalchemy import Row

from lienthong.chassis.engines.sql import MOMENT, database_now
from lienthong.chassis.idempotency import check_key, content_of, recall_answer, remember_answer
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.uow import AuditEntry, UnitOfWork, UnitsOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.routing.domain.leases import ItemKind
from lienthong.routing.domain.ordering import choose
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.lifecycle import open_delivery
from lienthong.routing.handlers.parking import park_spent
from lienthong.routing.storage.deliveries import DELIVERIES, delivery_by_id
from lienthong.routing.storage.items import (
    followers_of,
    free_heads,
    full_items,
    lease_items,
    leased_items,
    release_items,
    spent_items,
)
from lienthong.routing.v1 import mailbox_pb2 as pb

_TOKEN_BYTES = 24
ITEM_BYTES = 768 * 1024
"""Of the items of one answer, content apart; with that they stay below the 4 MiB that clients take."""


@dataclass(frozen=True, slots=True)
class Pull:
    """What is asked.

    Attributes:
        count: Items, at most.
        length: Of the leases in microseconds; 0 is the usual one.
        kinds: Only items of these; empty means all.
        inline_limit: Content of items up to this size comes with them; 0 wants none.
    """

    count: int
    length: int = 0
    kinds: frozenset[ItemKind] = frozenset()
    inline_limit: int = 0


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was leased.

    Attributes:
        rows: The items.
        inline: Identifiers of those whose content comes with them.
    """

    rows: Sequence[Row[Any]] = ()
    inline: frozenset[str] = frozenset()


def pull_once(units: UnitsOfWork, desk: Desk, call: Call, request: pb.PullItemsRequest, command: Pull) -> Pulled:
    """Leases a batch, or gives the same items again while their leases last.

    An empty batch takes no transaction and is not remembered: polling leaves nothing behind.

    Raises:
        AxisError: The key is missing or was used for another request.
    """
    check_key(request.request_id)
    content = content_of(request)
    with units.database.look() as connection:
        if not free_heads(connection, call.caller.reach, command.kinds, MOMENT, 1):
            known = recall_answer(connection, call, request.request_id, content, pb.PullItemsResponse)
            if known is None:
                return Pulled()
    with units.begin(call.traceparent) as work:
        known = recall_answer(work.connection, call, request.request_id, content, pb.PullItemsResponse)
        if known is not None:
            return _read(work, desk, call, command, _again(work.connection, known))
        rows = pull(work, desk, call, command)
        if rows:
            answer = pb.PullItemsResponse(items=[pb.Item(name=row.id, lease=row.lease) for row in rows])
            remember_answer(work, call, request.request_id, content, answer, "items")
        return _read(work, desk, call, command, rows)


def _read(work: UnitOfWork, desk: Desk, call: Call, command: Pull, rows: Sequence[Row[Any]]) -> Pulled:
    """Chooses whose content comes along, as long as the answer has room; each is audited as a reading."""
    room = desk.limits.answer_bytes_at_most
    wanted = min(command.inline_limit, desk.limits.inline_bytes_at_most)
    inline: set[str] = set()
    for row in rows:
        if 0 < row.content_size <= min(wanted, room):
            room -= row.content_size
            inline.add(row.id)
            work.record(audit_of(call, "content.read", f"deliveries/{row.delivery}", f"inline, items/{row.id}"))
    return Pulled(rows, frozenset(inline))


def pull(work: UnitOfWork, desk: Desk, call: Call, command: Pull) -> Sequence[Row[Any]]:
    """Leases a batch, urgent first, then oldest, each delivery's items in their order."""
    reach = call.caller.reach
    # Those who pull one mailbox take turns: an item goes to one of them, and each delivery's items in their order.
    work.lock(*(f"pull {mailbox}" for mailbox in reach))
    now = work.database_micros
    chosen = _chosen(work, reach, command, now)
    while spent := spent_items(work.rows, chosen, now, desk.leases):
        park_spent(work, desk, spent)
        chosen = _chosen(work, reach, command, now)
    if not chosen:
        return []
    lease, until = secrets.token_urlsafe(_TOKEN_BYTES), now + desk.leases.length(command.length)
    identifiers = lease_items(work.rows, chosen, lease, now, until)
    if not identifiers:
        return []
    rows = full_items(work.connection, identifiers)
    carried = rows[: _carried(rows)]
    release_items(work.rows, [row.id for row in rows[len(carried) :]])
    _open(work, call, carried)
    return carried


def _chosen(work: UnitOfWork, reach: Sequence[str], command: Pull, now: int) -> list[str]:
    connection = work.connection
    heads = free_heads(connection, reach, command.kinds, now, command.count)
    followers = followers_of(connection, reach, heads, command.kinds, now)
    return [item.id for item in choose(heads, followers, command.count)]


def _carried(rows: Sequence[Row[Any]]) -> int:
    """Tells how many items one answer can carry beside inline content, one at least."""
    if sum(map(_bytes_at_most, rows)) <= ITEM_BYTES:
        return len(rows)
    sizes = accumulate(map(_bytes, rows))
    return max(1, sum(size <= ITEM_BYTES for size in sizes))


def _bytes_at_most(row: Row[Any]) -> int:
    return len(row.accepted) + len(row.facts) + len(row.description)


def _bytes(row: Row[Any]) -> int:
    # Its attachments are what can be much of an item; recipients, which can be two thousand, do not stand in it.
    told = DocumentAccepted.FromString(row.accepted)
    for field in ("recipients", "content", "to_places"):
        told.header.ClearField(field)
    return told.ByteSize() + len(row.facts) + len(row.description)


def _open(work: UnitOfWork, call: Call, rows: Sequence[Row[Any]]) -> None:
    wanted = [row.delivery for row in rows if row.kind == ItemKind.DOCUMENT.value]
    work.rows.of(DELIVERIES).load(wanted)
    for identifier in dict.fromkeys(wanted):
        delivery = delivery_by_id(work.rows, identifier)
        if delivery is not None:
            open_delivery(work, delivery, call.caller.system.id)
    work.record(audit_of(call, "items.pull", f"agencies/{call.caller.acting().id}", f"{len(rows)} items"))


def audit_of(call: Call, action: str, resource: str, detail: str = "") -> AuditEntry:
    """Makes the audit entry of a call."""
    agency = call.caller.agency.id if call.caller.agency else ""
    return AuditEntry(call.caller.system.id, agency, action, resource, person=call.caller.person, detail=detail)


def _again(connection: Any, known: pb.PullItemsResponse) -> Sequence[Row[Any]]:
    if not known.items:
        return []
    names = [item.name for item in known.items]
    return leased_items(connection, names, known.items[0].lease, database_now(connection))
