"""What an agency sends: documents, updates and replacements of them, recalls."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.faults.support.handing import resubmit, upload_whole
from tests.faults.support.ledger import Recalled, Submission
from tests.faults.support.papers import FORMS, NEW, REPLACEMENT, UPDATE, Paper, Press, edxml_file
from tests.faults.support.plan import Plan
from tests.faults.support.speaker import Speaker, same

from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2

UNKNOWN_CODE = "000.00.00.H92"
"""Of no agency: a delivery to it fails."""

LARGE_BYTES = 2 * 1024 * 1024
SMALL_BYTES = 20_000

ROUNDS = (0, 40)
"""Rounds of work before a document is taken back or amended: its recipients have not seen it yet, or have."""


@dataclass(slots=True)
class Sender:
    """Hands in what it is granted, and goes on with it.

    Attributes:
        budget: Documents that it may still hand in.
    """

    speaker: Speaker
    index: int
    others: tuple[str, ...]
    press: Press
    chance: random.Random
    plan: Plan
    budget: int = 0
    _numbers: int = 0
    _outgoing: "deque[Paper]" = field(default_factory=deque)
    _recalls: "deque[str]" = field(default_factory=deque)
    _later: "deque[tuple[int, Callable[[], None]]]" = field(default_factory=deque)

    def work(self) -> bool:
        """Hands one document in, takes one back; tells whether there was anything to do."""
        waits = bool(self._later)
        self._later = deque((rounds - 1, change) for rounds, change in self._later)
        while self._later and self._later[0][0] <= 0:
            self._later.popleft()[1]()
        busy = self._hand_in()
        return self._take_back() or busy or waits

    def answer(self, to: str, document_id: str) -> None:
        """Plans a document that answers another."""
        self._queue(self._paper((to,), answers=document_id))

    def _queue(self, paper: Paper) -> None:
        self.speaker.ledger.plan(paper)
        self._outgoing.append(paper)

    def _paper(self, to: tuple[str, ...], answers: str = "") -> Paper:
        chance = self.chance
        self._numbers += 1
        number = str(self.index * 1_000_000 + self._numbers)
        if chance.random() < self.plan.large:
            form = chance.choice(("typed-upload", "edxml-upload"))
            return Paper(new_request_id(), form, number, to, chance.randbytes(LARGE_BYTES), answers)
        signed = chance.random() < self.plan.signed
        content = self.press.signed(chance) if signed else chance.randbytes(chance.randint(10, SMALL_BYTES))
        return Paper(new_request_id(), chance.choice(FORMS), number, to, content, answers)

    def _amendment(self, told: Submission) -> Paper:
        paper = self._paper(told.paper.to)
        kind = self.chance.choice((UPDATE, REPLACEMENT))
        return replace(paper, kind=kind, amends=(told.receipt.document_id, told.receipt.document))

    def _hand_in(self) -> bool:
        if not self._outgoing and self.budget:
            self.budget -= 1
            to = tuple(self.chance.sample(self.others, self.chance.randint(1, len(self.others))))
            self._queue(self._paper((*to, UNKNOWN_CODE) if self.chance.random() < self.plan.unknown else to))
        if not self._outgoing:
            return False
        paper = self._outgoing[0]
        told = self._submit(paper)
        self._outgoing.popleft()
        if self.chance.random() < self.plan.repeated:
            self._submit_again(told)
        if paper.kind is NEW:
            self._go_on(told)
        return True

    def _submit(self, paper: Paper) -> Submission:
        speaker = self.speaker
        whole = edxml_file(paper, speaker.code) if paper.form.startswith("edxml") else paper.content
        upload = ""
        if paper.form.endswith("upload"):
            key = f"{paper.key}-upload"
            upload = speaker.until_answered(lambda axis: upload_whole(axis, key, whole, speaker.ledger), paper.key)

        def submit(axis: Axis) -> intake_pb2.Receipt:
            return resubmit(axis, speaker.code, paper, upload)

        told = Submission(speaker.name, paper, upload, speaker.mutate("a submission", submit, paper.key))
        speaker.ledger.submitted(told)
        return told

    def _submit_again(self, told: Submission) -> None:
        speaker = self.speaker
        again = speaker.until_answered(lambda axis: resubmit(axis, speaker.code, told.paper, told.upload))
        if not same(again, told.receipt):
            speaker.ledger.wrong(f"{told.receipt.document}: a repeat was answered with another receipt")

    def _go_on(self, told: Submission) -> None:
        """A document is taken back or amended, at once or later, never both: what must hold is certain."""
        lot, rounds = self.chance.random(), self.chance.choice(ROUNDS)
        if lot < self.plan.recalled:
            self._later.append((rounds, lambda: self._recalls.append(told.receipt.document)))
        elif lot < self.plan.recalled + self.plan.amended:
            self._later.append((rounds, lambda: self._queue(self._amendment(told))))

    def _take_back(self) -> bool:
        if not self._recalls:
            return False
        request = intake_pb2.RecallDocumentRequest(
            name=self._recalls[0], reason="Gửi nhầm", request_id=new_request_id()
        )
        speaker = self.speaker
        receipt = speaker.mutate("a recall", lambda axis: axis.intake.RecallDocument(request), request.request_id)
        speaker.ledger.recall(Recalled(speaker.name, request, receipt))
        self._recalls.popleft()
        return True
