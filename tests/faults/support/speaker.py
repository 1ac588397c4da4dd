"""How an agency speaks with the axis: it repeats what was not answered, and after a crash also what was."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import TypeVar

from google.protobuf.message import Message
from tests.faults.support.ledger import Ledger
from tests.faults.support.served import Served

from lienthong.client import Axis, AxisCallError, AxisUnavailableError
from lienthong.client.errors import DEADLINE_PASSED

Answer = TypeVar("Answer")
Reply = TypeVar("Reply", bound=Message)

HUNG_SECONDS = 25.0
"""Longer than one attempt takes when engines stand still, sessions end and a process is halted one after the other."""
KEPT = 3
"""Answered mutations that are repeated after a crash: the latest."""

_REFUSED = "CANCELLED"
"""What gRPC itself says of a call that came over an open connection while the server closed, and never began."""


class StoppedError(Exception):
    """The run ends; what is in hand stays unanswered."""


@dataclass(slots=True)
class Speaker:
    """The session of one agency, over as many crashes as there are.

    Attributes:
        name: Name of the context.
        code: Code of the agency.
        pending: Request identifier of the call in hand that has no answer yet.
        waiting: Whether it waits for the program to come up.
    """

    name: str
    code: str
    program: Served
    ledger: Ledger
    stopping: Event
    pending: str = ""
    waiting: bool = False
    _axis: Axis | None = None
    _start: int = 0
    _answered: "deque[tuple[str, Callable[[Axis], Message], Message]]" = field(
        default_factory=lambda: deque(maxlen=KEPT)
    )

    def until_answered(self, action: Callable[[Axis], Answer], key: str = "") -> Answer:
        """Does a call until the axis answers it, over whatever crashes.

        Args:
            action: Does the call.
            key: Request identifier of the call, if it has one.

        Raises:
            StoppedError: The run ends before that.
            AxisCallError: The axis refuses.
        """
        self.pending = key
        while True:
            axis = self._session()
            try:
                answer = action(axis)
            except AxisCallError as error:
                if not isinstance(error, AxisUnavailableError) and error.message != _REFUSED:
                    raise
                if _hung(error) or _hung(error.__cause__):
                    what = getattr(action, "__qualname__", action)
                    self.ledger.wrong(f"{self.name}: a call hung: {what}: {error.message}")
                self.ledger.fail(f"{self.name}: {error.reason}: {error.message}")
                self.close()
            else:
                self.ledger.answer()
                self.pending = ""
                return answer

    def mutate(self, what: str, action: Callable[[Axis], Reply], key: str) -> Reply:
        """Does a mutation until the axis answers it; after the next crash it is repeated and must be answered alike.

        Raises:
            StoppedError: The run ends before that.
            AxisCallError: The axis refuses.
        """
        answer = self.until_answered(action, key)
        self._answered.append((what, action, answer))
        self._repeat()
        return answer

    def close(self) -> None:
        """Ends the session; the next call opens another."""
        if self._axis is not None:
            self._axis.close()
            self._axis = None

    def _repeat(self) -> None:
        if self._start == len(self.program.starts):
            return
        self._start = len(self.program.starts)
        for what, action, first in list(self._answered):
            self.ledger.repeat()
            if not alike(partial(self.until_answered, action), first):
                self.ledger.wrong(f"{self.name}: {what}: a repeat after a crash is answered in another way")

    def _session(self) -> Axis:
        self.waiting = True
        while not self.program.up.wait(0.1):
            self._check()
        self._check()
        self.waiting = False
        if self._axis is None:
            self._axis = self.program.speak(self.name)
        return self._axis

    def _check(self) -> None:
        if self.stopping.is_set():
            raise StoppedError


def same(one: Message, other: Message) -> bool:
    """Tells whether two answers are the same bytes."""
    return one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def alike(repeat: Callable[[], Message], first: Message) -> bool:
    """Tells whether a repeat is answered like the first call, byte for byte."""
    try:
        return same(repeat(), first)
    except AxisCallError:
        return False


def _hung(error: BaseException | None) -> bool:
    """Whether nothing came for so long; what the attempt before was told is raised from that, where there was one."""
    if not isinstance(error, AxisCallError) or error.reason != DEADLINE_PASSED:
        return False
    return float(error.metadata.get("seconds", HUNG_SECONDS)) >= HUNG_SECONDS
