"""An agency as the outside world sees it: it keeps what it was told, and repeats what was not answered."""

import random
from dataclasses import dataclass, field
from threading import Event

from tests.faults.support.clerk import Clerk
from tests.faults.support.harness import PAUSE_SECONDS
from tests.faults.support.ledger import Ledger
from tests.faults.support.papers import Press
from tests.faults.support.plan import Plan
from tests.faults.support.recipient import Recipient
from tests.faults.support.sender import Sender
from tests.faults.support.served import Served
from tests.faults.support.speaker import Speaker


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an agency is.

    Attributes:
        name: Name of its context.
        code: Its code.
        index: Its number, from 1: its documents are numbered apart from those of others.
        others: Codes of whom it writes to.
    """

    name: str
    code: str
    index: int
    others: tuple[str, ...]


@dataclass(slots=True)
class Party:
    """An agency with its system; it works in a thread of its own.

    Attributes:
        idle: Whether nothing was to be done at its last look.
    """

    identity: Identity
    program: Served
    ledger: Ledger
    press: Press
    chance: random.Random
    plan: Plan
    stopping: Event
    idle: bool = False
    speaker: Speaker = field(init=False)
    sender: Sender = field(init=False)
    _recipient: Recipient = field(init=False)
    _clerk: Clerk = field(init=False)

    def __post_init__(self) -> None:
        who, chance, plan = self.identity, self.chance, self.plan
        self.speaker = Speaker(who.name, who.code, self.program, self.ledger, self.stopping)
        self.sender = Sender(self.speaker, who.index, who.others, self.press, chance, plan)
        self._clerk = Clerk(self.speaker, self.sender, chance, plan)
        self._recipient = Recipient(self.speaker, chance, plan, self._clerk.take)

    @property
    def name(self) -> str:
        """Name of its context."""
        return self.identity.name

    @property
    def code(self) -> str:
        """Its code."""
        return self.identity.code

    def step(self) -> None:
        """Does one round of work: hands in, receives, works on what it has.

        Raises:
            StoppedError: The run ends.
        """
        busy = [work() for work in (self.sender.work, self._recipient.work, self._clerk.work)]
        self.idle = not any(busy)
        if self.idle:
            self.stopping.wait(PAUSE_SECONDS)
