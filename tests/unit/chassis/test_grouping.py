"""Group commit: callers share a transaction and nothing else."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from lienthong.chassis.events.tables import counters
from lienthong.chassis.grouping import Act, GroupCommit
from lienthong.chassis.uow import UnitOfWork

from .stage import Stage

WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Wish:
    """What a caller wants: a row, about something, or an error."""

    name: str
    about: str
    fails: bool = False


@dataclass
class Ledger:
    """Writes a row for each wish; the first transaction waits until it is let go."""

    go: threading.Event = field(default_factory=threading.Event)
    inside: threading.Event = field(default_factory=threading.Event)
    groups: list[list[str]] = field(default_factory=list)

    def begin(self, work: UnitOfWork, wishes: Sequence[Wish]) -> Act[Wish, str]:
        """Notes the group."""
        self.groups.append([wish.name for wish in wishes])
        self.inside.set()
        assert self.go.wait(WAIT_SECONDS)

        def act(wish: Wish) -> str:
            if wish.fails:
                raise ValueError(wish.name)
            work.rows.insert(counters, [{"name": wish.name, "value": 1}])
            return f"{wish.name} is written"

        return act


@pytest.fixture
def ledger() -> Ledger:
    """An empty ledger."""
    return Ledger()


def committing(stage: Stage, ledger: Ledger, at_most: int = 64) -> GroupCommit[Wish, str]:
    """The group commit of a ledger."""
    return GroupCommit(stage.units, ledger.begin, lambda wish: (wish.about,), at_most)


def written(stage: Stage) -> set[str]:
    """The rows."""
    with stage.database.read() as connection:
        return set(connection.execute(select(counters.c.name)).scalars())


def crowd(group: GroupCommit[Wish, str], ledger: Ledger, wishes: Sequence[Wish]) -> list[object]:
    """Lets callers come: the first leads; the others wait behind it, and go on together."""
    with ThreadPoolExecutor(len(wishes)) as pool:
        first = pool.submit(group.run, wishes[0])
        assert ledger.inside.wait(WAIT_SECONDS)
        others = [pool.submit(group.run, wish) for wish in wishes[1:]]
        end = time.monotonic() + WAIT_SECONDS
        while group.waiting < len(others):
            assert time.monotonic() < end
            time.sleep(0.001)
        ledger.go.set()
        return [one.exception(WAIT_SECONDS) or one.result(WAIT_SECONDS) for one in (first, *others)]


def test_callers_share_a_transaction(stage: Stage, ledger: Ledger) -> None:
    """Who comes while another commits goes with all that wait, and everybody gets an answer of its own."""
    wishes = [Wish(f"w{number}", f"a{number}") for number in range(6)]
    answers = crowd(committing(stage, ledger), ledger, wishes)
    assert answers == [f"w{number} is written" for number in range(6)]
    assert [len(group) for group in ledger.groups] == [1, 5]
    assert written(stage) == {wish.name for wish in wishes}


def test_the_same_thing_is_never_shared(stage: Stage, ledger: Ledger) -> None:
    """Two members that are about the same thing are in two transactions: the second sees what the first one did."""
    wishes = [Wish("first", "x"), Wish("a", "same"), Wish("b", "same"), Wish("c", "other")]
    crowd(committing(stage, ledger), ledger, wishes)
    assert all(not {"a", "b"} <= set(group) for group in ledger.groups)
    assert written(stage) == {"first", "a", "b", "c"}


def test_a_group_is_bounded(stage: Stage, ledger: Ledger) -> None:
    """No transaction grows beyond its bound."""
    crowd(committing(stage, ledger, at_most=3), ledger, [Wish(f"w{number}", f"a{number}") for number in range(8)])
    assert max(len(group) for group in ledger.groups) == 3
    assert len(written(stage)) == 8


def test_one_that_fails_harms_nobody(stage: Stage, ledger: Ledger) -> None:
    """A member that fails gets its own error; the others are committed without it, once."""
    wishes = [Wish("first", "0"), Wish("good", "1"), Wish("bad", "2", fails=True), Wish("fine", "3")]
    answers = crowd(committing(stage, ledger), ledger, wishes)
    assert [str(answer) for answer in answers] == ["first is written", "good is written", "bad", "fine is written"]
    assert isinstance(answers[2], ValueError)
    assert written(stage) == {"first", "good", "fine"}


def test_one_that_clashes_at_the_end(stage: Stage, ledger: Ledger) -> None:
    """A rule of the database that is broken when rows are written is the error of that member alone."""
    ledger.go.set()
    group = committing(stage, ledger)
    group.run(Wish("there", "0"))
    ledger.go.clear()
    ledger.inside.clear()
    answers = crowd(group, ledger, [Wish("first", "1"), Wish("there", "2"), Wish("new", "3")])
    assert answers[0] == "first is written"
    assert isinstance(answers[1], Exception)
    assert answers[2] == "new is written"
    assert written(stage) == {"there", "first", "new"}
