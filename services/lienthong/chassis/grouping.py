"""Group commit: what several callers want to write at the same time goes into one transaction.

Whoever comes while nobody leads becomes the leader of all that wait, commits for them, and everybody gets an answer of
their own. Nobody is answered before the commit. When a member fails, the others go without it and it is tried alone.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Generic, TypeVar

from lienthong.chassis.races import again
from lienthong.chassis.uow import UnitOfWork, UnitsOfWork

Member = TypeVar("Member")
Answer = TypeVar("Answer")

Act = Callable[[Member], Answer]
Begin = Callable[[UnitOfWork, Sequence[Member]], Act[Member, Answer]]


class _Seat(Generic[Member, Answer]):
    """A member, and how it went."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.answers: list[Answer] = []
        self.error: BaseException | None = None

    @property
    def done(self) -> bool:
        return bool(self.answers) or self.error is not None

    def answer(self) -> Answer:
        if self.error is not None:
            raise self.error
        return self.answers[0]


class GroupCommit(Generic[Member, Answer]):
    """Commits for several callers at once."""

    def __init__(
        self,
        units: UnitsOfWork,
        begin: Begin[Member, Answer],
        keys: Callable[[Member], Collection[Hashable]],
        at_most: int,
    ) -> None:
        """Prepares.

        Args:
            units: Opens the transactions.
            begin: Looks up what all members need in a few statements; gives what acts for one of them.
            keys: What a member is about: two members with a key in common never share a transaction.
            at_most: Members of one transaction.
        """
        self._units = units
        self._begin = begin
        self._keys = keys
        self._at_most = at_most
        self._changed = threading.Condition()
        self._waiting: deque[_Seat[Member, Answer]] = deque()
        self._leading = False

    @property
    def waiting(self) -> int:
        """How many wait for the next transaction."""
        return len(self._waiting)

    def run(self, member: Member) -> Answer:
        """Acts for a member; returns after the commit.

        Raises:
            BaseException: Whatever acting or committing raised for this member.
        """
        seat: _Seat[Member, Answer] = _Seat(member)
        with self._changed:
            self._waiting.append(seat)
            self._changed.wait_for(lambda: seat.done or not self._leading)
            if seat.done:
                return seat.answer()
            self._leading = True
            group = self._gather(seat)
        try:
            self._commit(group)
        finally:
            with self._changed:
                self._leading = False
                self._changed.notify_all()
        return seat.answer()

    def _gather(self, leader: _Seat[Member, Answer]) -> list[_Seat[Member, Answer]]:
        self._waiting.remove(leader)
        group, taken = [leader], set(self._keys(leader.member))
        left: deque[_Seat[Member, Answer]] = deque()
        for seat in self._waiting:
            keys = set(self._keys(seat.member))
            if len(group) < self._at_most and not keys & taken:
                group.append(seat)
                taken |= keys
            else:
                left.append(seat)
        self._waiting = left
        return group

    def _commit(self, group: Sequence[_Seat[Member, Answer]]) -> None:
        try:
            answers = again(lambda: self._act(group))
        except Exception as error:  # noqa: BLE001 -- each member gets what it raised itself
            if len(group) == 1:
                group[0].error = error
                return
            for seat in group:
                self._commit([seat])
            return
        except BaseException as error:
            for seat in group:
                seat.error = error
            raise
        for seat, answer in zip(group, answers, strict=True):
            seat.answers.append(answer)

    def _act(self, group: Sequence[_Seat[Member, Answer]]) -> list[Answer]:
        with self._units.begin() as work:
            act = self._begin(work, [seat.member for seat in group])
            return [act(seat.member) for seat in group]
