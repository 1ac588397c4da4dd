"""Notices as people see them: listed with filters, watched in commit order, read once."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from tests.plans import plans_of

from lienthong.chassis.errors import AxisError, Code
from lienthong.notification.config import NotificationSection
from lienthong.notification.domain import Circuit, CircuitPolicy
from lienthong.notification.handlers.notices import WATCH_BATCH, write_cursor
from lienthong.notification.handlers.sweep import sweep
from lienthong.notification.storage.circuits import circuit_of, keep_circuit
from lienthong.notification.storage.notices import old_notices
from lienthong.notification.v1 import notification_pb2 as pb
from lienthong.testing.service import HCMC, VPCP

Settings = Callable[..., NotificationSection]


@pytest.fixture
def post(opened: Any, settings: Settings) -> Any:
    """Notification with an in-app and a webhook subscription of Ho Chi Minh City, its workers at rest."""
    made = opened(settings(), running=False)
    made.made["app"] = made.subscribe(HCMC, pb.CHANNEL_IN_APP)
    made.made["hook"] = made.subscribe(HCMC, pb.CHANNEL_WEBHOOK, "https://dms.example.gov.vn/hook")
    return made


def watch(post: Any, cursor: str = "", agency: Any = HCMC) -> Any:
    """Open a watch."""
    return post.api.watch_notices(pb.WatchNoticesRequest(cursor=cursor), post.bench.call(agency))


def test_in_app_notices_are_there_at_once(post: Any) -> None:
    """An in-app notice is SENT when it is made; one to be sent is PENDING. Filters tell them apart."""
    post.deliver()
    (app,) = post.notices(HCMC, 'channel = "IN_APP"')
    (hook,) = post.notices(HCMC, 'channel != "IN_APP" AND kind = "document.available"')
    assert (app.state, hook.state) == (pb.NOTICE_STATE_SENT, pb.NOTICE_STATE_PENDING)
    assert app.send_time == app.create_time
    assert not hook.HasField("send_time")
    assert post.notices(HCMC, 'state = "PENDING"') == [hook]
    assert post.notices(HCMC, 'kind = "case.closed"') == []
    assert post.notices(VPCP) == []


def test_wrong_filters_are_refused(post: Any) -> None:
    """A filter that names an unknown field or value is INVALID_ARGUMENT."""
    for condition in ('state = "LATE"', 'kind = "x"', 'channel > "EMAIL"', "title = 1", "state"):
        with pytest.raises(AxisError) as caught:
            post.notices(HCMC, condition)
        assert caught.value.code is Code.INVALID_ARGUMENT


def test_pages_give_each_once_newest_first(post: Any) -> None:
    """Pages follow on without gaps or repeats, also while notices have one time; a token is for its filter alone."""
    names = [post.test(HCMC, post.made["app"]).name for _ in range(5)]
    call = post.bench.call(HCMC)
    found, token = [], ""
    for _ in range(3):
        answer = post.api.list_notices(pb.ListNoticesRequest(page_size=2, page_token=token), call)
        found += [one.name for one in answer.notices]
        token = answer.next_page_token or token
    assert found == names[::-1]
    with pytest.raises(AxisError):
        post.api.list_notices(pb.ListNoticesRequest(page_token=token, filter='state = "SENT"'), call)


def test_reading_is_marked_once(post: Any) -> None:
    """Marking as read counts what changed; a repeat changes nothing; a foreign name marks none."""
    mine = [post.test(HCMC, post.made["app"]).name for _ in range(2)]
    foreign = post.test(VPCP, post.subscribe(VPCP, pb.CHANNEL_IN_APP)).name
    call = post.bench.call(HCMC)
    with pytest.raises(AxisError) as caught:
        post.api.acknowledge_notices(pb.AcknowledgeNoticesRequest(names=[*mine, foreign]), call)
    assert caught.value.code is Code.NOT_FOUND
    request = pb.AcknowledgeNoticesRequest(names=[*mine, mine[0]])
    assert [post.api.acknowledge_notices(request, call).changed for _ in range(2)] == [2, 0]
    assert len(post.notices(HCMC, 'state = "ACKNOWLEDGED"')) == 2
    for names in ([], ["notices/x"] * 501):
        with pytest.raises(AxisError) as caught:
            post.api.acknowledge_notices(pb.AcknowledgeNoticesRequest(names=names), call)
        assert caught.value.code is Code.INVALID_ARGUMENT


def test_foreign_attempts_do_not_exist(post: Any) -> None:
    """Attempts of another agency's notice are NOT_FOUND."""
    notice = post.test(HCMC, post.made["hook"])
    assert post.attempts(HCMC, notice.name) == []
    with pytest.raises(AxisError) as caught:
        post.attempts(VPCP, notice.name)
    assert caught.value.code is Code.NOT_FOUND


def test_watch_begins_now_and_resumes(post: Any) -> None:
    """Without a cursor a watch sends what comes; from the cursor of any notice it goes on with the next."""
    post.test(HCMC, post.made["app"])
    opened = watch(post)
    assert opened.produce(opened.cursor) == ([], opened.cursor)
    names = [post.test(HCMC, post.made["app"]).name for _ in range(3)]
    messages, cursor = opened.produce(opened.cursor)
    assert [one.notice.name for one in messages] == names
    assert messages[-1].cursor == cursor
    again = watch(post, messages[0].cursor)
    assert [one.notice.name for one in again.produce(again.cursor)[0]] == names[1:]
    other = watch(post, agency=VPCP)
    assert other.produce(other.cursor)[0] == []
    with pytest.raises(AxisError) as caught:
        watch(post, "not a cursor")
    assert caught.value.code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "places", ['{"a":1e999}', '{"a":1.5}', f'{{"a":{10**30}}}', '{"a":"x"}', "[" * 5000, "[]", "1"]
)
def test_a_cursor_made_by_hand(post: Any, places: str) -> None:
    """Whatever somebody made up is refused as no cursor, before it reaches the database."""
    forged = base64.urlsafe_b64encode(places.encode().replace(b'"a"', f'"{HCMC.id}"'.encode())).decode()
    with pytest.raises(AxisError) as caught:
        watch(post, forged)
    assert caught.value.reason == "CURSOR_INVALID"


def test_a_cursor_from_the_future(post: Any) -> None:
    """A database that was restored has fewer notices than a watch has seen: new ones come all the same."""
    opened = watch(post, write_cursor({HCMC.id: 1000}))
    made = post.test(HCMC, post.made["app"]).name
    assert [one.notice.name for one in opened.produce(opened.cursor)[0]] == [made]


def test_watch_takes_bounded_batches(post: Any) -> None:
    """A watch that is far behind gets batches that follow on; none is lost between them."""
    opened = watch(post)
    for number in range(WATCH_BATCH // 2 + 1):
        post.deliver(f"d{number}", f"l{number}")
    first, cursor = opened.produce(opened.cursor)
    second, _ = opened.produce(cursor)
    assert (len(first), len(second)) == (WATCH_BATCH, 2)
    assert len({one.notice.name for one in (*first, *second)}) == WATCH_BATCH + 2


def test_test_notice_is_repeated_by_its_key_alone(post: Any) -> None:
    """A repeat of a test by request id answers with the first notice; another key makes another."""
    request = pb.TestSubscriptionRequest(name=post.made["hook"].name, request_id="same")
    call = post.bench.call(HCMC)
    assert post.api.test_subscription(request, call) == post.api.test_subscription(request, call)
    post.test(HCMC, post.made["hook"])
    assert len(post.notices(HCMC, 'kind = "subscription.test"')) == 2


def test_lists_follow_an_index(post: Any) -> None:
    """Each list comes from an index in its order, without sorting: it costs the same however many notices there are."""

    def ask() -> None:
        for condition in ("", 'state = "SENT"', 'kind = "case.closed"', 'channel = "EMAIL"'):
            post.notices(HCMC, condition)

    found = plans_of(post.bench.context.database, ask)
    assert found.lines
    assert not found.scans
    assert not found.sorts


def test_watch_follows_commit_order(post: Any) -> None:
    """Writers at once never slip a notice in behind a watch: following the cursor gives each notice once."""
    opened = watch(post)
    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(post.test, HCMC, post.made["app"]) for _ in range(40)]
        seen, cursor = [], opened.cursor
        while not all(one.done() for one in made):
            messages, cursor = opened.produce(cursor)
            seen += [one.notice.name for one in messages]
        seen += [one.notice.name for one in opened.produce(cursor)[0]]
    assert sorted(seen) == sorted(one.result().name for one in made)


def test_old_notices_leave_waiting_ones_stay(post: Any) -> None:
    """After its time a notice that waits for nothing is removed; one that is still to be sent stays."""
    post.deliver()
    post.bench.clock.advance(days=400)
    with post.bench.context.units.begin() as work:
        assert old_notices(timedelta(days=365)).remove(work.connection, work.now_micros)
    (left,) = post.notices(HCMC)
    assert left.channel == pb.CHANNEL_WEBHOOK


def test_circuits_of_endpoints_that_are_gone_are_swept(post: Any) -> None:
    """A circuit stays while something waits for its endpoint, and goes when its pause is over and nothing does."""
    units = post.bench.context.units
    policy = CircuitPolicy()
    post.test(HCMC, post.made["hook"])
    waiting, gone = f"{HCMC.id} dms.example.gov.vn", f"{HCMC.id} gone.example.gov.vn"
    with units.begin() as work:
        for endpoint in (waiting, gone):
            keep_circuit(work.connection, endpoint, Circuit(5, 1, work.now + timedelta(minutes=1)), policy)
    for _ in range(2):
        sweep(units)
        with units.database.read() as connection:
            found = [circuit_of(connection, endpoint) != Circuit() for endpoint in (waiting, gone)]
        assert found == [True, post.bench.clock.now() == work.now]
        post.bench.clock.advance(minutes=2)
