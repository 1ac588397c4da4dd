"""Items of mailboxes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, literal_column, select, update

from lienthong.chassis.counters import next_value
from lienthong.chassis.engines.rows import Kind, Rows
from lienthong.chassis.engines.sql import DatabaseMicros, Moment, among
from lienthong.chassis.events.tables import counters
from lienthong.routing.domain.leases import ItemKind, ItemState, LeaseBounds
from lienthong.routing.domain.ordering import Chain, Waiting
from lienthong.routing.storage.rows import StoredItem
from lienthong.routing.storage.tables import LEASED, PARKED, WAITING, documents, items, waits

ITEMS = Kind(items, StoredItem)

_PLACE = (items.c.rank, items.c.created_at, items.c.sequence, items.c.mailbox, items.c.id, items.c.chain)
"""What the order of a mailbox rests on, and no more: at each value that SQLite gives other threads get their turn."""

WAITING_COUNTED = 1000
"""Items of a mailbox that a hint counts, at most."""


def counter_of(mailbox: str) -> str:
    """Names the counter of a mailbox."""
    return f"mailbox:{mailbox}"


def add_item(rows: Rows, item: StoredItem) -> None:
    """Puts an item into a mailbox; its place is taken inside the transaction, so that places follow commit order."""
    item.sequence = next_value(rows, counter_of(item.mailbox))
    rows.of(ITEMS).add(item)


def positions_of(connection: Connection, reach: Sequence[str]) -> tuple[dict[str, int], int]:
    """Tells the last place taken in each mailbox, and the time of the database, in microseconds since 1970."""
    rows = connection.execute(_POSITIONS, {"names": [counter_of(mailbox) for mailbox in reach]}).all()
    taken = {row.name: int(row.value) for row in rows if row.name is not None}
    return {mailbox: taken.get(counter_of(mailbox), 0) for mailbox in reach}, int(rows[0].now)


_ALWAYS = select(literal_column("1")).subquery()
_POSITIONS = select(DatabaseMicros().label("now"), counters.c.name, counters.c.value).select_from(
    _ALWAYS.outerjoin(counters, among(counters.c.name, "names"))
)
"""One row at least, with the time."""


def count_waiting(connection: Connection, reach: Sequence[str]) -> int:
    """Counts what waits, up to `WAITING_COUNTED`."""
    some = select(items.c.id).where(items.c.mailbox.in_(reach), WAITING).limit(WAITING_COUNTED)
    return int(connection.execute(select(func.count()).select_from(some.subquery())).scalar_one())


def free_heads(
    connection: Connection, reach: Sequence[str], kinds: Iterable[ItemKind], now: Moment, count: int
) -> list[Waiting]:
    """Gives the first items of chains that may be leased, the most urgent and oldest of each mailbox."""
    earlier = items.alias("earlier")
    blocked = exists().where(
        earlier.c.mailbox == items.c.mailbox,
        earlier.c.chain == items.c.chain,
        waits(earlier),
        earlier.c.sequence < items.c.sequence,
    )
    found = select(*_PLACE).where(WAITING, items.c.lease_until <= now, ~blocked)
    wanted = sorted(kind.value for kind in kinds)
    if wanted:
        found = found.where(items.c.kind.in_(wanted))
    rows: list[Row[Any]] = []
    for mailbox in reach:
        one = found.where(items.c.mailbox == mailbox).order_by(items.c.rank, items.c.sequence).limit(count)
        rows.extend(connection.execute(one).all())
    return [_waiting(row, reach, free=True) for row in rows]


def followers_of(
    connection: Connection, reach: Sequence[str], heads: Sequence[Waiting], kinds: Iterable[ItemKind], now: int
) -> dict[Chain, list[Waiting]]:
    """Gives the later items of the chains of some heads, by their place."""
    chosen = {(head.mailbox, head.chain): head.sequence for head in heads}
    wanted = set(kinds) or set(ItemKind)
    found: dict[Chain, list[Waiting]] = {}
    for mailbox in sorted({head.mailbox for head in heads}):
        chains = sorted({head.chain for head in heads if head.mailbox == mailbox})
        rows = connection.execute(
            select(*_PLACE, items.c.lease_until, items.c.kind)
            .where(items.c.mailbox == mailbox, items.c.chain.in_(chains), WAITING)
            .order_by(items.c.sequence)
        )
        for row in rows:
            key = (row.mailbox, row.chain)
            if row.sequence > chosen[key]:
                free = row.lease_until <= now and row.kind in wanted
                found.setdefault(key, []).append(_waiting(row, reach, free=free))
    return found


def spent_items(rows: Rows, identifiers: Sequence[str], now: int, leases: LeaseBounds) -> list[StoredItem]:
    """Gives those of some items whose last lease expired, under their locks."""
    shelf = rows.of(ITEMS)
    shelf.load(identifiers)
    items = filter(None, map(shelf.get, identifiers))
    return [item for item in items if item.waiting and item.lease_until <= now and leases.exhausted(item.attempts)]


def lease_items(rows: Rows, identifiers: Sequence[str], lease: str, now: int, until: int) -> list[str]:
    """Leases those of some items that are still free under their locks; a recall may have been first. Gives them."""
    shelf = rows.of(ITEMS)
    shelf.load(identifiers)
    items = [item for identifier in identifiers if (item := shelf.get(identifier)) is not None]
    free = [item for item in items if item.waiting and item.lease_until <= now]
    for item in free:
        item.state, item.lease, item.lease_until = ItemState.LEASED.value, lease, until
        item.attempts += 1
        shelf.save(item)
    return [item.id for item in free]


def release_items(rows: Rows, identifiers: Sequence[str]) -> None:
    """Undoes the leases of items that were leased in this transaction and cannot be handed out."""
    shelf = rows.of(ITEMS)
    for item in filter(None, map(shelf.get, identifiers)):
        item.state, item.lease, item.lease_until = ItemState.AVAILABLE.value, "", 0
        item.attempts -= 1
        shelf.save(item)


def free_followers(rows: Rows, ended: Iterable[tuple[str, str]]) -> list[str]:
    """Moves the cursor of a mailbox on when ended items made room for later ones of their chains.

    Args:
        rows: Of the transaction.
        ended: Mailbox and chain of each item that ended.

    Returns:
        The mailboxes that show something new.
    """
    moved = []
    chains: dict[str, set[str]] = defaultdict(set)
    for mailbox, chain in ended:
        chains[mailbox].add(chain)
    for mailbox, names in sorted(chains.items()):
        found = select(items.c.id).where(items.c.mailbox == mailbox, WAITING, items.c.chain.in_(names))
        if rows.connection.execute(found.limit(1)).first() is not None:
            next_value(rows, counter_of(mailbox))
            moved.append(mailbox)
    return moved


def leases_ended(connection: Connection, reach: Sequence[str], since: int, now: int) -> bool:
    """Tells whether a lease in some mailboxes ran out within a time of the database's clock."""
    found = select(items.c.id).where(*_ended_between(since, now), items.c.mailbox.in_(reach))
    return connection.execute(found.limit(1)).first() is not None


def mailboxes_of_ended_leases(connection: Connection, since: int, now: int) -> Sequence[str]:
    """Names the mailboxes in which a lease ran out within a time of the database's clock."""
    found = select(items.c.mailbox).where(*_ended_between(since, now)).distinct()
    return connection.execute(found).scalars().all()


def _ended_between(since: int, now: int) -> tuple[ColumnElement[bool], ...]:
    return LEASED, items.c.lease_until > since, items.c.lease_until <= now


def items_by_id(rows: Rows, identifiers: Iterable[str], reach: Sequence[str]) -> dict[str, StoredItem]:
    """Gives items of some mailboxes, under their locks where they may be changed."""
    shelf, wanted = rows.of(ITEMS), set(identifiers)
    shelf.load(wanted)
    found = {identifier: shelf.get(identifier) for identifier in wanted}
    return {name: item for name, item in found.items() if item is not None and item.mailbox in reach}


def item_by_id(rows: Rows, identifier: str) -> StoredItem | None:
    """Finds an item of any mailbox."""
    return rows.of(ITEMS).get(identifier)


def save_item(rows: Rows, item: StoredItem) -> None:
    """Stores what changed of an item."""
    rows.of(ITEMS).save(item)


def end_items(rows: Rows, delivery: str, mailbox: str, state: ItemState) -> None:
    """Ends what waits about a delivery in a mailbox; also what is parked there."""
    open_or_parked = items.c.state.in_([ItemState.AVAILABLE.value, ItemState.LEASED.value, ItemState.PARKED.value])
    found = ITEMS.select().where(items.c.delivery == delivery, items.c.mailbox == mailbox, open_or_parked)
    shelf = rows.of(ITEMS)
    for item in shelf.find(found.where(items.c.kind != ItemKind.STATUS.value)):
        item.state, item.waiting = state.value, 0
        shelf.save(item)


def end_untaken_requests(rows: Rows, delivery: str, mailbox: str) -> None:
    """Ends requests about a delivery that wait in a mailbox and are in nobody's hand."""
    untaken = items.c.state == ItemState.AVAILABLE.value
    found = ITEMS.select().where(items.c.delivery == delivery, items.c.mailbox == mailbox, untaken)
    shelf = rows.of(ITEMS)
    for item in shelf.find(found.where(items.c.kind == ItemKind.REQUEST.value)):
        item.state, item.waiting = ItemState.GONE.value, 0
        shelf.save(item)


def any_exhausted(connection: Connection, now: Moment, attempts: int) -> bool:
    """Tells whether the last lease of an item expired."""
    found = select(items.c.id).where(*_exhausted(now, attempts)).limit(1)
    return connection.execute(found).first() is not None


def exhausted_items(rows: Rows, now: int, attempts: int, count: int) -> Sequence[StoredItem]:
    """Gives items whose last lease expired; rows that another replica holds are skipped."""
    found = ITEMS.select().where(*_exhausted(now, attempts)).limit(count)
    return rows.of(ITEMS).find(found, skip_locked=True)


def _exhausted(now: Moment, attempts: int) -> tuple[ColumnElement[bool], ...]:
    return LEASED, items.c.lease_until <= now, items.c.attempts >= attempts


def expire_statuses(connection: Connection, before: int, count: int) -> int:
    """Ends statuses that came in before a time; tells how many, at most `count`."""
    old = (
        select(items.c.id)
        .where(items.c.kind == ItemKind.STATUS.value, WAITING, items.c.created_at < before)
        .limit(count)
    )
    ended = update(items).where(items.c.id.in_(old)).values(state=ItemState.GONE.value, waiting=0)
    return connection.execute(ended).rowcount


def full_items(connection: Connection, identifiers: Sequence[str]) -> list[Row[Any]]:
    """Reads items with what their documents say, in the order asked."""
    rows = {row.id: row for row in connection.execute(_full().where(items.c.id.in_(identifiers)))}
    return [rows[identifier] for identifier in identifiers if identifier in rows]


def leased_items(connection: Connection, identifiers: Sequence[str], lease: str, now: int) -> list[Row[Any]]:
    """Reads those of some items that a lease still holds, in the order asked."""
    return [row for row in full_items(connection, identifiers) if row.lease == lease and _lives(row, now)]


def visible_item(connection: Connection, identifier: str, reach: Sequence[str]) -> Row[Any] | None:
    """Reads an item of some mailboxes with what its document says."""
    return connection.execute(_full().where(items.c.id == identifier, items.c.mailbox.in_(reach))).one_or_none()


def waiting_items(
    connection: Connection, reach: Sequence[str], after: tuple[str, int] | None, count: int
) -> list[Row[Any]]:
    """Reads what waits, mailbox by mailbox, in the order in which it came in."""
    rows: list[Row[Any]] = []
    for mailbox in sorted(reach):
        if after is not None and mailbox < after[0]:
            continue
        start = after[1] if after is not None and mailbox == after[0] else 0
        found = _full().where(items.c.mailbox == mailbox, WAITING, items.c.sequence > start)
        rows.extend(connection.execute(found.order_by(items.c.sequence).limit(count - len(rows))).all())
        if len(rows) >= count:
            break
    return rows


def parked_items(connection: Connection, after: str | None, count: int) -> Sequence[Row[Any]]:
    """Reads what is parked in all mailboxes, the oldest first."""
    conditions: list[ColumnElement[bool]] = [PARKED]
    if after is not None:
        conditions.append(items.c.id > after)
    return connection.execute(_full().where(and_(*conditions)).order_by(items.c.id).limit(count)).all()


def _lives(row: Row[Any], now: int) -> bool:
    return bool(row.state == ItemState.LEASED.value and row.lease_until > now)


def _waiting(row: Row[Any], reach: Sequence[str], *, free: bool) -> Waiting:
    age = row.created_at if len(reach) > 1 else 0
    return Waiting(row.rank, age, row.sequence, row.mailbox, row.id, row.chain, free)


def _full() -> Select[Any]:
    return select(
        items,
        documents.c.accepted,
        documents.c.verdict,
        documents.c.verdict_vi,
        documents.c.verdict_en,
    ).join(documents, documents.c.id == items.c.document)
