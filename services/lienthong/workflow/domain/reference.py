"""Renders the lifecycle for the generated reference page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lienthong.workflow.domain.rules import RULES, Rule
from lienthong.workflow.domain.terms import Actor, DeliveryState, SideRequest, Trigger

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

_HEAD = (
    "Rule",
    "State",
    "Open request",
    "Event",
    "By",
    "When",
    "State after",
    "Outcome",
    "Effects",
    "Meaning",
)


def _names(chosen: Iterable[StrEnum | None], every: type[StrEnum]) -> str:
    members = set(chosen)
    if members >= set(every):
        return "any"
    return ", ".join(["–"] * (None in members) + [member.value for member in every if member in members])


def _cells(rule: Rule) -> tuple[str, ...]:
    return (
        str(rule.number),
        _names(rule.states, DeliveryState),
        _names(rule.requests, SideRequest),
        _names(rule.triggers, Trigger),
        _names(rule.actors, Actor),
        "" if rule.guard == "always" else rule.guard,
        rule.next_state.value if rule.next_state else "unchanged",
        "beside another rule" if rule.accompanies else rule.outcome.value,
        ", ".join(sorted(effect.value for effect in rule.effects)) + (f" ({rule.alert})" if rule.alert else ""),
        rule.meaning,
    )


def lifecycle_table() -> str:
    """Return the lifecycle as a Markdown table, one line for each row of the data."""
    lines = [_HEAD, tuple("---" for _ in _HEAD), *(_cells(rule) for rule in RULES)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
