"""Work inside a recipient: tasks that report 04, 05 and 06 by themselves."""

from functools import partial
from typing import Any

import pytest

from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1 import document_pb2
from lienthong.common.v1 import lifecycle_pb2 as life
from lienthong.events.v1 import workflow_progress_pb2 as events
from lienthong.testing.service import HCMC, NGHE_AN, VPCP
from lienthong.workflow import storage
from lienthong.workflow.v1 import workflow_pb2 as pb


@pytest.fixture
def task(world: Any) -> pb.Task:
    """A task of Phòng Tin học at an accepted delivery of the city."""
    world.deliver("d1", "doc")
    world.say(HCMC, "03", "d1")
    given: pb.Task = world.assign(HCMC, "d1", unit="Phòng Tin học", instruction="Kết nối phần mềm")
    return given


def history(world: Any) -> list[pb.StatusRecord]:
    """What the sender reads of the document."""
    request = pb.ListStatusesRequest(document="documents/doc")
    return list(world.api.list_statuses(request, world.bench.call(VPCP)).statuses)


def test_starting_reports_05_with_the_news_and_who_works(world: Any, task: pb.Task) -> None:
    """Work starts: the sender reads 05 with the progress text and the person who works; it is sealed."""
    world.clock.advance(hours=2)
    staff = document_pb2.Staff(name="Trần Văn Bình")
    started = world.start(HCMC, task, "Đang thống nhất phương án", staff=staff)
    assert started.state == life.DELIVERY_STATE_PROCESSING
    assert started.start_time == to_timestamp(world.clock.now())
    last = history(world)[-1]
    assert (last.code, last.description, last.staff.name, last.source, last.outcome) == (
        "05",
        "Đang thống nhất phương án",
        "Trần Văn Bình",
        "task",
        pb.OUTCOME_APPLIED,
    )
    assert last.seal
    assert world.progress(VPCP, "doc").recipients[0].note == "Đang thống nhất phương án"


def test_starting_again_changes_nothing(world: Any, task: pb.Task) -> None:
    """A repeat with another request_id answers with the first start and reports nothing more."""
    first = world.start(HCMC, task, "Bắt đầu")
    world.clock.advance(hours=1)
    assert world.start(HCMC, task, "Bắt đầu lần nữa") == first
    assert [one.code for one in history(world)] == ["01", "03", "04", "05"]


def test_what_another_did_meanwhile_is_seen(world: Any, task: pb.Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Acts on one task take turns at its delivery: who waited sees what the other did, and changes nothing."""
    read = storage.delivery_by_id
    waited: list[str] = []

    def another(rows: Rows, identifier: str) -> Any:
        """Another copy completes the task while this one waits for its delivery."""
        if not waited:
            waited.append(identifier)
            row = storage.task_by_id(rows.connection, task.name.removeprefix("tasks/"))
            assert row is not None
            row.completed_at, row.result, row.open = 1, "của người trước", False
            storage.save_task(rows.connection, row)
        return read(rows, identifier)

    monkeypatch.setattr(storage, "delivery_by_id", another)
    assert world.complete(HCMC, task, "của người sau").result == "của người trước"


def test_second_unit_starts_quietly_or_with_news(world: Any, task: pb.Task) -> None:
    """A delivery that is in process gets a second 05 only when there is news to tell (rule 7)."""
    quiet, loud = (world.assign(HCMC, "d1", unit=unit) for unit in ("Sở Nội vụ", "Sở Tài chính"))
    world.start(HCMC, task)
    world.start(HCMC, quiet)
    assert [one.code for one in history(world)].count("05") == 1
    world.start(HCMC, loud, "Đang thẩm tra kinh phí")
    assert [(one.rule, one.description) for one in history(world) if one.code == "05"] == [
        ("6", ""),
        ("7", "Đang thẩm tra kinh phí"),
    ]


def test_hand_over_ends_the_task_and_reports_04_again(world: Any, task: pb.Task) -> None:
    """04 after 05 is rule 7: the state stays, the sender reads who works on it now and why; what is not said stays."""
    world.start(HCMC, task, "Bắt đầu")
    following = world.hand_over(HCMC, task, person="Lê Văn C", reason="Đúng chuyên môn")
    assert following.name != task.name
    assert (following.instruction, following.predecessor) == ("Kết nối phần mềm", task.name)
    assert following.state == life.DELIVERY_STATE_PROCESSING
    last = history(world)[-1]
    assert (last.code, last.rule, last.description) == ("04", "7", "Đúng chuyên môn")
    (ended,) = [one for one in listed(world) if one.name == task.name]
    assert ended.HasField("hand_over_time")
    assert (ended.successor, ended.HasField("complete_time")) == (following.name, False)
    assert [one.name for one in listed(world, "open = true")] == [following.name]
    (told,) = world.bench.told(events.TaskHandedOver)
    assert (told.unit, told.assignee, told.reason) == ("Phòng Tin học", "Lê Văn C", "Đúng chuyên môn")
    assert world.bench.told(events.TaskAssigned)[-1].person == "Lê Văn C"
    assert world.complete(HCMC, following, "Đã kết nối").state == life.DELIVERY_STATE_DONE


def test_hand_over_again_to_the_same_answers_the_first_time(world: Any, task: pb.Task) -> None:
    """A repeat with another request_id gives the task that took its place; another taker is refused and told of it."""
    following = world.hand_over(HCMC, task, unit="Sở Nội vụ")
    assert world.hand_over(HCMC, task, unit="Sở Nội vụ") == following
    assert [one.code for one in history(world)] == ["01", "03", "04", "04"]
    with pytest.raises(AxisError) as caught:
        world.hand_over(HCMC, task, unit="Sở Tài chính")
    assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, "TASK_CLOSED")
    assert caught.value.metadata["successor"] == following.name


@pytest.mark.parametrize("act", ["start", "hand_over", "complete"])
def test_acts_on_a_task_that_was_handed_over_are_refused(world: Any, task: pb.Task, act: str) -> None:
    """Whoever had the task reads that it is closed and who has it now."""
    following = world.hand_over(HCMC, task, unit="Sở Nội vụ")
    more = {"unit": "Sở Y tế"} if act == "hand_over" else {}
    with pytest.raises(AxisError) as caught:
        getattr(world, act)(HCMC, task, **more)
    assert caught.value.reason == "TASK_CLOSED"
    assert caught.value.metadata["successor"] == following.name


def test_submission_is_neither_started_nor_handed_over(world: Any) -> None:
    """What waits for the leader is no assignment."""
    world.deliver("d1", "doc")
    submitted = world.assign(HCMC, "d1", pb.TASK_KIND_SUBMIT)
    for act in (partial(world.start, HCMC, submitted), partial(world.hand_over, HCMC, submitted, unit="Sở Nội vụ")):
        with pytest.raises(AxisError) as caught:
            act()
        assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, "NOT_ASSIGNABLE")


def test_hand_over_names_a_unit_or_a_person(world: Any, task: pb.Task) -> None:
    """Nobody to take it: the field, the rule and the remedy are named."""
    with pytest.raises(AxisError) as caught:
        world.hand_over(HCMC, task)
    assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, "ASSIGNEE_REQUIRED")


def test_after_the_end_nothing_starts(world: Any, task: pb.Task) -> None:
    """A delivery that has ended takes no start and no hand-over."""
    world.say(HCMC, "06", "d1")
    for act in (partial(world.start, HCMC, task), partial(world.hand_over, HCMC, task, unit="Sở Nội vụ")):
        with pytest.raises(AxisError) as caught:
            act()
        assert caught.value.reason == "DELIVERY_ENDED"


def test_tasks_of_others_do_not_exist(world: Any, task: pb.Task) -> None:
    """Neither the sender nor a stranger starts or hands over a task of the city."""
    for agency in (VPCP, NGHE_AN):
        for act in (partial(world.start, agency, task), partial(world.hand_over, agency, task, unit="x")):
            with pytest.raises(AxisError) as caught:
                act()
            assert caught.value.code is Code.NOT_FOUND


def test_whoever_gives_a_task_stands_in_it(world: Any) -> None:
    """The task names who gave it, for the file of the case."""
    world.deliver("d1", "doc")
    world.say(HCMC, "03", "d1")
    leader = document_pb2.Staff(name="Nguyễn Thị Lãnh Đạo")
    given = world.assign(HCMC, "d1", unit="Sở Nội vụ", staff=leader)
    assert given.giver == leader
    assert world.hand_over(HCMC, given, person="Lê Văn C").giver == document_pb2.Staff()


def listed(world: Any, condition: str = "") -> list[pb.Task]:
    """The tasks of the city, newest first."""
    return list(world.api.list_tasks(pb.ListTasksRequest(filter=condition), world.bench.call(HCMC)).tasks)
