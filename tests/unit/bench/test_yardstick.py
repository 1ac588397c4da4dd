"""What the machine's speed is measured by."""

from tests.bench.compare import numbers
from tests.bench.yardstick import Yardstick, piece_of_work


def test_a_piece_costs_something_each_time() -> None:
    """A measurement that ends at once has been beside one piece at least."""
    assert piece_of_work() > 0
    with Yardstick() as yardstick:
        pass
    name, figure, conditions = yardstick.row("codec")
    assert name == "codec: fixed piece of work"
    assert 0 < numbers(figure)[0] <= numbers(figure)[1]
    assert "of 1 taken" in conditions
