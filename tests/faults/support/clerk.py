"""What an agency does with what it received: statuses, tasks, answers to requests of the sender."""

import random
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from tests.faults.support.courses import ASSIGN, COMPLETE, SUBMIT, Course, by_statuses, by_tasks
from tests.faults.support.harness import PAUSE_SECONDS
from tests.faults.support.ledger import Reported, Tasked
from tests.faults.support.plan import Plan
from tests.faults.support.sender import Sender
from tests.faults.support.speaker import Speaker

from lienthong.client import AxisCallError, NotFoundError
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.common.v1 import lifecycle_pb2 as lifecycle
from lienthong.routing.v1 import mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2

BATCH = 10
"""Statuses of one call, at most."""

ENDED = frozenset(
    {
        lifecycle.DELIVERY_STATE_WITHDRAWN,
        lifecycle.DELIVERY_STATE_SUPERSEDED,
        lifecycle.DELIVERY_STATE_REFUSED,
        lifecycle.DELIVERY_STATE_FAILED,
    }
)
"""States in which a request of the sender asks nothing any more, unless it was open before."""


@dataclass(slots=True)
class Clerk:
    """Works on what came."""

    speaker: Speaker
    sender: Sender
    chance: random.Random
    plan: Plan
    _courses: "deque[Course]" = field(default_factory=deque)
    _questions: "deque[str]" = field(default_factory=deque)
    _received: set[str] = field(default_factory=set)

    def take(self, item: mailbox_pb2.Item) -> None:
        """Begins with an item that was acknowledged."""
        if item.kind == mailbox_pb2.ITEM_KIND_DOCUMENT:
            self._take_document(item)
        elif item.kind == mailbox_pb2.ITEM_KIND_REQUEST:
            self._questions.append(item.document)
        elif item.kind == mailbox_pb2.ITEM_KIND_STATUS and self.chance.random() < 0.5:
            asked = workflow_pb2.GetProgressRequest(document=item.document)
            self.speaker.ledger.observe(self.speaker.until_answered(lambda axis: axis.workflow.GetProgress(asked)))

    def work(self) -> bool:
        """Does the next of everything; tells whether there was anything to do."""
        busy = self._report()
        for course in [one for one in self._courses if one.stages and not one.by_code][:BATCH]:
            self._step(course)
        if self._questions:
            self._answer(self._questions.popleft())
        self._courses = deque(one for one in self._courses if one.stages)
        return busy or bool(self._courses or self._questions)

    def _take_document(self, item: mailbox_pb2.Item) -> None:
        paper = self.speaker.ledger.papers.get(item.code.partition("/")[0])
        original = paper.amends[1] if paper is not None else ""
        seen = original in self._received
        self._received.add(item.document)
        replaces = item.document_kind == document_pb2.DOCUMENT_KIND_REPLACEMENT
        if original and (replaces or seen):
            self._questions.append(original)
        # An update of what this agency has seen has no main line of its own; else it took the place of the original.
        if replaces or not seen:
            make = by_tasks if self.chance.random() < self.plan.tasked else by_statuses
            self._courses.append(make(item.delivery, self.chance))
        if self.chance.random() < self.plan.answered:
            self.sender.answer(item.from_code, item.document_id)

    def _report(self) -> bool:
        chosen = [one for one in self._courses if one.by_code][:BATCH]
        if chosen:
            self._send([(one.delivery, one.stages.popleft()) for one in chosen])
            for course in chosen:
                self._note_end(course)
        return bool(chosen)

    def _send(self, statuses: list[tuple[str, str]]) -> None:
        at = Timestamp()
        at.FromDatetime(datetime.now(UTC))
        request = workflow_pb2.ReportStatusesRequest(request_id=new_request_id())
        for delivery, code in statuses:
            request.statuses.add(delivery=delivery, code=code, description="Theo thẩm quyền", event_time=at)
        speaker = self.speaker
        answer = speaker.mutate("a report", lambda axis: axis.workflow.ReportStatuses(request), request.request_id)
        speaker.ledger.report(Reported(speaker.name, request, answer))
        for (delivery, code), result in zip(statuses, answer.results, strict=True):
            if result.status.code:
                speaker.ledger.wrong(f"{delivery}: {code}: {result.status.message}")

    def _step(self, course: Course) -> None:
        speaker, stage = self.speaker, course.stages[0]
        try:
            if stage == COMPLETE:
                done = workflow_pb2.CompleteTaskRequest(name=course.task, result="Xong", request_id=new_request_id())
                answer = speaker.mutate("a task", lambda axis: axis.workflow.CompleteTask(done), done.request_id)
                speaker.ledger.tasked(Tasked(speaker.name, done, answer))
            else:
                given = _task(course.delivery, stage)
                answer = speaker.mutate("a task", lambda axis: axis.workflow.AssignTask(given), given.request_id)
                speaker.ledger.tasked(Tasked(speaker.name, given, answer))
                course.task = answer.name
        except NotFoundError:
            return  # workflow has not heard of the delivery yet
        except AxisCallError as error:
            if error.reason == "NOT_ARRIVED":
                return  # nor that it was acknowledged
            if error.reason != "DELIVERY_ENDED":
                raise
            # The sender took it back, or it was replaced: the checker knows of which this may be true.
            speaker.ledger.end_early(course.delivery)
            course.stages.clear()
            return
        course.stages.popleft()
        self._note_end(course)

    def _note_end(self, course: Course) -> None:
        if not course.stages:
            self.speaker.ledger.finish(course.delivery, course.leads_to)

    def _answer(self, document: str) -> None:
        """Answers a request of the sender as soon as workflow shows it; looks again later when it does not yet."""
        row = self._row_of(document)
        if row is not None and row.side_request:
            self._send([(row.delivery, self.chance.choice(("15", "16")))])
        elif row is None or row.state not in ENDED:
            self._questions.append(document)
            self.speaker.stopping.wait(PAUSE_SECONDS)

    def _row_of(self, document: str) -> workflow_pb2.RecipientProgress | None:
        asked = workflow_pb2.GetProgressRequest(document=document)
        try:
            rows = self.speaker.until_answered(lambda axis: axis.workflow.GetProgress(asked)).recipients
        except NotFoundError:
            return None
        return rows[0] if rows else None


def _task(delivery: str, stage: str) -> workflow_pb2.AssignTaskRequest:
    request = workflow_pb2.AssignTaskRequest(delivery=delivery, request_id=new_request_id())
    if stage == SUBMIT:
        request.kind = workflow_pb2.TASK_KIND_SUBMIT
    elif stage == ASSIGN:
        request.kind = workflow_pb2.TASK_KIND_ASSIGN
        request.unit, request.person, request.instruction = "Phòng Tin học", "Trần Văn Bình", "Báo cáo kết quả"
    return request
