"""How tests wait: they look again and again until something is true, and never longer than a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")

SECONDS = 30.0
"""Patience with what comes about in a moment on an idle machine."""

_PAUSE_SECONDS = 0.01


def eventually(look: Callable[[], Seen | None], claim: str = "what was waited for", seconds: float = SECONDS) -> Seen:
    """Waits until a look sees something, and gives what it saw.

    Raises:
        AssertionError: It saw nothing within `seconds`; names the claim.
    """
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"{claim}: not within {seconds:.0f} s"
        time.sleep(_PAUSE_SECONDS)
    return seen


def until(look: Callable[[], object], seconds: float = SECONDS) -> bool:
    """Waits until a look sees something; tells whether it did within `seconds`."""
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True
