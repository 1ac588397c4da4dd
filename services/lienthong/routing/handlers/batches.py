"""Batch calls on leased items: each item has its own answer, and one that fails stops no other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from lienthong.chassis.errors import AxisError, not_found, precondition
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.uow import UnitOfWork
from lienthong.routing.domain.leases import Held, ItemKind, ItemState, LeaseProblem, settle
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.leasing import audit_of
from lienthong.routing.handlers.lifecycle import acknowledge_delivery
from lienthong.routing.handlers.parking import FAILED_BY_RECIPIENT, park
from lienthong.routing.storage.deliveries import DELIVERIES, delivery_by_id
from lienthong.routing.storage.items import free_followers, items_by_id, save_item
from lienthong.routing.storage.rows import StoredItem

REASON_LENGTH = 2000
"""Characters of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Leased:
    """An item and the lease that the caller holds."""

    item: str
    lease: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one item went: an error, or until when its lease lasts (microseconds), or neither."""

    item: str
    error: AxisError | None = None
    until: int = 0


Act = Callable[[StoredItem, Leased], int]
Batch = Callable[[UnitOfWork, Desk, Call, Sequence[Leased]], list[Outcome]]
"""Does something with leased items; an outcome for each, in order."""


def acknowledge_items(work: UnitOfWork, desk: Desk, call: Call, leased: Sequence[Leased]) -> list[Outcome]:
    """Takes items out of the mailbox that are durably stored; of a document the sender is told (01, đã đến)."""
    wanted = items_by_id(work.rows, [wish.item for wish in leased], call.caller.reach)
    work.rows.of(DELIVERIES).load({row.delivery for row in wanted.values() if row.kind == ItemKind.DOCUMENT.value})
    outcomes = _each(work, call, leased, partial(_acknowledge, work, call), ended_as=ItemState.ACKNOWLEDGED)
    ended = [wanted[outcome.item] for outcome in outcomes if outcome.error is None]
    for mailbox in free_followers(work.rows, [(row.mailbox, row.chain) for row in ended]):
        desk.hint(work, mailbox)
    return outcomes


def fail_items(work: UnitOfWork, desk: Desk, call: Call, leased: Sequence[Leased]) -> list[Outcome]:
    """Parks items that cannot be taken."""

    def act(row: StoredItem, wish: Leased) -> int:
        park(work, desk, row, FAILED_BY_RECIPIENT, wish.reason[:REASON_LENGTH], lease=wish.lease)
        work.record(audit_of(call, "item.fail", f"items/{row.id}", wish.reason[:REASON_LENGTH]))
        return 0

    return _each(work, call, leased, act, ended_as=ItemState.PARKED)


def extend_items(work: UnitOfWork, desk: Desk, call: Call, leased: Sequence[Leased], length: int) -> list[Outcome]:
    """Keeps leases longer, `length` microseconds of the database's clock from now; 0 is the usual length."""
    until = work.database_micros + desk.leases.length(length)

    def act(row: StoredItem, _wish: Leased) -> int:
        row.lease_until = until
        save_item(work.rows, row)
        return until

    return _each(work, call, leased, act, ended_as=None)


def _acknowledge(work: UnitOfWork, call: Call, row: StoredItem, _wish: Leased) -> int:
    row.state, row.waiting = ItemState.ACKNOWLEDGED.value, 0
    save_item(work.rows, row)
    if row.kind == ItemKind.DOCUMENT.value:
        delivery = delivery_by_id(work.rows, row.delivery)
        if delivery is not None:
            acknowledge_delivery(work, delivery, call.caller.system.id)
    work.record(audit_of(call, "item.acknowledge", f"items/{row.id}"))
    return 0


def _each(
    work: UnitOfWork, call: Call, leased: Sequence[Leased], act: Act, *, ended_as: ItemState | None
) -> list[Outcome]:
    rows = items_by_id(work.rows, [wish.item for wish in leased], call.caller.reach)
    now = work.database_micros
    done: dict[tuple[str, str], Outcome] = {}
    for wish in leased:
        key = (wish.item, wish.lease)
        if key not in done:
            done[key] = _one(rows.get(wish.item), wish, now, act, ended_as)
    return [done[wish.item, wish.lease] for wish in leased]


def _one(row: StoredItem | None, wish: Leased, now: int, act: Act, ended_as: ItemState | None) -> Outcome:
    if row is None:
        return Outcome(wish.item, not_found(f"items/{wish.item}"))
    held = Held(ItemState(row.state), row.lease, row.lease_until)
    problem = settle(held, wish.lease, now, ended_as=ended_as)
    if problem is not None:
        return Outcome(wish.item, _refusal(wish.item, problem))
    if held.state is ended_as:
        return Outcome(wish.item)
    return Outcome(wish.item, until=act(row, wish))


def _refusal(item: str, problem: LeaseProblem) -> AxisError:
    name = f"items/{item}"
    if problem is LeaseProblem.NOT_HELD:
        return precondition("LEASE_NOT_HELD", f"{name} is not leased under this lease. Pull it again.", item=name)
    if problem is LeaseProblem.EXPIRED:
        message = f"the lease of {name} expired; pull it again, and extend leases before they end."
        return precondition("LEASE_EXPIRED", message, item=name)
    message = f"{name} has ended: it was taken back, overtaken, parked or acknowledged. Look at its delivery."
    return precondition("ITEM_ENDED", message, item=name)
