"""How long to wait before the next attempt."""

_FIRST_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 600.0
_DOUBLINGS = 10


def delay_seconds(delays: int) -> float:
    """Gives the delay after `delays` earlier ones: one second, doubled each time, at most ten minutes."""
    return min(_FIRST_SECONDS * 2.0 ** min(delays, _DOUBLINGS), LONGEST_DELAY_SECONDS)
