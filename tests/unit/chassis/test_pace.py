"""Workers rest between batches, the longer the dearer the last one was, within bounds."""

import pytest

from lienthong.chassis.pace import Pace

PACE = Pace(least=0.02, most=0.2, times=4.0)


@pytest.mark.parametrize(
    ("took", "next_begins"), [(0.0, 0.02), (0.002, 0.02), (0.01, 0.04), (0.04, 0.16), (0.06, 0.2), (0.5, 0.2)]
)
def test_the_next_batch_begins_in_proportion(took: float, next_begins: float) -> None:
    """From the beginning of a batch: four times what it took, neither sooner nor later than the bounds."""
    assert took + PACE.rest(took) == pytest.approx(next_begins)
