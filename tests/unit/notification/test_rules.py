"""Who is told of what."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.notification.domain import (
    AUDIENCE,
    Kind,
    NoticeEvent,
    Side,
    Subscription,
    audience,
    match,
    matching,
    unknown_kinds,
)

SENDER, RECIPIENT = "G22", "H29"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Kind.DOCUMENT_AVAILABLE, {RECIPIENT}),
        (Kind.DOCUMENT_WITHDRAWN, {SENDER, RECIPIENT}),
        (Kind.REQUEST_RECEIVED, {RECIPIENT}),
        (Kind.DELIVERY_FAILED, {SENDER}),
        (Kind.DELIVERY_PARKED, {RECIPIENT}),
        (Kind.VERDICT_CHANGED, {SENDER, RECIPIENT}),
        (Kind.TASK_ASSIGNED, {RECIPIENT}),
        (Kind.TASK_COMPLETED, {RECIPIENT}),
        (Kind.CASE_CLOSED, {SENDER}),
        (Kind.CASE_ALERT, {SENDER, RECIPIENT}),
        (Kind.SUBSCRIPTION_TEST, set()),
    ],
)
def test_which_agency_is_told(kind: Kind, told: set[str]) -> None:
    """Whoever must act or waits for it is told; tasks stay inside the recipient."""
    assert audience(NoticeEvent(kind, SENDER, RECIPIENT)) == told


@pytest.mark.parametrize(
    ("reporter", "told"), [(Side.RECIPIENT, {SENDER}), (Side.SENDER, {RECIPIENT}), (None, {SENDER})]
)
def test_a_status_is_told_to_the_other_side(reporter: Side | None, told: set[str]) -> None:
    """Nobody is told what it reported itself; what the axis reports is told to the sender."""
    assert audience(NoticeEvent(Kind.STATUS_RECORDED, SENDER, RECIPIENT, reporter=reporter)) == told


def test_every_kind_has_its_audience() -> None:
    """A new kind cannot be forgotten."""
    assert set(AUDIENCE) == set(Kind)


def test_a_recipient_without_agency_is_nobody() -> None:
    """A delivery to an unknown code has no recipient to tell, and an empty agency matches nothing."""
    event = NoticeEvent(Kind.CASE_ALERT, SENDER)
    assert audience(event) == {SENDER}
    assert not match(Subscription("s", ""), event)


@given(st.sampled_from(list(Kind)), st.text(max_size=5), st.integers(0, 3))
def test_nobody_else_is_ever_told(kind: Kind, stranger: str, priority: int) -> None:
    """An agency that is neither sender nor recipient never matches, whatever it asks for."""
    event = NoticeEvent(kind, SENDER, RECIPIENT, priority)
    assert match(Subscription("s", stranger), event) is (stranger in {SENDER, RECIPIENT} & audience(event))


@pytest.mark.parametrize(
    ("kinds", "minimum", "expected"),
    [
        (set(), 0, True),
        ({"document.available"}, 2, True),
        ({"case.closed"}, 0, False),
        (set(), 3, False),
        ({"document.available", "case.closed"}, 1, True),
    ],
)
def test_kinds_and_urgency(kinds: set[str], minimum: int, expected: bool) -> None:  # noqa: FBT001 - a row's value
    """No kinds means all; a document must be at least as urgent as asked."""
    event = NoticeEvent(Kind.DOCUMENT_AVAILABLE, SENDER, RECIPIENT, priority=2)
    assert match(Subscription("s", RECIPIENT, frozenset(kinds), minimum), event) is expected


def test_a_personal_subscription_hears_of_its_person_alone() -> None:
    """Names match however they are composed and spaced; an event that names nobody is not personal."""
    event = NoticeEvent(Kind.TASK_ASSIGNED, SENDER, RECIPIENT, people=("Trần Thị B", "Nguyễn Văn  A"))
    for person, expected in (("nguyễn văn a", True), ("Nguyễn Văn B", False), ("", True)):
        assert match(Subscription("s", RECIPIENT, person=person), event) is expected
    decomposed = "Nguye\u0302\u0303n Va\u0306n A"
    assert match(Subscription("s", RECIPIENT, person=decomposed), event)
    unnamed = NoticeEvent(Kind.DOCUMENT_AVAILABLE, SENDER, RECIPIENT)
    assert not match(Subscription("s", RECIPIENT, person="Nguyễn Văn A"), unnamed)


def test_one_notice_for_each_subscription() -> None:
    """A subscription that is met twice gets one notice, also when an agency writes to itself."""
    event = NoticeEvent(Kind.CASE_ALERT, SENDER, SENDER)
    wanted = [Subscription(name, agency) for name, agency in product("ab", (SENDER, SENDER))]
    assert [found.subscription for found in matching(wanted, event)] == ["a", "b"]


def test_wrong_kinds_are_named() -> None:
    """A subscription to what never happens is answered with its wrong names."""
    assert unknown_kinds(["status.recorded", "stauts.recorded", "x"]) == ("stauts.recorded", "x")
