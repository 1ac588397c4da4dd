"""Lists, tasks and what each party sees."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from lienthong.chassis.directory.model import Agency
from lienthong.chassis.errors import AxisError
from lienthong.chassis.times import to_date
from lienthong.common.v1 import lifecycle_pb2 as life
from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.events.v1 import workflow_progress_pb2 as events
from lienthong.testing.service import HCMC, NGHE_AN, VPCP
from lienthong.workflow.v1 import workflow_pb2 as pb


def cases(world: Any, agency: Agency, condition: str = "", size: int = 0) -> list[str]:
    """Documents of all pages of ListCases, in order."""
    found: list[str] = []
    token = ""
    while True:
        request = pb.ListCasesRequest(filter=condition, page_size=size, page_token=token)
        answer = world.api.list_cases(request, world.bench.call(agency, "Workflow/ListCases"))
        found += [one.document.removeprefix("documents/") for one in answer.cases]
        token = answer.next_page_token
        if not token:
            return found


def test_cases_by_role_state_and_urgency(world: Any) -> None:
    """A list is what the caller sent and received, newest first, narrowed by conditions joined by AND."""
    for number in range(5):
        world.deliver(f"d{number}", f"sent{number}", header={"priority": number})
        world.clock.advance(minutes=1)
    world.deliver("r", "received", VPCP, HCMC)
    world.say(HCMC, "03", "d1")
    assert cases(world, VPCP) == ["received", "sent4", "sent3", "sent2", "sent1", "sent0"]
    assert cases(world, VPCP, size=2) == cases(world, VPCP)
    assert cases(world, VPCP, 'role = "recipient"') == ["received"]
    assert cases(world, VPCP, 'role = "sender" AND state = "ACCEPTED"') == ["sent1"]
    assert cases(world, VPCP, 'role = "sender" AND state != "ARRIVED"', size=1) == ["sent1"]
    assert cases(world, VPCP, 'role = "sender" AND priority >= 2', size=1) == ["sent4", "sent3", "sent2"]
    assert cases(world, HCMC, 'role = "sender"') == ["received"]
    assert cases(world, NGHE_AN) == []


def test_cases_that_are_overdue(world: Any) -> None:
    """The day of the deadline itself is in time; what is completed, ended or answered owes nothing."""
    due = {"due_date": to_date(date(2026, 11, 24))}
    for name in ("late", "done", "free"):
        more = {} if name == "free" else due
        world.deliver(name, f"doc-{name}", header=more, accepted=more)
        world.clock.advance(minutes=1)
    world.say(HCMC, "06", "done")
    assert cases(world, HCMC, "overdue = true") == []
    world.clock.advance(days=2)
    assert cases(world, HCMC, "overdue = true") == ["doc-late"]
    assert cases(world, HCMC, "overdue = false") == ["doc-free", "doc-done"]
    assert world.progress(VPCP, "doc-late").recipients[0].overdue
    assert not world.progress(VPCP, "doc-done").recipients[0].overdue


@pytest.mark.parametrize(
    "condition", ['role = "owner"', 'state = "LOST"', "overdue = 1", "overdue = true AND overdue = false", "nothing"]
)
def test_malformed_filters_are_refused(world: Any, condition: str) -> None:
    """A malformed filter is INVALID_ARGUMENT."""
    with pytest.raises(AxisError, match="FILTER_INVALID"):
        cases(world, VPCP, condition)


def test_successor_reports_for_its_predecessor(world: Any) -> None:
    """Section 3: from the effective date a successor reads and reports what its predecessor received."""
    world.deliver("d1", "doc", NGHE_AN)
    retired = Agency(
        NGHE_AN.id,
        NGHE_AN.name,
        NGHE_AN.codes,
        retired=world.clock.now() + timedelta(hours=1),
        successors=(HCMC.id,),
        version=2,
    )
    world.bench.know(retired)
    assert world.say(HCMC, "03", "d1").outcome == pb.OUTCOME_KEPT
    world.clock.advance(hours=1)
    assert world.say(HCMC, "03", "d1").outcome == pb.OUTCOME_APPLIED
    assert cases(world, HCMC) == ["doc"]
    assert world.bench.told(events.StatusRecorded)[-1].facts.from_agency == HCMC.id


def test_tasks_report_and_are_listed(world: Any) -> None:
    """ASSIGN reports 04 each time; only the last completed assignment reports 06; a repeat answers the same."""
    world.deliver("d1", "doc")
    with pytest.raises(AxisError, match="NOT_ACCEPTED"):
        world.assign(HCMC, "d1", unit="Sở Nội vụ")
    submitted = world.assign(HCMC, "d1", pb.TASK_KIND_SUBMIT)
    world.say(HCMC, "03", "d1")
    with pytest.raises(AxisError, match="ASSIGNEE_REQUIRED"):
        world.assign(HCMC, "d1")
    first = world.assign(HCMC, "d1", unit="Sở Nội vụ")
    second = world.assign(HCMC, "d1", person="Lê Văn C")
    assert [one.facts.code for one in world.bench.told(events.StatusRecorded)] == ["01", "03", "04", "04"]

    def listed(condition: str = "", agency: Agency = HCMC) -> list[str]:
        call = world.bench.call(agency, "Workflow/ListTasks")
        return [one.name for one in world.api.list_tasks(pb.ListTasksRequest(filter=condition), call).tasks]

    assert set(listed("open = true")) == {first.name, second.name}
    assert listed("open = false") == [submitted.name]
    assert len(listed('delivery = "deliveries/d1"')) == 3
    assert listed("", VPCP) == []
    assert world.complete(HCMC, first).state == life.DELIVERY_STATE_ASSIGNED
    done = world.complete(HCMC, second, "xong")
    assert done.state == life.DELIVERY_STATE_DONE
    assert world.complete(HCMC, second, "khác").result == "xong"
    assert len(world.bench.told(events.TaskAssigned)) == 3
    assert len(world.bench.told(events.TaskCompleted)) == 3
    for wrong in (VPCP, NGHE_AN):
        with pytest.raises(AxisError, match="RESOURCE_NOT_FOUND"):
            world.complete(wrong, first)
        with pytest.raises(AxisError, match="RESOURCE_NOT_FOUND"):
            world.assign(wrong, "d1", unit="x")
    with pytest.raises(AxisError, match="DELIVERY_ENDED"):
        world.assign(HCMC, "d1", unit="x")


def test_history_is_paged_and_seen_by_its_parties(world: Any) -> None:
    """The sender sees what was reported at all its deliveries, a recipient at its own, oldest first."""
    world.accept("doc")
    world.create("d1", "doc", HCMC, count=2)
    world.create("d2", "doc", NGHE_AN, count=2)
    for delivery, agency in (("d1", HCMC), ("d2", NGHE_AN)):
        world.arrive(delivery)
        world.say(agency, "03", delivery)

    def pages(agency: Agency, size: int) -> list[list[tuple[str, str]]]:
        found, token = [], ""
        while True:
            request = pb.ListStatusesRequest(document="documents/doc", page_size=size, page_token=token)
            answer = world.api.list_statuses(request, world.bench.call(agency, "Workflow/ListStatuses"))
            found.append([(one.delivery, one.code) for one in answer.statuses])
            token = answer.next_page_token
            if not token:
                return found

    one, two = "deliveries/d1", "deliveries/d2"
    assert pages(VPCP, 3) == [[(one, "01"), (one, "03"), (two, "01")], [(two, "03")]]
    assert pages(NGHE_AN, 0) == [[(two, "01"), (two, "03")]]


def test_watch_of_a_recipient_is_silent_about_others(world: Any) -> None:
    """A recipient's watch wakes for its own row; what happens elsewhere is the sender's to know."""
    world.accept("doc")
    world.create("d1", "doc", HCMC, count=2)
    world.create("d2", "doc", NGHE_AN, count=2)
    world.arrive("d1")
    world.arrive("d2")
    request = pb.WatchProgressRequest(document="documents/doc")
    mine = world.api.watch_progress(request, world.bench.call(HCMC))
    senders = world.api.watch_progress(request, world.bench.call(VPCP))
    _, own = mine.produce(mine.cursor)
    _, cursor = senders.produce(senders.cursor)
    seen = [cursor]
    for code in ("03", "05"):
        world.say(NGHE_AN, code, "d2")
        assert mine.produce(own) == ((), own)
        (message,), after = senders.produce(seen[-1])
        assert message.cursor == after
        seen.append(after)
    assert all(int(before) < int(after) for before, after in pairwise(seen))


def test_watch_of_an_update_tells_of_every_recipient(world: Any) -> None:
    """Where the original was had the update is counted with that, elsewhere by itself: each change is told."""
    world.deliver("d1", "doc")
    for code in ("03", "04", "05"):
        world.say(HCMC, code, "d1")
    world.accept("update")
    world.create("d2", "update", HCMC, count=2, original_delivery="d1")
    world.create("d3", "update", NGHE_AN, count=2)
    request = pb.WatchProgressRequest(document="documents/update")
    watch = world.api.watch_progress(request, world.bench.call(VPCP))
    _, cursor = watch.produce(watch.cursor)
    world.arrive("d3")
    (arrived,), cursor = watch.produce(cursor)
    world.say(NGHE_AN, "03", "d3")
    (accepted,), cursor = watch.produce(cursor)
    states = [{one.state for one in seen.progress.recipients} for seen in (arrived, accepted)]
    assert life.DELIVERY_STATE_ARRIVED in states[0]
    assert life.DELIVERY_STATE_ACCEPTED in states[1]
    assert watch.produce(cursor) == ((), cursor)


def test_watch_refuses_what_is_no_cursor(world: Any) -> None:
    """A cursor is a number of this watch; one from the future begins again."""
    world.deliver("d1", "doc")
    for wrong in ("-1", "x", "9" * 30):
        with pytest.raises(AxisError, match="CURSOR_INVALID"):
            world.api.watch_progress(
                pb.WatchProgressRequest(document="documents/doc", cursor=wrong), world.bench.call(VPCP)
            )
    watch = world.api.watch_progress(
        pb.WatchProgressRequest(document="documents/doc", cursor="999"), world.bench.call(VPCP)
    )
    assert len(watch.produce(watch.cursor)[0]) == 1


def test_recipient_is_not_told_that_a_case_closed(world: Any) -> None:
    """Whether others have answered is the sender's to know."""
    world.deliver("d1", "doc")
    world.create("d2", "reply", VPCP, HCMC, answers=("doc",))
    world.arrive("d2")
    assert world.progress(VPCP, "doc").closed
    assert not world.progress(HCMC, "doc").closed
    assert world.progress(HCMC, "doc").recipients[0].answer_document == "documents/reply"


def test_later_verdict_is_shown(world: Any) -> None:
    """A verdict that comes after the document was shown replaces the one shown first."""
    world.accept("doc")
    world.create("d1", "doc")
    world.tell(routing.DeliveryAvailable, "d1", verdict=life.VERDICT_UNSPECIFIED)
    world.tell(routing.DeliveryVerdictChanged, "d1", verdict=life.VERDICT_BROKEN)
    assert world.progress(HCMC, "doc").recipients[0].verdict == life.VERDICT_BROKEN
