"""Filters of lists as what storage looks for."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from lienthong.chassis.filtering import Condition, Kind, parse_filter
from lienthong.workflow.api.reading import refused, resource
from lienthong.workflow.domain import DeliveryState
from lienthong.workflow.storage import CaseFilter

CASE_FIELDS: Mapping[str, Kind] = {
    "role": Kind.TEXT,
    "state": Kind.TEXT,
    "overdue": Kind.FLAG,
    "priority": Kind.NUMBER,
}
TASK_FIELDS: Mapping[str, Kind] = {"open": Kind.FLAG, "delivery": Kind.TEXT}

ROLES = ("sender", "recipient")
_PRIORITIES = range(5)
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def case_filter(text: str, now: int) -> CaseFilter:
    """Reads the filter of ListCases; `now` in microseconds since 1970.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    conditions = parse_filter(text, CASE_FIELDS)
    return CaseFilter(
        tuple(role for role in ROLES if all(_holds(one, role) for one in _of(conditions, "role", ROLES))),
        tuple((one.operator, str(one.value)) for one in _of(conditions, "state", tuple(DeliveryState))),
        _flag(conditions, "overdue"),
        _priorities(conditions),
        now,
    )


def task_filter(text: str) -> tuple[bool | None, str | None]:
    """Reads the filter of ListTasks: open or closed, and of which delivery.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    conditions = parse_filter(text, TASK_FIELDS)
    named = [one for one in conditions if one.field == "delivery"]
    if any(one.operator != "=" for one in named) or len(named) > 1:
        raise refused("filter", "FILTER_INVALID", "delivery takes one =", "Name one delivery.")
    delivery = resource("filter", str(named[0].value), "deliveries") if named else None
    return _flag(conditions, "open"), delivery


def _of(conditions: tuple[Condition, ...], field: str, values: tuple[str, ...]) -> list[Condition]:
    found = [one for one in conditions if one.field == field]
    for one in found:
        if one.value not in values:
            rule = f"{field} is one of {', '.join(values)}, not {str(one.value)[:40]!r}"
            raise refused("filter", "FILTER_INVALID", rule, "Correct the value.")
    return found


def _holds(condition: Condition, value: object) -> bool:
    return _COMPARED[condition.operator](value, condition.value)


def _flag(conditions: tuple[Condition, ...], field: str) -> bool | None:
    values = {bool(one.value) for one in conditions if one.field == field}
    if len(values) > 1:
        raise refused("filter", "FILTER_INVALID", f"{field} cannot be both", "Leave it out for both.")
    return values.pop() if values else None


def _priorities(conditions: tuple[Condition, ...]) -> tuple[int, ...] | None:
    named = [one for one in conditions if one.field == "priority"]
    if not named:
        return None
    return tuple(number for number in _PRIORITIES if all(_holds(one, number) for one in named))
