"""Where a delivery stands in transport, as a table: state and step give the next state.

Transport is not the processing status (tiến trình xử lý), which workflow keeps: two independent lines.
"""

from collections.abc import Mapping
from enum import StrEnum


class Transport(StrEnum):
    """State of a delivery in transport."""

    HELD = "HELD"
    AVAILABLE = "AVAILABLE"
    OPENED = "OPENED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    PARKED = "PARKED"
    WITHDRAWN = "WITHDRAWN"
    SUPERSEDED = "SUPERSEDED"
    FAILED = "FAILED"


class Step(StrEnum):
    """What can happen to a delivery in transport."""

    RELEASE = "release"
    OPEN = "open"
    ACKNOWLEDGE = "acknowledge"
    PARK = "park"
    REDRIVE = "redrive"
    WITHDRAW = "withdraw"
    SUPERSEDE = "supersede"
    FAIL = "fail"


_T, _S = Transport, Step

TABLE: Mapping[tuple[Transport, Step], Transport] = {
    (_T.HELD, _S.RELEASE): _T.AVAILABLE,
    (_T.AVAILABLE, _S.OPEN): _T.OPENED,
    (_T.OPENED, _S.ACKNOWLEDGE): _T.ACKNOWLEDGED,
    (_T.OPENED, _S.PARK): _T.PARKED,
    # Somebody leased it before it was parked, so it goes back as opened.
    (_T.PARKED, _S.REDRIVE): _T.OPENED,
    # Nobody leased or opened it: the axis takes it back by itself.
    (_T.HELD, _S.WITHDRAW): _T.WITHDRAWN,
    (_T.AVAILABLE, _S.WITHDRAW): _T.WITHDRAWN,
    # The recipient agreed (15): QD28 Art. 9, ND30 Art. 18.
    (_T.OPENED, _S.WITHDRAW): _T.WITHDRAWN,
    (_T.ACKNOWLEDGED, _S.WITHDRAW): _T.WITHDRAWN,
    (_T.PARKED, _S.WITHDRAW): _T.WITHDRAWN,
    (_T.HELD, _S.SUPERSEDE): _T.SUPERSEDED,
    (_T.AVAILABLE, _S.SUPERSEDE): _T.SUPERSEDED,
    (_T.HELD, _S.FAIL): _T.FAILED,
    (_T.AVAILABLE, _S.FAIL): _T.FAILED,
    (_T.OPENED, _S.FAIL): _T.FAILED,
    (_T.PARKED, _S.FAIL): _T.FAILED,
}
"""All steps that change something; every other one changes nothing."""

FINAL = frozenset({_T.WITHDRAWN, _T.SUPERSEDED, _T.FAILED})
"""States that no step leaves."""

UNOPENED = frozenset({_T.HELD, _T.AVAILABLE})
"""States in which nobody has leased or opened the delivery."""

UNFINISHED = frozenset({_T.HELD, _T.AVAILABLE, _T.OPENED, _T.PARKED})
"""States in which the recipient's software has not stored the delivery."""


def after(state: Transport, step: Step) -> Transport | None:
    """Gives the state after a step, None when the step changes nothing."""
    return TABLE.get((state, step))
