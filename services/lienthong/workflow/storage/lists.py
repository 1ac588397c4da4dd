"""The list of cases, newest first, each stream of it along one index."""

import heapq
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal, select, tuple_

from lienthong.workflow.storage.rows import StoredDelivery
from lienthong.workflow.storage.tables import deliveries

Position = tuple[int, str]

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {"=": operator.eq, "!=": operator.ne}


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What cases are wanted.

    Attributes:
        roles: `sender`, `recipient`, or both.
        states: Pairs of operator (`=`, `!=`) and state.
        overdue: Only overdue ones, only others, None for both.
        priorities: Only these degrees of urgency, None for all.
        now: Time at which a deadline has passed, microseconds since 1970.
    """

    roles: tuple[str, ...] = ("sender", "recipient")
    states: tuple[tuple[str, str], ...] = ()
    overdue: bool | None = None
    priorities: tuple[int, ...] | None = None
    now: int = 0


def list_cases(
    connection: Connection, reach: Collection[str], wanted: CaseFilter, after: Position | None, limit: int
) -> list[StoredDelivery]:
    """Lists deliveries with a main line that some agencies sent or received, newest first.

    A list over several agencies, roles and priorities is merged from one ordered stream for each, so that every one
    reads `limit` rows of its index and no more.
    """
    priorities: tuple[int | None, ...] = wanted.priorities if wanted.priorities is not None else (None,)
    streams = [
        _stream(connection, role, agency, priority, wanted, (after, limit))
        for role, agency, priority in product(wanted.roles, sorted(reach), priorities)
    ]
    merged = heapq.merge(*streams, key=_position, reverse=True)
    return list(islice(_unique(merged), limit))


def _stream(
    connection: Connection,
    role: str,
    agency: str,
    priority: int | None,
    wanted: CaseFilter,
    page: tuple[Position | None, int],
) -> list[StoredDelivery]:
    after, limit = page
    party = deliveries.c.sender if role == "sender" else deliveries.c.recipient
    conditions = [party == agency, deliveries.c.own_line.is_(True), *_narrowed(wanted)]
    if role == "recipient":
        conditions.append(deliveries.c.visible.is_(True))
    if priority is not None:
        conditions.append(deliveries.c.priority == priority)
    if after is not None:
        conditions.append(tuple_(deliveries.c.created_at, deliveries.c.id) < tuple_(*map(literal, after)))
    newest = (deliveries.c.created_at.desc(), deliveries.c.id.desc())
    rows = connection.execute(select(deliveries).where(*conditions).order_by(*newest).limit(limit)).mappings()
    return [StoredDelivery(**row) for row in rows]


def _narrowed(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        _OPERATORS[sign](deliveries.c.state, state) for sign, state in wanted.states
    ]
    late = deliveries.c.owing.is_(True) & (deliveries.c.due_at < wanted.now)
    if wanted.overdue:
        conditions.append(late)
    elif wanted.overdue is not None:
        in_time = deliveries.c.due_at.is_(None) | (deliveries.c.due_at >= wanted.now)
        conditions.append(deliveries.c.owing.is_(False) | in_time)
    return conditions


def _position(delivery: StoredDelivery) -> Position:
    return delivery.created_at, delivery.id


def _unique(rows: Iterable[StoredDelivery]) -> Iterator[StoredDelivery]:
    last = ""
    for row in rows:
        if row.id != last:
            yield row
        last = row.id


def made_between(
    connection: Connection, reach: Collection[str], bounds: tuple[int, int], limit: int, *, as_sender: bool
) -> list[StoredDelivery]:
    """Lists deliveries with a main line that were made in a period; bounds in microseconds since 1970."""
    start, end = bounds
    made = deliveries.c.own_line.is_(True) & (deliveries.c.created_at >= start) & (deliveries.c.created_at < end)
    party = deliveries.c.sender if as_sender else deliveries.c.recipient
    found = select(deliveries).where(party.in_(reach), made)
    if not as_sender:
        found = found.where(deliveries.c.visible.is_(True))
    return [StoredDelivery(**row) for row in connection.execute(found.limit(limit)).mappings()]
