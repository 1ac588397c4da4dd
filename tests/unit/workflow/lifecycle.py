"""Lets something happen to a delivery, and compares what was decided."""

from __future__ import annotations

from lienthong.workflow.domain import (
    Actor,
    Decision,
    DeliveryCase,
    DeliveryState,
    Effect,
    Outcome,
    Request,
    SideRequest,
    Trigger,
    decide,
    fact_event,
    status_event,
)

S, T, E, R = DeliveryState, Trigger, Effect, SideRequest
RECALL, UPDATE, REPLACE = (Request(k, "r1") for k in (R.RECALL, R.UPDATE, R.REPLACE))
TELL = frozenset({E.FORWARD_TO_SENDER})


def report(
    code: str,
    state: DeliveryState | None,
    *requests: Request,
    by: Actor = Actor.RECIPIENT,
    answered: bool = False,
) -> Decision:
    """Let somebody report a code."""
    return decide(DeliveryCase(state, requests, answered), status_event(code, by, reason="a reason"))


def happen(trigger: Trigger, state: DeliveryState | None, *requests: Request, key: str = "r1") -> Decision:
    """Let a fact of the axis happen."""
    return decide(DeliveryCase(state, requests), fact_event(trigger, key=key))


def expect(
    decision: Decision,
    rule: int,
    outcome: Outcome,
    state: DeliveryState | None,
    effects: frozenset[Effect] = frozenset(),
) -> None:
    """Compare what matters of a decision at once."""
    found = (decision.rule, decision.outcome, decision.state, decision.effects)
    assert found == (rule, outcome, state, effects)
