"""What became of one attempt to hand a notice over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took it. `detail` is what it said."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """It did not work now and may later. `retry_after` is what the other side asked for."""

    reason: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It will not work as it is: a person must change the target or the notice."""

    reason: str


Result = Sent | Retry | Refused
"""One of the three."""
