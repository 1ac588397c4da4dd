"""An agency as the outside world sees it: it keeps what it was told, and repeats what was not answered."""

import io
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from tests.faults.support.handing import resubmit, upload_whole
from tests.faults.support.harness import PAUSE_SECONDS, Program
from tests.faults.support.ledger import Ledger, Recalled, Reported, Submission
from tests.faults.support.papers import FORMS, Paper, Press, edxml_file

from lienthong.client import Axis, AxisCallError, AxisUnavailableError
from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2

Answer = TypeVar("Answer")

LEASE = Duration(seconds=60)
SHORT_LEASE = Duration(nanos=200_000_000)
UNKNOWN_CODE = "000.00.00.H92"
"""Of no agency: a delivery to it fails."""

_REFUSED = "CANCELLED"
"""What gRPC itself says of a call that came over an open connection while the server closed, and never began."""

_COURSES = (("03", "05", "06"), ("03", "05", "06"), ("03", "05"), ("02",))


class StoppedError(Exception):
    """The run ends; what is in hand stays unanswered."""


@dataclass(slots=True)
class Plan:
    """How a party behaves.

    Attributes:
        signed: Share of documents that are signed.
        recalled: Share that is taken back.
        answered: Share of received ones that is answered with a document.
        lazy: Share of pulls that acknowledge after their lease ended.
        repeated: Share of submissions that are made twice at once.
    """

    signed: float = 0.3
    recalled: float = 0.08
    answered: float = 0.1
    lazy: float = 0.04
    repeated: float = 0.1


@dataclass(slots=True)
class Party:
    """An agency with its system.

    Attributes:
        name: Name of its context.
        code: Its code.
        agency: Resource name.
        others: Codes of whom it writes to.
        budget: Documents that it may still hand in.
        idle: Whether nothing was to be done at its last look.
        pending: Request identifier of the call in hand that has no answer yet.
        waiting: Whether it waits for the program to come up.
    """

    name: str
    code: str
    agency: str
    index: int
    others: tuple[str, ...]
    program: Program
    ledger: Ledger
    press: Press
    chance: random.Random
    plan: Plan
    stopping: Event
    budget: int = 0
    idle: bool = False
    pending: str = ""
    waiting: bool = False
    _axis: Axis | None = None
    _numbers: int = 0
    _outgoing: "deque[Paper]" = field(default_factory=deque)
    _recalls: "deque[str]" = field(default_factory=deque)
    _courses: "deque[tuple[str, deque[str]]]" = field(default_factory=deque)

    def step(self) -> None:
        """Does one round of work: hands in, receives, reports.

        Raises:
            StoppedError: The run ends.
        """
        busy = self._hand_in()
        busy = self._take_back() or busy
        busy = self._receive() or busy
        busy = self._report() or busy
        self.idle = not busy
        if self.idle:
            self.stopping.wait(PAUSE_SECONDS)

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
                if error.reason == "DEADLINE_EXCEEDED":
                    self.ledger.wrong(f"{self.name}: a call hung: {error.message}")
                self.close()
            else:
                self.pending = ""
                return answer

    def close(self) -> None:
        """Ends the session; the next call opens another."""
        if self._axis is not None:
            self._axis.close()
            self._axis = None

    def write_to(self, to: tuple[str, ...], answers: str = "", form: str = "") -> Paper:
        """Plans a document."""
        chance = self.chance
        self._numbers += 1
        number = str(self.index * 1_000_000 + self._numbers)
        signed = chance.random() < self.plan.signed
        content = self.press.signed(chance) if signed else chance.randbytes(chance.randint(10, 20_000))
        paper = Paper(new_request_id(), form or chance.choice(FORMS), number, to, content, answers)
        self._outgoing.append(paper)
        return paper

    def submit(self, axis: Axis, paper: Paper) -> tuple[str, intake_pb2.Receipt]:
        """Hands a paper in; gives the upload that it came by and the receipt."""
        whole = edxml_file(paper, self.code) if paper.form.startswith("edxml") else paper.content
        upload = upload_whole(axis, f"{paper.key}-upload", whole) if paper.form.endswith("upload") else ""
        return upload, resubmit(axis, self.code, paper, upload)

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

    def _hand_in(self) -> bool:
        if not self._outgoing and self.budget:
            self.budget -= 1
            to = tuple(self.chance.sample(self.others, self.chance.randint(1, len(self.others))))
            self.write_to((*to, UNKNOWN_CODE) if self.chance.random() < 0.05 else to)
        if not self._outgoing:
            return False
        paper = self._outgoing[0]
        upload, receipt = self.until_answered(lambda axis: self.submit(axis, paper), paper.key)
        self.ledger.submitted(Submission(self.name, paper, upload, receipt))
        self._outgoing.popleft()
        if self.chance.random() < self.plan.repeated:
            again = self.until_answered(lambda axis: resubmit(axis, self.code, paper, upload))
            if again.SerializeToString(deterministic=True) != receipt.SerializeToString(deterministic=True):
                self.ledger.wrong(f"{receipt.document}: a repeat was answered with another receipt")
        if self.chance.random() < self.plan.recalled:
            self._recalls.append(receipt.document)
        return True

    def _take_back(self) -> bool:
        if not self._recalls:
            return False
        request = intake_pb2.RecallDocumentRequest(
            name=self._recalls[0], reason="Gửi nhầm", request_id=new_request_id()
        )
        receipt = self.until_answered(lambda axis: axis.intake.RecallDocument(request), request.request_id)
        self.ledger.recall(Recalled(self.name, request, receipt))
        self._recalls.popleft()
        return True

    def _receive(self) -> bool:
        lazy = self.chance.random() < self.plan.lazy
        request = mailbox_pb2.PullItemsRequest(
            max_items=1 if lazy else self.chance.randint(1, 20),
            lease_duration=SHORT_LEASE if lazy else LEASE,
            inline_limit=self.chance.choice((0, 1_000_000)),
            request_id=new_request_id(),
        )
        items = list(self.until_answered(lambda axis: axis.mailbox.PullItems(request), request.request_id).items)
        for item in items:
            self.ledger.saw(self.name, item)
        if not items:
            return False
        if lazy:
            self._acknowledge_late(items[0])
            return True
        for item in items:
            if item.kind == mailbox_pb2.ITEM_KIND_DOCUMENT:
                self._read(item)
        self._acknowledge(items)
        return True

    def _read(self, item: mailbox_pb2.Item) -> None:
        try:
            found = self.until_answered(lambda axis: axis.download(f"{item.delivery}/content", io.BytesIO()))
        except AxisCallError as error:
            self.ledger.wrong(f"{item.delivery}: leased and not readable: {error.reason} {error.message}")
            return
        if found != item.content_sha256.hex():
            self.ledger.wrong(f"{item.delivery}: the content is not what its hash says")

    def _acknowledge(self, items: list[mailbox_pb2.Item]) -> None:
        leased = [mailbox_pb2.LeasedItem(name=item.name, lease=item.lease) for item in items]
        request = mailbox_pb2.AcknowledgeItemsRequest(items=leased)
        results = self.until_answered(lambda axis: axis.mailbox.AcknowledgeItems(request)).results
        for item, result in zip(items, results, strict=True):
            if not result.status.code:
                self.ledger.acknowledged(self.name, item)
                self._follow(item)

    def _acknowledge_late(self, item: mailbox_pb2.Item) -> None:
        while datetime.now(UTC) <= item.lease_expire_time.ToDatetime(UTC):
            time.sleep(PAUSE_SECONDS)
        leased = mailbox_pb2.LeasedItem(name=item.name, lease=item.lease)
        request = mailbox_pb2.AcknowledgeItemsRequest(items=[leased])
        (result,) = self.until_answered(lambda axis: axis.mailbox.AcknowledgeItems(request)).results
        if not result.status.code:
            self.ledger.wrong(f"{item.name}: acknowledged under a lease that had expired")
            self.ledger.acknowledged(self.name, item)

    def _follow(self, item: mailbox_pb2.Item) -> None:
        if item.kind == mailbox_pb2.ITEM_KIND_DOCUMENT:
            self._courses.append((item.delivery, deque(self.chance.choice(_COURSES))))
            if self.chance.random() < self.plan.answered:
                self.write_to((item.from_code,), answers=item.document_id)
        elif item.kind == mailbox_pb2.ITEM_KIND_REQUEST:
            self._courses.append((item.delivery, deque((self.chance.choice(("15", "16")),))))
        elif item.kind == mailbox_pb2.ITEM_KIND_STATUS and self.chance.random() < 0.5:
            asked = workflow_pb2.GetProgressRequest(document=item.document)
            self.ledger.observe(self.until_answered(lambda axis: axis.workflow.GetProgress(asked)))

    def _report(self) -> bool:
        if not self._courses:
            return False
        chosen = [self._courses[place] for place in range(min(10, len(self._courses)))]
        at = Timestamp()
        at.FromDatetime(datetime.now(UTC))
        statuses = [
            workflow_pb2.StatusReport(
                delivery=delivery, code=codes[0], description="Không thuộc thẩm quyền", event_time=at
            )
            for delivery, codes in chosen
        ]
        request = workflow_pb2.ReportStatusesRequest(statuses=statuses, request_id=new_request_id())
        answer = self.until_answered(lambda axis: axis.workflow.ReportStatuses(request), request.request_id)
        self.ledger.report(Reported(self.name, request, answer))
        for place, result in enumerate(answer.results):
            if result.status.code:
                self.ledger.wrong(f"{statuses[place].delivery}: {statuses[place].code}: {result.status.message}")
        for _ in chosen:
            delivery, codes = self._courses.popleft()
            codes.popleft()
            if codes:
                self._courses.append((delivery, codes))
        return True
