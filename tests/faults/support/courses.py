"""The course of a received document: what its recipient does about it, step by step."""

import random
from collections import deque
from dataclasses import dataclass

from lienthong.common.v1 import lifecycle_pb2 as lifecycle

SUBMIT, ASSIGN, COMPLETE = "submit", "assign", "complete"
"""Steps that are tasks; the others are status codes."""

_BY_STATUSES = (("03", "05", "06"), ("03", "05", "06"), ("03", "05"), ("02",))
_BY_TASKS = (("03", SUBMIT, ASSIGN, "05", COMPLETE), ("03", ASSIGN, COMPLETE), ("03", SUBMIT, ASSIGN, "05"))

_LEADS_TO = {
    "02": lifecycle.DELIVERY_STATE_REFUSED,
    "05": lifecycle.DELIVERY_STATE_PROCESSING,
    "06": lifecycle.DELIVERY_STATE_DONE,
    COMPLETE: lifecycle.DELIVERY_STATE_DONE,
}


@dataclass(slots=True)
class Course:
    """What is still to be done about a delivery.

    Attributes:
        delivery: Resource name.
        stages: Codes and tasks, in order.
        leads_to: State at the end, when nothing else happens to it.
        task: The last task that was given.
    """

    delivery: str
    stages: deque[str]
    leads_to: lifecycle.DeliveryState.ValueType
    task: str = ""

    @property
    def by_code(self) -> bool:
        """Whether the next step is a status code."""
        return bool(self.stages) and self.stages[0].isdecimal()


def by_statuses(delivery: str, chance: random.Random) -> Course:
    """Plans a course of statuses alone."""
    return _course(delivery, chance.choice(_BY_STATUSES))


def by_tasks(delivery: str, chance: random.Random) -> Course:
    """Plans a course in which tasks report 04 and 06 by themselves."""
    return _course(delivery, chance.choice(_BY_TASKS))


def _course(delivery: str, stages: tuple[str, ...]) -> Course:
    return Course(delivery, deque(stages), _LEADS_TO[stages[-1]])
