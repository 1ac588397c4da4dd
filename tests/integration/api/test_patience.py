"""What was made just now: a caller that is faster than the events between services is served all the same."""

import time
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.message import Message
from tests.integration.api.world import World, acknowledge, file_of, progress_of, pull, refused, report, submit

from lienthong.chassis.errors import Code
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.rpc.beginning import read
from lienthong.client.stubs import resumed
from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.routing.v1 import mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2 as pb

ROUNDS = 8
ATTEMPTS = 3


def task(world: World, delivery: str) -> pb.Task:
    """Assigns a task at a delivery."""
    request = pb.AssignTaskRequest(
        delivery=delivery, kind=pb.TASK_KIND_ASSIGN, unit="Phòng Tin học", request_id=new_request_id()
    )
    return world.city.workflow.AssignTask(request)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_a_recipient_acts_at_once(world: World, _round: int) -> None:
    """A status and a task right after the pull take effect at once; nothing is kept, nothing is not found."""
    receipt = submit(world.vpcp, file_of())
    item = pull(world.city, receipt.document)
    accepted = report(world.city, "03", delivery=item.delivery, arrival_number="1")
    assert accepted.outcome == pb.OUTCOME_APPLIED
    assert task(world, item.delivery).unit == "Phòng Tin học"
    assert progress_of(world.city, receipt.document).recipients


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_a_sender_looks_at_once(world: World, _round: int) -> None:
    """The progress of a document that was accepted a moment ago is there."""
    receipt = submit(world.vpcp, file_of())
    assert progress_of(world.vpcp, receipt.document).recipients


@pytest.mark.parametrize("_round", range(ROUNDS))
@pytest.mark.parametrize("named", ["delivery", "document_id"])
def test_a_request_is_answered_at_once(world: World, _round: int, named: str) -> None:
    """A 15 right after the recall was acknowledged answers it, by whatever name."""
    receipt = submit(world.vpcp, file_of())
    item = pull(world.city, receipt.document)
    acknowledge(world.city, item)
    request = intake_pb2.RecallDocumentRequest(name=receipt.document, reason="sai số", request_id=new_request_id())
    recall = world.vpcp.intake.RecallDocument(request)
    asked = pull(world.city, receipt.document, mailbox_pb2.ITEM_KIND_REQUEST)
    acknowledge(world.city, asked)
    names = {"delivery": item.delivery, "document_id": receipt.document_id}
    agreed = report(world.city, "15", **{named: names[named]})
    assert recall.document == receipt.document
    assert agreed.outcome == pb.OUTCOME_APPLIED


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_a_status_is_linked_at_once(world: World, _round: int) -> None:
    """A status that was kept is linked to a delivery right after the pull."""
    kept = report(world.city, "03", document_id=f"nowhere {new_request_id()}")
    receipt = submit(world.vpcp, file_of())
    item = pull(world.city, receipt.document)
    request = pb.LinkUnmatchedStatusRequest(name=kept.name, delivery=item.delivery, request_id=new_request_id())
    assert world.city.workflow.LinkUnmatchedStatus(request).outcome == pb.OUTCOME_APPLIED


def test_patience_ends(world: World) -> None:
    """What does not exist is not found, soon: at once when it is no name of the last minute."""
    begun = time.monotonic()
    refused(Code.NOT_FOUND, "RESOURCE_NOT_FOUND", lambda: task(world, f"deliveries/{uuid4()}"))
    at_once = time.monotonic() - begun
    refused(Code.NOT_FOUND, "RESOURCE_NOT_FOUND", lambda: task(world, f"deliveries/{Uuid7Source().new()}"))
    assert time.monotonic() - begun - at_once < 5.0


@pytest.mark.parametrize(
    ("service", "method", "kind"),
    [
        ("routing", "lienthong.routing.v1.Mailbox/WatchMailbox", mailbox_pb2.WatchMailboxRequest),
        ("notification", "lienthong.notification.v1.Notification/WatchNotices", notification_pb2.WatchNoticesRequest),
    ],
)
def test_a_watch_says_that_it_has_begun(world: World, service: str, method: str, kind: type[Message]) -> None:
    """Headers come before the first hint: what happens from then on is told, and lists tell what was before."""
    open_watch: Any = world.vpcp.channel(service).unary_stream(f"/{method}", kind.SerializeToString)
    watch = open_watch(kind(), timeout=10.0)
    headers = watch.initial_metadata()  # waits for them; when none come, for the deadline
    assert watch.is_active()
    watch.cancel()
    again = open_watch(kind(cursor=read(headers)), timeout=10.0)
    assert read(again.initial_metadata())
    assert again.is_active()
    again.cancel()


def test_what_came_in_a_break_before_the_first_hint_is_told(world: World) -> None:
    """A watch that lost its line before it told anything goes on from where it began, not from now."""
    asked: list[str] = []

    def opened(cursor: str) -> Any:
        asked.append(cursor)
        assert len(asked) <= ATTEMPTS, "nothing is told"
        stream: Any = world.city.mailbox.WatchMailbox(mailbox_pb2.WatchMailboxRequest(cursor=cursor), timeout=10.0)
        if len(asked) == 1:
            stream.initial_metadata()
            stream.close()  # the line breaks
            acknowledge(world.city, pull(world.city, submit(world.vpcp, file_of()).document))
        return stream

    assert next(resumed(opened, "", give_up_seconds=5.0)).cursor
    assert asked[0] == ""
    assert asked[1]
