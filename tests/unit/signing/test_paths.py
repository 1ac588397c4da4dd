"""The memory of good paths: bounded, and silent wherever it could be wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lienthong.signing.verification.paths import PathMemory

from .conftest import NOW

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("moment", "known"),
    [
        (NOW, True),
        (NOW - DAY + 3 * SECOND, True),
        (NOW - DAY + 2 * SECOND, False),
        (NOW - DAY, False),
        (NOW - 2 * DAY, False),
        (NOW + DAY - 3 * SECOND, True),
        (NOW + DAY - 2 * SECOND, False),
        (NOW + DAY, False),
        (NOW + 5 * DAY, False),
    ],
)
def test_an_answer_holds_between_turning_points_only(moment: object, *, known: bool) -> None:
    """Nothing is said about moments beyond the nearest beginnings and ends, nor within two seconds of them."""
    memory = PathMemory()
    memory.keep("key", NOW, [NOW - DAY, NOW + DAY, NOW - 3 * DAY, NOW + 3 * DAY], "good")
    assert (memory.find("key", moment) == "good") is known  # type: ignore[arg-type] # parametrized
    assert memory.find("other", NOW) is None


def test_an_answer_found_at_a_turning_point_is_not_kept() -> None:
    """At the very moment where something begins or ends, each file is judged anew."""
    memory = PathMemory()
    memory.keep("key", NOW, [NOW], "good")
    assert memory.find("key", NOW) is None


def test_the_memory_is_bounded() -> None:
    """The answers used longest ago go first."""
    memory = PathMemory(kept=2)
    for key in ("a", "b"):
        memory.keep(key, NOW, [], key)
    assert memory.find("a", NOW) == "a"
    memory.keep("c", NOW, [], "c")
    assert [memory.find(key, NOW) for key in ("a", "b", "c")] == ["a", None, "c"]
