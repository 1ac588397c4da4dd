"""Rules of leases. All times are microseconds of the database's clock."""

from dataclasses import dataclass
from enum import IntEnum


class ItemState(IntEnum):
    """Where an item stands; numbers as in the contract."""

    AVAILABLE = 1
    LEASED = 2
    ACKNOWLEDGED = 3
    PARKED = 4
    GONE = 5


class ItemKind(IntEnum):
    """What an item is; numbers as in the contract."""

    DOCUMENT = 1
    REQUEST = 2
    STATUS = 3
    VERDICT = 4


WAITING = frozenset({ItemState.AVAILABLE, ItemState.LEASED})
"""States of items that have not ended."""


class LeaseProblem(IntEnum):
    """Why a lease does not count."""

    NOT_HELD = 1
    EXPIRED = 2
    ENDED = 3


@dataclass(frozen=True, slots=True)
class LeaseBounds:
    """Lengths of leases in microseconds, and how many may expire."""

    usual: int
    shortest: int
    longest: int
    attempts: int

    def length(self, wanted: int) -> int:
        """Gives the length of a lease; 0 is the usual one, others are kept within the bounds."""
        return min(max(wanted, self.shortest), self.longest) if wanted else self.usual

    def exhausted(self, attempts: int) -> bool:
        """Tells whether an item whose lease expired has had all its leases."""
        return attempts >= self.attempts


@dataclass(frozen=True, slots=True)
class Held:
    """An item with its last lease."""

    state: ItemState
    lease: str
    until: int


def settle(held: Held, lease: str, now: int, *, ended_as: ItemState | None = None) -> LeaseProblem | None:
    """Tells why a caller may not act on an item; None when they may, or when they have done it before.

    Args:
        held: The item.
        lease: The token that the caller gives back.
        now: The database's time.
        ended_as: The state that the caller's act leads to; an item that is there under this lease is a repeat.
    """
    if not lease or held.lease != lease:
        return LeaseProblem.NOT_HELD
    if held.state is ItemState.LEASED:
        return LeaseProblem.EXPIRED if held.until <= now else None
    if held.state is ItemState.AVAILABLE:
        return LeaseProblem.EXPIRED
    return None if held.state is ended_as else LeaseProblem.ENDED
