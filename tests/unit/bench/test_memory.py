"""The course of a process's memory is told by its levels, its peak, and a line."""

from tests.bench.memory import course


def test_growth_is_seen_and_warming_up_is_not() -> None:
    """What came in the first part is no growth; what goes on coming is, by the hour."""
    minutes = [minute / 2 for minute in range(1, 121)]
    warming = [min(100.0 + 5 * at, 150.0) for at in minutes]
    growing = [150.0 + at / 2 for at in minutes]
    assert course("routing", minutes, warming)[:2] == ("memory, routing", "126 / 150 / 150 MiB, +0.0 an hour")
    assert course("routing", minutes, growing)[:2] == ("memory, routing", "153 / 178 / 180 MiB, +30.0 an hour")


def test_a_peak_is_told_and_is_no_growth() -> None:
    """A peak in each part, as of a large attachment, shows as the highest, and hardly in levels and line."""
    minutes = [minute / 2 for minute in range(1, 121)]
    values = [190.0 if at % 10 == 5 else 110.0 for at in minutes]
    name, figure, condition = course("intake", minutes, values)
    assert (name, figure) == ("memory, intake", "110 / 110 / 190 MiB, -0.3 an hour")
    assert condition.endswith("110, 110, 110, 110, 110, 110")
