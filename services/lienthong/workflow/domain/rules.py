"""The lifecycle of a delivery as data: one row for each rule.

Rules 1 to 13 are the main line, 20 to 32 the requests beside it (QD28 Art. 5, 8, 9, 10; ND30 Art. 18, 21 and
App. VI). Rules 40 to 59 close what those leave open: facts that routing decides, requests that meet another
request, codes that nobody knows, parties that may not speak. A number may have several rows when one rule
answers several events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lienthong.workflow.domain.terms import (
    RANKS,
    REQUEST_KINDS,
    Actor,
    DeliveryCase,
    DeliveryState,
    Effect,
    Event,
    Outcome,
    SideRequest,
    Trigger,
)

Guard = Callable[[DeliveryCase, Event], bool]
S, T, E, R = DeliveryState, Trigger, Effect, SideRequest


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. It matches when state, open request, trigger, actor and guard all do.

    `next_state` None leaves the state. `accompanies` marks a row that decides nothing but is named beside the
    one that does. `alert` is the stable reason of a CaseAlert.
    """

    number: int
    states: frozenset[DeliveryState | None]
    triggers: frozenset[Trigger]
    actors: frozenset[Actor]
    outcome: Outcome
    meaning: str
    next_state: DeliveryState | None = None
    effects: frozenset[Effect] = frozenset()
    requests: frozenset[SideRequest] = frozenset(SideRequest)
    guard: str = "always"
    alert: str = ""
    accompanies: bool = False


def _rank(case: DeliveryCase) -> int:
    return RANKS.get(case.state, -1) if case.state else -1


def _not_ahead(case: DeliveryCase, event: Event) -> bool:
    refused = case.state is S.REFUSED
    return refused or RANKS.get(event.trigger, 99) <= _rank(case)


def _skips(case: DeliveryCase, event: Event) -> bool:
    return RANKS[event.trigger] > _rank(case) + 1


def _asked_before(case: DeliveryCase, event: Event) -> bool:
    kind = REQUEST_KINDS[event.trigger]
    # Only one recall can be open at a time; routing gives updates and replacements a key each.
    return any(r.kind is kind and (kind is R.RECALL or r.key == event.key) for r in case.requests)


def _is_asked(case: DeliveryCase, event: Event) -> bool:
    return any(request.key == event.key for request in case.requests)


GUARDS: dict[str, Guard] = {
    "always": lambda _case, _event: True,
    "not ahead of the state": _not_ahead,
    "lower codes never seen": _skips,
    "asked before": _asked_before,
    "not asked before": lambda case, event: not _asked_before(case, event),
    "is asked": _is_asked,
    "is not asked": lambda case, event: not _is_asked(case, event),
    "answered before": lambda case, _event: case.answered,
    "not answered before": lambda case, _event: not case.answered,
}
"""What a row asks of the case and the event beyond its columns."""

_ACTIVE: tuple[DeliveryState, ...] = (S.SENT, S.ARRIVED, S.ACCEPTED, S.ASSIGNED, S.PROCESSING)
_LINE = (*_ACTIVE, S.DONE)
_STANDING = (*_LINE, S.REFUSED)
_CLOSED = (S.WITHDRAWN, S.SUPERSEDED, S.FAILED)
_KNOWN = (*_STANDING, *_CLOSED)
_MAIN = (T.STATUS_01, T.STATUS_02, T.STATUS_03, T.STATUS_04, T.STATUS_05, T.STATUS_06)
_WORK = (T.STATUS_03, T.STATUS_04, T.STATUS_05, T.STATUS_06)
_ENDS = (T.WITHDRAWN_UNOPENED, T.WITHDRAWN_AGREED, T.SUPERSEDED)
_DELIVERED = (T.RECALL_DELIVERED, T.UPDATE_ACKNOWLEDGED, T.REPLACEMENT_DELIVERED)
_OPEN = frozenset(SideRequest) - {R.NONE}
_TELL = (E.FORWARD_TO_SENDER,)


def _rule(  # noqa: PLR0913 - a row of the table has that many columns
    number: int,
    states: Iterable[DeliveryState | None],
    triggers: Iterable[Trigger],
    actors: Iterable[Actor],
    outcome: Outcome,
    meaning: str,
    *,
    to: DeliveryState | None = None,
    effects: Iterable[Effect] = (),
    requests: Iterable[SideRequest] = SideRequest,
    guard: str = "always",
    alert: str = "",
    accompanies: bool = False,
) -> Rule:
    done = frozenset(effects) | ({E.ALERT} if alert else set())
    sets = (frozenset(states), frozenset(triggers), frozenset(actors))
    wants = frozenset(requests)
    return Rule(number, *sets, outcome, meaning, to, done, wants, guard, alert, accompanies)


_A, _H, _C, _K, _F = Outcome.APPLIED, Outcome.HISTORY, Outcome.CONFLICT, Outcome.KEPT, Outcome.FORWARDED
_RCP, _SND, _AXIS, _ANY = (Actor.RECIPIENT,), (Actor.SENDER,), (Actor.AXIS,), tuple(Actor)
_BEFORE, _AFTER = (S.SENT, S.ARRIVED), (S.ACCEPTED, S.ASSIGNED, S.PROCESSING, S.DONE)

_GAP = "a higher code while lower ones were never seen"
_UNSEEN = "lower codes never seen"

# One row, one or two lines: the table is read more often than it is written.
# fmt: off
MAIN_LINE: tuple[Rule, ...] = (
    _rule(1, (None,), (T.CREATED,), _SND, _A, "the document was sent", to=S.SENT),
    _rule(2, (S.SENT,), (T.STATUS_01,), _RCP, _A, "it arrived", to=S.ARRIVED, effects=_TELL),
    _rule(2, (S.SENT,), (T.ACKNOWLEDGED,), _RCP, _A, "it was stored: 01 by itself", to=S.ARRIVED,
          effects=(E.EMIT_01,)),
    _rule(3, _BEFORE, (T.STATUS_02,), _RCP, _A, "refused, before acceptance only", to=S.REFUSED,
          effects=_TELL),
    _rule(4, _BEFORE, (T.STATUS_03,), _RCP, _A, "accepted and registered", to=S.ACCEPTED, effects=_TELL),
    _rule(5, (S.ACCEPTED,), (T.STATUS_04,), _RCP, _A, "assigned", to=S.ASSIGNED, effects=_TELL),
    _rule(6, (S.ACCEPTED, S.ASSIGNED), (T.STATUS_05,), _RCP, _A, "in process; 04 may be skipped",
          to=S.PROCESSING, effects=_TELL),
    _rule(7, (S.ASSIGNED, S.PROCESSING), (T.STATUS_04, T.STATUS_05), _RCP, _A,
          "assigned again, or news of the work; 04 after 05 too", effects=_TELL,
          guard="not ahead of the state"),
    _rule(8, (S.ACCEPTED, S.ASSIGNED, S.PROCESSING), (T.STATUS_06,), _RCP, _A,
          "completed; straight from 03 when for information", to=S.DONE, effects=_TELL),
    _rule(9, _ACTIVE, (T.STATUS_03,), _RCP, _A, _GAP, to=S.ACCEPTED, effects=_TELL, guard=_UNSEEN),
    _rule(9, _ACTIVE, (T.STATUS_04,), _RCP, _A, _GAP, to=S.ASSIGNED, effects=_TELL, guard=_UNSEEN),
    _rule(9, _ACTIVE, (T.STATUS_05,), _RCP, _A, _GAP, to=S.PROCESSING, effects=_TELL, guard=_UNSEEN),
    _rule(9, _ACTIVE, (T.STATUS_06,), _RCP, _A, _GAP, to=S.DONE, effects=_TELL, guard=_UNSEEN),
    _rule(10, _STANDING, (T.STATUS_01, T.ACKNOWLEDGED, *_WORK), _RCP, _H, "a lower or equal code later",
          guard="not ahead of the state"),
    _rule(10, (S.REFUSED,), (T.STATUS_02,), _RCP, _H, "refused again"),
    _rule(11, (S.REFUSED,), (T.UPDATE_ACKNOWLEDGED,), _SND, _A,
          "the sender sends again: a main line of its own, linked", effects=(E.START_NEW_LINE,),
          guard="not asked before"),
    _rule(12, _AFTER, (T.STATUS_02,), _RCP, _C, "refusal after acceptance", alert="STATUS_CONFLICT"),
    _rule(13, (S.REFUSED,), _WORK, _RCP, _C, "work after refusal", alert="STATUS_CONFLICT"),
)
"""Rules of the main line."""

SIDE_REQUESTS: tuple[Rule, ...] = (
    _rule(20, _LINE, (T.STATUS_13,), _SND, _F, "the sender asks to take it back; routing decides",
          effects=(E.ASK_ROUTING,), requests=(R.NONE,)),
    _rule(20, _LINE, (T.RECALL_DELIVERED,), _SND, _A, "the recall waits for the recipient",
          effects=(E.OPEN_REQUEST,), requests=(R.NONE,)),
    _rule(21, _STANDING, (T.STATUS_15,), _RCP, _A, "the recipient has cancelled the document", to=S.WITHDRAWN,
          effects=(E.CLOSE_REQUEST, E.WITHDRAW, *_TELL), requests=(R.RECALL,)),
    _rule(22, _STANDING, (T.STATUS_16,), _RCP, _A, "the recall is denied", effects=(E.CLOSE_REQUEST, *_TELL),
          requests=(R.RECALL,)),
    _rule(23, (S.ARRIVED, *_AFTER), (T.UPDATE_ACKNOWLEDGED,), _SND, _A, "an update waits for the recipient",
          effects=(E.OPEN_REQUEST,), requests=(R.NONE,)),
    _rule(24, _STANDING, (T.STATUS_15,), _RCP, _A, "the new version is in force",
          effects=(E.CLOSE_REQUEST, E.ADOPT_VERSION, *_TELL), requests=(R.UPDATE,)),
    _rule(25, _STANDING, (T.STATUS_16,), _RCP, _A, "the old version stays", effects=(E.CLOSE_REQUEST, *_TELL),
          requests=(R.UPDATE,)),
    _rule(26, _LINE, (T.REPLACEMENT_DELIVERED,), _SND, _A, "a replacement waits for the recipient",
          effects=(E.OPEN_REQUEST,), requests=(R.NONE,)),
    _rule(27, _STANDING, (T.STATUS_15,), _RCP, _A, "the replacement stands in its place", to=S.SUPERSEDED,
          effects=(E.CLOSE_REQUEST, E.SUPERSEDE, *_TELL), requests=(R.REPLACE,)),
    _rule(27, _STANDING, (T.STATUS_16,), _RCP, _A, "the old document stays",
          effects=(E.CLOSE_REQUEST, *_TELL), requests=(R.REPLACE,)),
    _rule(28, _STANDING, _MAIN, _RCP, _A, "the main line moves, the request stays open", requests=_OPEN,
          accompanies=True),
    _rule(29, (S.WITHDRAWN,), _MAIN, _RCP, _C, "a status after withdrawal", alert="STATUS_AFTER_WITHDRAWAL"),
    _rule(30, (S.REFUSED, S.FAILED), (T.STATUS_13, T.RECALL_DELIVERED), _SND, _A,
          "nothing to take back: 15 at once", effects=(E.EMIT_15,), guard="not asked before"),
    _rule(30, (S.REFUSED,), (T.WITHDRAWN_UNOPENED,), _AXIS, _A, "refused without having been opened: 15 at once",
          effects=(E.EMIT_15,)),
    _rule(31, _KNOWN, (T.STATUS_15, T.STATUS_16), _RCP, _C, "an answer to no request", requests=(R.NONE,),
          alert="ANSWER_WITHOUT_REQUEST"),
    _rule(32, _STANDING, (T.STATUS_13, *_DELIVERED), _SND, _H, "the same request again",
          guard="asked before"),
)
"""Rules of requests beside the main line."""

BORDER: tuple[Rule, ...] = (
    _rule(40, (S.SENT,), (T.UPDATE_ACKNOWLEDGED,), _SND, _A,
          "an update overtakes the news that its original arrived", effects=(E.OPEN_REQUEST,),
          requests=(R.NONE,)),
    _rule(41, _LINE, (T.STATUS_13,), _SND, _F,
          "a recall while another kind of request is open; routing decides", effects=(E.ASK_ROUTING,),
          requests=_OPEN, guard="not asked before"),
    _rule(42, _LINE, _DELIVERED, _SND, _A, "another request waits behind the open one",
          effects=(E.QUEUE_REQUEST,), requests=_OPEN, guard="not asked before"),
    _rule(43, _CLOSED, (T.REPLACEMENT_DELIVERED,), _SND, _H, "nothing stands that could be replaced"),
    _rule(43, (S.REFUSED,), (T.REPLACEMENT_DELIVERED,), _SND, _H, "nothing stands that could be replaced",
          guard="not asked before"),
    _rule(44, _CLOSED, (T.UPDATE_ACKNOWLEDGED,), _SND, _A,
          "an update of what has ended: a main line of its own", effects=(E.START_NEW_LINE,)),
    _rule(45, (S.WITHDRAWN, S.SUPERSEDED), (T.STATUS_13, T.RECALL_DELIVERED), _SND, _H,
          "it has ended already"),
    _rule(46, (S.SUPERSEDED, S.FAILED), _MAIN, _RCP, _C, "a status after the end", alert="STATUS_AFTER_END"),
    _rule(47, _CLOSED, (T.ACKNOWLEDGED,), _RCP, _H, "stored after the end"),
    _rule(48, _LINE, (T.WITHDRAWN_UNOPENED,), _AXIS, _A, "taken back before anybody opened it",
          to=S.WITHDRAWN, effects=(E.CLOSE_REQUEST, E.EMIT_15)),
    _rule(49, _LINE, (T.WITHDRAWN_AGREED,), _AXIS, _A, "routing took it back", to=S.WITHDRAWN,
          effects=(E.CLOSE_REQUEST,)),
    _rule(50, _LINE, (T.SUPERSEDED,), _AXIS, _A, "an update took its place before anybody opened it",
          to=S.SUPERSEDED, effects=(E.CLOSE_REQUEST,)),
    _rule(51, _ACTIVE, (T.FAILED,), _AXIS, _A, "it cannot be delivered", to=S.FAILED,
          effects=(E.CLOSE_REQUEST,)),
    _rule(52, (S.REFUSED,), (T.WITHDRAWN_AGREED, T.SUPERSEDED), _AXIS, _H, "it has ended already"),
    _rule(52, _CLOSED, _ENDS, _AXIS, _H, "it has ended already"),
    _rule(52, (S.DONE, S.REFUSED, *_CLOSED), (T.FAILED,), _AXIS, _H, "it has ended already"),
    _rule(53, _KNOWN, (T.ANSWERED,), _RCP, _A, "the sender has the answering document",
          effects=(E.MARK_ANSWERED,), guard="not answered before"),
    _rule(54, _KNOWN, (T.ANSWERED,), _RCP, _H, "one more answer", guard="answered before"),
    _rule(55, _KNOWN, (T.STATUS_UNKNOWN,), _RCP, _H, "an unknown code, kept verbatim", effects=_TELL),
    _rule(55, _KNOWN, (T.STATUS_UNKNOWN,), _SND, _H, "an unknown code, kept verbatim",
          effects=(E.FORWARD_TO_RECIPIENT,)),
    _rule(56, _KNOWN, (T.CREATED,), _SND, _H, "created before"),
    _rule(59, _STANDING, (T.REQUEST_TAKEN_BACK,), _AXIS, _A, "a follow-up was taken back: it asks no more",
          effects=(E.DROP_REQUEST,), guard="is asked"),
    _rule(59, _STANDING, (T.REQUEST_TAKEN_BACK,), _AXIS, _H, "it asked nothing, or was answered", guard="is not asked"),
    _rule(59, _CLOSED, (T.REQUEST_TAKEN_BACK,), _AXIS, _H, "it asked nothing, or was answered"),
    _rule(57, (None,), frozenset(Trigger) - {T.CREATED}, _ANY, _K, "no such delivery is known",
          effects=(E.AUDIT,)),
    _rule(58, (None, *_KNOWN), Trigger, _ANY, _K, "this party may not say this", effects=(E.AUDIT,)),
)
"""Rules where the lifecycle meets routing, unknown codes and strangers."""

# fmt: on
RULES: tuple[Rule, ...] = (*MAIN_LINE, *SIDE_REQUESTS, *BORDER)
"""The whole table, by number."""

PRECEDENCE: tuple[int, ...] = (29, 13, 12, 7, 10, 9)
"""Rules that win where rows overlap, in this order; then the others, 58 last."""
