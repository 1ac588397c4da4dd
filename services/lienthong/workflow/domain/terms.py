"""The words of the lifecycle: states, requests, triggers, effects, events.

Names equal those of `lienthong.common.v1` and `lienthong.workflow.v1` without their prefix, so that the
border of the service translates by name and this package needs no protobuf.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DeliveryState(StrEnum):
    """State of the main line (tiến trình xử lý) of one document at one recipient."""

    SENT = "SENT"
    ARRIVED = "ARRIVED"
    REFUSED = "REFUSED"
    ACCEPTED = "ACCEPTED"
    ASSIGNED = "ASSIGNED"
    PROCESSING = "PROCESSING"
    DONE = "DONE"
    WITHDRAWN = "WITHDRAWN"
    SUPERSEDED = "SUPERSEDED"
    FAILED = "FAILED"


class SideRequest(StrEnum):
    """What the sender asks of a delivery beside the main line."""

    NONE = "NONE"
    RECALL = "RECALL"
    UPDATE = "UPDATE"
    REPLACE = "REPLACE"


class Outcome(StrEnum):
    """What became of a status. `INVALID` is not recorded: the wire says UNSPECIFIED and INVALID_ARGUMENT."""

    APPLIED = "APPLIED"
    HISTORY = "HISTORY"
    CONFLICT = "CONFLICT"
    KEPT = "KEPT"
    FORWARDED = "FORWARDED"
    INVALID = "INVALID"


class Actor(StrEnum):
    """Who stands behind an event, in relation to the delivery."""

    SENDER = "SENDER"
    RECIPIENT = "RECIPIENT"
    AXIS = "AXIS"


class Source(StrEnum):
    """How an event came; values as `StatusFacts.source` writes them."""

    CALL = "call"
    EDXML = "edxml"
    TASK = "task"
    ACKNOWLEDGEMENT = "acknowledgement"
    AXIS = "axis"


class Trigger(StrEnum):
    """What can happen to a delivery: a status code, or a fact that another part of the axis decided."""

    STATUS_01 = "01"
    STATUS_02 = "02"
    STATUS_03 = "03"
    STATUS_04 = "04"
    STATUS_05 = "05"
    STATUS_06 = "06"
    STATUS_13 = "13"
    STATUS_15 = "15"
    STATUS_16 = "16"
    STATUS_UNKNOWN = "unknown code"
    CREATED = "created"
    ACKNOWLEDGED = "acknowledged"
    WITHDRAWN_UNOPENED = "withdrawn unopened"
    WITHDRAWN_AGREED = "withdrawn after agreement"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    RECALL_DELIVERED = "recall delivered"
    UPDATE_ACKNOWLEDGED = "update acknowledged"
    REPLACEMENT_DELIVERED = "replacement delivered"
    REQUEST_TAKEN_BACK = "what asked was taken back"
    ANSWERED = "answered"


class Effect(StrEnum):
    """What must be done beside storing the new state; the handler carries it out in the same transaction."""

    FORWARD_TO_SENDER = "FORWARD_TO_SENDER"
    FORWARD_TO_RECIPIENT = "FORWARD_TO_RECIPIENT"
    ALERT = "ALERT"
    AUDIT = "AUDIT"
    ASK_ROUTING = "ASK_ROUTING"
    OPEN_REQUEST = "OPEN_REQUEST"
    QUEUE_REQUEST = "QUEUE_REQUEST"
    CLOSE_REQUEST = "CLOSE_REQUEST"
    DROP_REQUEST = "DROP_REQUEST"
    WITHDRAW = "WITHDRAW"
    SUPERSEDE = "SUPERSEDE"
    ADOPT_VERSION = "ADOPT_VERSION"
    START_NEW_LINE = "START_NEW_LINE"
    EMIT_01 = "EMIT_01"
    EMIT_15 = "EMIT_15"
    MARK_ANSWERED = "MARK_ANSWERED"


FINAL_STATES = frozenset(
    {
        DeliveryState.REFUSED,
        DeliveryState.DONE,
        DeliveryState.WITHDRAWN,
        DeliveryState.SUPERSEDED,
        DeliveryState.FAILED,
    }
)
"""States that end the main line. DONE and REFUSED can still end otherwise by a 15 (rules 21, 27)."""

CLOSED_STATES = FINAL_STATES - {DeliveryState.DONE, DeliveryState.REFUSED}
"""States in which no request can be open any more."""

RANKS: dict[DeliveryState | Trigger, int] = {
    DeliveryState.SENT: 0,
    DeliveryState.ARRIVED: 1,
    DeliveryState.ACCEPTED: 2,
    DeliveryState.ASSIGNED: 3,
    DeliveryState.PROCESSING: 4,
    DeliveryState.DONE: 5,
    Trigger.STATUS_01: 1,
    Trigger.ACKNOWLEDGED: 1,
    Trigger.STATUS_03: 2,
    Trigger.STATUS_04: 3,
    Trigger.STATUS_05: 4,
    Trigger.STATUS_06: 5,
}
"""Position on the main line of states and of what leads to them; others have none."""

FACT_ACTORS: dict[Trigger, Actor] = {
    Trigger.CREATED: Actor.SENDER,
    Trigger.ACKNOWLEDGED: Actor.RECIPIENT,
    Trigger.WITHDRAWN_UNOPENED: Actor.AXIS,
    Trigger.WITHDRAWN_AGREED: Actor.AXIS,
    Trigger.SUPERSEDED: Actor.AXIS,
    Trigger.FAILED: Actor.AXIS,
    Trigger.RECALL_DELIVERED: Actor.SENDER,
    Trigger.UPDATE_ACKNOWLEDGED: Actor.SENDER,
    Trigger.REPLACEMENT_DELIVERED: Actor.SENDER,
    Trigger.REQUEST_TAKEN_BACK: Actor.AXIS,
    Trigger.ANSWERED: Actor.RECIPIENT,
}
"""Who stands behind each fact that comes as an event of the axis rather than as a status."""

REQUEST_KINDS: dict[Trigger, SideRequest] = {
    Trigger.STATUS_13: SideRequest.RECALL,
    Trigger.RECALL_DELIVERED: SideRequest.RECALL,
    Trigger.UPDATE_ACKNOWLEDGED: SideRequest.UPDATE,
    Trigger.REPLACEMENT_DELIVERED: SideRequest.REPLACE,
}
"""What each asking trigger asks for."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the sender that waits for 15 or 16.

    `key` tells requests of one kind apart: the recall, or the delivery of the update or replacement.
    """

    kind: SideRequest
    key: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryCase:
    """What the lifecycle knows of a delivery before an event.

    `state` is None while the delivery is not known here. `requests` holds the open request first, then those
    that wait behind it: the recipient reads them in this order from its mailbox, and neither 15 nor 16 says
    which one it means.

    Raises:
        ValueError: requests stand at a delivery that cannot have any.
    """

    state: DeliveryState | None = None
    requests: tuple[Request, ...] = ()
    answered: bool = False

    def __post_init__(self) -> None:
        if self.requests and (self.state is None or self.state in CLOSED_STATES):
            raise ValueError(f"a delivery in state {self.state} has no open request")

    @property
    def request(self) -> SideRequest:
        """The request that the next 15 or 16 answers."""
        return self.requests[0].kind if self.requests else SideRequest.NONE


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a delivery.

    `reason` is the free text of a status (required for 02, 13, 16). `key` identifies a request. Build it with
    `status_event` or `fact_event`.
    """

    trigger: Trigger
    actor: Actor
    reason: str = ""
    source: Source = Source.AXIS
    key: str = ""


def normalise_code(code: str) -> str:
    """Give a status code its two digits; `3` is written by existing systems. Anything else stays as it is."""
    bare = code.strip()
    single = len(bare) == 1 and bare.isascii() and bare.isdigit()
    return f"0{bare}" if single else bare


_KNOWN_CODES = {trigger.value: trigger for trigger in Trigger if trigger.value.isdecimal()}


def status_event(code: str, actor: Actor, *, reason: str = "", source: Source = Source.CALL, key: str = "") -> Event:
    """Make the event of a reported status; a code that the lifecycle does not know becomes STATUS_UNKNOWN."""
    trigger = _KNOWN_CODES.get(normalise_code(code), Trigger.STATUS_UNKNOWN)
    return Event(trigger, actor, reason=reason, source=source, key=key)


def fact_event(trigger: Trigger, *, reason: str = "", key: str = "") -> Event:
    """Make the event of a fact that routing decided.

    Raises:
        KeyError: the trigger is a status code, which somebody must have reported.
    """
    return Event(trigger, FACT_ACTORS[trigger], reason=reason, source=Source.AXIS, key=key)
