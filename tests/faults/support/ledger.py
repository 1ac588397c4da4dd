"""What clients were told. Each answer is noted before the next step: it is the truth that the system must keep."""

import threading
from collections import defaultdict
from dataclasses import dataclass, field

from tests.faults.support.papers import Paper

from lienthong.common.v1.lifecycle_pb2 import DeliveryState
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2


@dataclass(frozen=True, slots=True)
class Submission:
    """A document whose receipt the sender has.

    Attributes:
        sender: Name of the party.
        paper: What was handed in.
        upload: The upload that it came by; empty when inline.
        receipt: The answer.
    """

    sender: str
    paper: Paper
    upload: str
    receipt: intake_pb2.Receipt


@dataclass(frozen=True, slots=True)
class Taken:
    """An item that a party acknowledged, and was told OK."""

    party: str
    item: mailbox_pb2.Item


@dataclass(frozen=True, slots=True)
class Reported:
    """A status that a party reported, and what it was told."""

    party: str
    request: workflow_pb2.ReportStatusesRequest
    answer: workflow_pb2.ReportStatusesResponse


@dataclass(frozen=True, slots=True)
class Recalled:
    """A recall that was accepted."""

    party: str
    request: intake_pb2.RecallDocumentRequest
    receipt: intake_pb2.Receipt


@dataclass(frozen=True, slots=True)
class Tasked:
    """A task that was given or completed, and what the recipient was told."""

    party: str
    request: workflow_pb2.AssignTaskRequest | workflow_pb2.CompleteTaskRequest
    answer: workflow_pb2.Task


@dataclass(slots=True)
class Ledger:
    """All of it, from all threads.

    Attributes:
        papers: What agencies plan to hand in, by number.
        submissions: By document.
        taken: By item.
        pulled: Items in the order in which each party first saw them.
        seen: Items a party was given, by party and item.
        reported: Statuses.
        recalled: By document.
        tasks: Tasks given and completed.
        finished: Where the course of a delivery led, once all of it was answered.
        ended_early: Deliveries that ended before their course did.
        uploads: Bytes of larger uploads that were called durable.
        resumed: Larger uploads that went on from where they had broken off.
        repeats: Mutations that were repeated after a crash.
        published_again: Events that an operator had published again, out of what the outboxes keep.
        observed: States that senders saw, by delivery, in their order.
        answered: Calls that were answered.
        unanswered: Calls that were not, though the client repeats what it may, with the reason.
        wrongs: What was wrong when it happened.
    """

    papers: dict[str, Paper] = field(default_factory=dict)
    submissions: dict[str, Submission] = field(default_factory=dict)
    taken: dict[str, Taken] = field(default_factory=dict)
    pulled: dict[str, list[mailbox_pb2.Item]] = field(default_factory=lambda: defaultdict(list))
    seen: set[tuple[str, str]] = field(default_factory=set)
    reported: list[Reported] = field(default_factory=list)
    recalled: dict[str, Recalled] = field(default_factory=dict)
    tasks: list[Tasked] = field(default_factory=list)
    finished: dict[str, DeliveryState.ValueType] = field(default_factory=dict)
    ended_early: set[str] = field(default_factory=set)
    uploads: dict[str, int] = field(default_factory=dict)
    resumed: set[str] = field(default_factory=set)
    repeats: int = 0
    published_again: int = 0
    observed: dict[str, list[DeliveryState.ValueType]] = field(default_factory=lambda: defaultdict(list))
    answered: int = 0
    unanswered: list[str] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, paper: Paper) -> None:
        """Notes what will be handed in."""
        with self.lock:
            self.papers[paper.number] = paper

    def submitted(self, submission: Submission) -> None:
        """Notes a receipt."""
        with self.lock:
            document = submission.receipt.document
            if document in self.submissions:
                self.wrongs.append(f"{document}: two submissions were given one document")
            self.submissions[document] = submission

    def saw(self, party: str, item: mailbox_pb2.Item) -> None:
        """Notes an item that a party was given."""
        with self.lock:
            if item.name in self.taken:
                self.wrongs.append(f"{item.name}: was acknowledged and came again")
            if (party, item.name) not in self.seen:
                self.seen.add((party, item.name))
                self.pulled[party].append(item)

    def acknowledged(self, party: str, item: mailbox_pb2.Item) -> None:
        """Notes that an acknowledgement was answered OK."""
        with self.lock:
            self.taken[item.name] = Taken(party, item)

    def report(self, entry: Reported) -> None:
        """Notes the answer to a status."""
        with self.lock:
            self.reported.append(entry)

    def recall(self, entry: Recalled) -> None:
        """Notes an accepted recall."""
        with self.lock:
            self.recalled[entry.request.name] = entry

    def tasked(self, entry: Tasked) -> None:
        """Notes a task."""
        with self.lock:
            self.tasks.append(entry)

    def finish(self, delivery: str, state: DeliveryState.ValueType) -> None:
        """Notes that all that was to be done about a delivery was answered, and where that leads."""
        with self.lock:
            self.finished[delivery] = state

    def end_early(self, delivery: str) -> None:
        """Notes that a delivery had ended when a task was to be given."""
        with self.lock:
            self.ended_early.add(delivery)

    def resume(self, upload: str, durable: int) -> None:
        """Notes how far an upload is when somebody begins with it, perhaps again."""
        with self.lock:
            if durable:
                self.resumed.add(upload)
        self.store(upload, durable)

    def store(self, upload: str, durable: int) -> None:
        """Notes how much of an upload was called durable."""
        with self.lock:
            if durable < self.uploads.get(upload, 0):
                self.wrongs.append(f"{upload}: {self.uploads[upload]} bytes were durable, and then {durable}")
            self.uploads[upload] = durable

    def repeat(self) -> None:
        """Counts a mutation that was repeated after a crash."""
        with self.lock:
            self.repeats += 1

    def observe(self, progress: workflow_pb2.Progress) -> None:
        """Notes the states that a sender saw."""
        with self.lock:
            for row in progress.recipients:
                self.observed[row.delivery].append(row.state)

    def answer(self) -> None:
        """Counts a call that was answered."""
        with self.lock:
            self.answered += 1

    def fail(self, text: str) -> None:
        """Notes a call that the client gave up."""
        with self.lock:
            self.unanswered.append(text)

    def wrong(self, text: str) -> None:
        """Notes something that must not happen."""
        with self.lock:
            self.wrongs.append(text)
