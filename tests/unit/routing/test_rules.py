"""The pure rules: transport, leases, order, recalls."""

import pytest

from lienthong.routing.config import RoutingSection
from lienthong.routing.domain.leases import Held, ItemState, LeaseBounds, LeaseProblem, settle
from lienthong.routing.domain.ordering import Waiting, choose
from lienthong.routing.domain.recall import RecallDecision, decide
from lienthong.routing.domain.transport import FINAL, TABLE, UNFINISHED, UNOPENED, Step, Transport, after


def test_final_states_have_no_step() -> None:
    """WITHDRAWN, SUPERSEDED and FAILED end a delivery; every other state can be left."""
    assert {state for state in Transport if not any(after(state, step) for step in Step)} == FINAL
    assert UNOPENED < UNFINISHED
    assert not UNFINISHED & FINAL


@pytest.mark.parametrize("state", Transport)
def test_only_what_nobody_opened_is_taken_back_or_overtaken(state: Transport) -> None:
    """An update overtakes unopened deliveries only; a recall decides by the same line."""
    assert ((state, Step.SUPERSEDE) in TABLE) == (state in UNOPENED)
    wanted = RecallDecision.ASK
    if state is Transport.FAILED:
        wanted = RecallDecision.TELL
    elif state in FINAL:
        wanted = RecallDecision.IGNORE
    elif state in UNOPENED:
        wanted = RecallDecision.WITHDRAW
    assert decide(state, recall_open=False) is wanted
    assert decide(state, recall_open=True) is RecallDecision.IGNORE


@pytest.mark.parametrize(
    ("held", "lease", "wanted"),
    [
        (Held(ItemState.LEASED, "a", 10), "a", None),
        (Held(ItemState.LEASED, "a", 9), "a", LeaseProblem.EXPIRED),
        (Held(ItemState.LEASED, "b", 10), "a", LeaseProblem.NOT_HELD),
        (Held(ItemState.AVAILABLE, "", 0), "", LeaseProblem.NOT_HELD),
        (Held(ItemState.ACKNOWLEDGED, "a", 1), "a", None),
        (Held(ItemState.ACKNOWLEDGED, "a", 1), "b", LeaseProblem.NOT_HELD),
        (Held(ItemState.PARKED, "a", 10), "a", LeaseProblem.ENDED),
        (Held(ItemState.GONE, "a", 10), "a", LeaseProblem.ENDED),
    ],
)
def test_a_lease_counts_for_its_holder_until_it_ends(held: Held, lease: str, wanted: LeaseProblem | None) -> None:
    """Acting needs the lease, in time; what was done under it before is a repeat."""
    assert settle(held, lease, 9, ended_as=ItemState.ACKNOWLEDGED) is wanted


def test_lengths_of_leases_are_kept_within_bounds() -> None:
    """Absent is the usual length, others are kept between shortest and longest."""
    bounds = LeaseBounds(60, 5, 3600, 5)
    assert [bounds.length(wanted) for wanted in (0, 1, 100, 10_000)] == [60, 5, 100, 3600]
    assert [bounds.exhausted(attempts) for attempts in (4, 5)] == [False, True]
    with pytest.raises(ValueError, match="lease_seconds"):
        RoutingSection.model_validate({"lease_seconds": 2})


def item(rank: int, sequence: int, chain: str, *, free: bool = True) -> Waiting:
    """Makes an item of one mailbox."""
    return Waiting(rank, 0, sequence, "m", f"{chain}{sequence}", chain, free)


def test_a_batch_is_urgent_first_and_keeps_chains_in_order() -> None:
    """A later item comes only after the earlier one of its chain, and not past one that is leased elsewhere."""
    heads = [item(0, 1, "a"), item(-3, 4, "b"), item(0, 2, "c")]
    followers = {
        ("m", "a"): [item(-3, 5, "a"), item(0, 6, "a", free=False), item(0, 9, "a")],
        ("m", "b"): [item(0, 7, "b")],
    }
    assert [one.sequence for one in choose(heads, followers, 10)] == [4, 1, 5, 2, 7]
    assert [one.sequence for one in choose(heads, followers, 2)] == [4, 1]
    assert choose([], followers, 5) == []


def test_places_of_one_mailbox_say_nothing_of_another() -> None:
    """Where an agency has the mailboxes of others too, what is urgent comes first and then what came first."""
    heads = [
        Waiting(0, 300, 1, "new", "i1", "a", free=True),
        Waiting(0, 100, 5000, "old", "i2", "b", free=True),
        Waiting(-3, 400, 2, "new", "i3", "c", free=True),
    ]
    assert [one.id for one in choose(heads, {}, 3)] == ["i3", "i2", "i1"]
