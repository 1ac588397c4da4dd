"""What must hold of updates, replacements, tasks and courses after any crash, asked through the public APIs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial

from tests.faults.support.ledger import Ledger, Tasked
from tests.faults.support.papers import REPLACEMENT
from tests.faults.support.sender import UNKNOWN_CODE
from tests.faults.support.speaker import alike

from lienthong.client import Axis, NotFoundError
from lienthong.common.v1 import lifecycle_pb2 as lifecycle
from lienthong.workflow.v1 import workflow_pb2

PAGE = 500

Records = Mapping[str, list[workflow_pb2.StatusRecord]]

_BY_THE_SENDER = frozenset({lifecycle.DELIVERY_STATE_WITHDRAWN, lifecycle.DELIVERY_STATE_SUPERSEDED})
"""Where a recall or a replacement leads a delivery, whatever its recipient did about it."""


class WorkChecks:
    """The checks; each gives what is wrong, one line each."""

    def __init__(self, axes: Mapping[str, Axis], ledger: Ledger, records: Records) -> None:
        self._axes = axes
        self._ledger = ledger
        self._records = [record for found in records.values() for record in found]
        self._rows: dict[str, workflow_pb2.RecipientProgress] = {}
        self._documents: dict[str, str] = {}

    def run(self) -> Iterator[str]:
        """Does all of them."""
        for document, told in self._ledger.submissions.items():
            asked = workflow_pb2.GetProgressRequest(document=document)
            try:
                rows = self._axes[told.sender].workflow.GetProgress(asked).recipients
            except NotFoundError:
                yield f"{document}: its sender finds no progress of it"
                continue
            self._rows.update({row.delivery: row for row in rows})
            self._documents.update({row.delivery: document for row in rows})
            if UNKNOWN_CODE in told.paper.to:
                yield from self._failure(document, [row for row in rows if row.code == UNKNOWN_CODE])
        yield from self._requests()
        yield from self._courses()
        yield from self._tasks()

    def _failure(self, document: str, rows: list[workflow_pb2.RecipientProgress]) -> Iterator[str]:
        """A recipient that does not exist failed once, and the sender is told why."""
        told = [row for row in rows if row.state == lifecycle.DELIVERY_STATE_FAILED and row.failure]
        if len(rows) != 1 or len(told) != 1:
            yield f"{document}: the delivery to {UNKNOWN_CODE} is there {len(rows)} times, told as failed {len(told)}"

    def _requests(self) -> Iterator[str]:
        """Every request of a sender was answered, and the answer closed it."""
        for row in self._rows.values():
            if row.side_request:
                yield f"{row.delivery}: {lifecycle.SideRequest.Name(row.side_request)} is still open"

    def _courses(self) -> Iterator[str]:
        """A delivery stands where its recipient led it, unless its sender took it back or replaced it."""
        ended = set(self._ledger.recalled) | {
            told.paper.amends[1] for told in self._ledger.submissions.values() if told.paper.kind is REPLACEMENT
        }
        for delivery, state in self._ledger.finished.items():
            found = self._rows[delivery].state if delivery in self._rows else lifecycle.DELIVERY_STATE_UNSPECIFIED
            allowed = {state, *(_BY_THE_SENDER if self._documents.get(delivery) in ended else ())}
            if found not in allowed:
                yield f"{delivery}: was led to {_name(state)} and is {_name(found)}"
        for delivery in self._ledger.ended_early:
            if self._documents.get(delivery) not in ended:
                yield f"{delivery}: had ended for its recipient, and nobody had ended it"

    def _tasks(self) -> Iterator[str]:
        """Each task is there once as it was given and completed, a repeat answers alike, and each reported its code."""
        given, completed = Counter[str](), Counter[str]()
        for told in self._ledger.tasks:
            if not alike(partial(_again, self._axes[told.party], told), told.answer):
                yield f"{told.answer.name}: a repeat is answered in another way"
            if isinstance(told.request, workflow_pb2.CompleteTaskRequest):
                completed[told.answer.delivery] += told.answer.state == lifecycle.DELIVERY_STATE_DONE
            elif told.request.kind == workflow_pb2.TASK_KIND_ASSIGN:
                given[told.answer.delivery] += 1
        reported = Counter((record.delivery, record.code) for record in self._records if record.source == "task")
        expected = Counter({(delivery, "04"): count for delivery, count in given.items()})
        expected += Counter({(delivery, "06"): count for delivery, count in completed.items()})
        for key in (reported - expected) + (expected - reported):
            yield f"{key[0]}: tasks reported {key[1]} {reported[key]} times instead of {expected[key]}"
        for party in {told.party for told in self._ledger.tasks}:
            yield from self._listed(party, [told for told in self._ledger.tasks if told.party == party])

    def _listed(self, party: str, told: list[Tasked]) -> Iterator[str]:
        listed = {task.name: task for task in _tasks_of(self._axes[party])}
        names = {one.answer.name for one in told}
        if listed.keys() != names:
            yield f"{party}: tasks lost {sorted(names - listed.keys())}, made up {sorted(listed.keys() - names)}"
        for one in told:
            task = listed.get(one.answer.name, one.answer)
            done = isinstance(one.request, workflow_pb2.CompleteTaskRequest)
            if done and (not task.HasField("complete_time") or task.result != one.answer.result):
                yield f"{task.name}: was completed with {one.answer.result!r}, and is not"


def _again(axis: Axis, told: Tasked) -> workflow_pb2.Task:
    if isinstance(told.request, workflow_pb2.CompleteTaskRequest):
        return axis.workflow.CompleteTask(told.request)
    return axis.workflow.AssignTask(told.request)


def _tasks_of(axis: Axis) -> Iterator[workflow_pb2.Task]:
    token = ""
    while True:
        answer = axis.workflow.ListTasks(workflow_pb2.ListTasksRequest(page_size=PAGE, page_token=token))
        yield from answer.tasks
        token = answer.next_page_token
        if not token:
            return


def _name(state: lifecycle.DeliveryState.ValueType) -> str:
    return lifecycle.DeliveryState.Name(state).removeprefix("DELIVERY_STATE_")
