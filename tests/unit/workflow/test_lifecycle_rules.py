"""The rules of the lifecycle are tested one by one; none is left out."""

from itertools import chain

from lienthong.workflow.domain import RULES

from . import test_lifecycle_edges, test_lifecycle_main_line, test_lifecycle_requests


def test_every_rule_has_its_test() -> None:
    """Each number of the table is named by a test."""
    tests = chain(vars(test_lifecycle_main_line), vars(test_lifecycle_requests), vars(test_lifecycle_edges))
    named = "_".join(name for name in tests if name.startswith("test_rule")) + "_"
    missing = [rule.number for rule in RULES if f"_{rule.number}_" not in named]
    assert missing == []
