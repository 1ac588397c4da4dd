"""Attempts: repeated with the same id, in order, never twice at once, until taken, refused or too old."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from lienthong.chassis.times import from_timestamp
from lienthong.notification.config import NotificationSection
from lienthong.notification.v1 import notification_pb2 as pb
from lienthong.testing.service import HCMC, VPCP
from lienthong.testing.sinks import HttpSink, Received, Reply, SmtpSink

Settings = Callable[..., NotificationSection]
HOOK = pb.CHANNEL_WEBHOOK


def state_of(post: Any, position: int = 0) -> int:
    """Tell the state of a notice of Ho Chi Minh City, the newest first."""
    return int(post.notices(HCMC)[position].state)


def test_two_failures_then_success(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """A webhook that fails twice and then succeeds gets the same id and body three times; attempts are in order."""
    http_sink.fail(2)
    post = opened(settings(http_sink, retry_delays_seconds=(5, 30)))
    post.subscribe(HCMC, HOOK, http_sink.url)
    post.deliver()
    post.until(lambda: state_of(post) == pb.NOTICE_STATE_SENT, step=1)
    calls = http_sink.items
    assert len(calls) == 3
    assert len({call.headers["webhook-id"] for call in calls}) == 1
    assert len({call.body for call in calls}) == 1
    (notice,) = post.notices(HCMC)
    attempts = post.attempts(HCMC, notice.name)
    assert [(one.number, one.ok) for one in attempts] == [(1, False), (2, False), (3, True)]
    assert [one.HasField("next_attempt_time") for one in attempts] == [True, True, False]
    assert attempts[0].detail == "HTTP 503"
    assert from_timestamp(attempts[2].start_time) > from_timestamp(attempts[1].start_time)
    assert notice.HasField("send_time")


def test_the_first_attempt_is_timed(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """How long a notice waited for its first attempt counts once; what a receiver delays afterwards does not."""
    http_sink.fail(2)
    post = opened(settings(http_sink, retry_delays_seconds=(500, 3000)))
    post.subscribe(HCMC, HOOK, http_sink.url)
    post.deliver()
    post.until(lambda: state_of(post) == pb.NOTICE_STATE_SENT, step=50)
    registry = post.bench.component.context.base.metrics.registry
    found = [
        registry.get_sample_value(f"lienthong_notice_seconds_{part}", {"channel": "WEBHOOK"})
        for part in ("count", "sum")
    ]
    assert found[0] == 1.0
    assert found[1] is not None
    assert found[1] < 500.0


def test_retry_after_is_honoured(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """A receiver that asks for two minutes gets them, though our own pause is shorter."""
    http_sink.script(Reply(429, {"retry-after": "120"}))
    post = opened(settings(http_sink))
    post.subscribe(HCMC, HOOK, http_sink.url)
    post.deliver()
    (notice,) = post.notices(HCMC)
    post.until(lambda: len(post.attempts(HCMC, notice.name)) == 1)
    (attempt,) = post.attempts(HCMC, notice.name)
    pause = from_timestamp(attempt.next_attempt_time) - from_timestamp(attempt.start_time)
    assert pause == timedelta(seconds=120)


def test_refused_is_dead_at_once(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """A receiver that says 410 is not asked again: the notice is dead, and the reason stands in its attempt."""
    http_sink.script(Reply(410, body=b"gone"))
    post = opened(settings(http_sink))
    post.subscribe(HCMC, HOOK, http_sink.url)
    post.deliver()
    post.until(lambda: state_of(post) == pb.NOTICE_STATE_DEAD)
    (notice,) = post.notices(HCMC, 'state = "DEAD"')
    (attempt,) = post.attempts(HCMC, notice.name)
    assert not attempt.ok
    assert attempt.detail == "HTTP 410: gone"


def test_target_is_checked_at_each_attempt(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """A target that the operator no longer allows is refused at the attempt, without a call."""
    first = opened(settings(http_sink), running=False)
    first.subscribe(HCMC, HOOK, http_sink.url)
    first.deliver()
    first.bench.context.database.close()
    post = opened(settings())
    post.until(lambda: state_of(post) == pb.NOTICE_STATE_DEAD)
    (notice,) = post.notices(HCMC)
    assert "must use https" in post.attempts(HCMC, notice.name)[0].detail
    assert http_sink.items == []


def test_dead_after_a_day(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """A receiver that is away for a day ends the notice: it is tried with growing pauses, then dead and visible."""
    http_sink.fail(100)
    post = opened(settings(http_sink, retry_delays_seconds=(5, 600, 14_400), circuit_failures=1000, retry_spread=0.0))
    post.subscribe(HCMC, HOOK, http_sink.url)
    post.deliver()
    begun = post.bench.clock.now()
    (notice,) = post.notices(HCMC)
    attempts: list[pb.Attempt] = []
    while not attempts or attempts[-1].HasField("next_attempt_time"):
        known = len(attempts)
        post.until(lambda known=known: len(post.attempts(HCMC, notice.name)) > known)
        attempts = post.attempts(HCMC, notice.name)
        pause = from_timestamp(attempts[-1].next_attempt_time) - post.bench.clock.now()
        post.bench.clock.advance(seconds=max(pause.total_seconds(), 0))
    pauses = [
        (from_timestamp(late.start_time) - from_timestamp(early.start_time)).total_seconds()
        for early, late in pairwise(attempts)
    ]
    assert pauses[:4] == [5, 600, 14_400, 14_400]
    assert post.bench.clock.now() - begun <= timedelta(days=1)
    assert state_of(post) == pb.NOTICE_STATE_DEAD
    assert "HTTP 503" in attempts[-1].detail


def test_rotation_signs_with_both_for_a_day(
    opened: Any, settings: Settings, http_sink: HttpSink, signed: Callable[[Received, str], bool]
) -> None:
    """After a rotation both secrets sign for a day, then the new one alone; the list shows neither."""
    post = opened(settings(http_sink))
    made = post.subscribe(HCMC, HOOK, http_sink.url)
    request = pb.RotateSecretRequest(name=made.name, request_id=post.key())
    turned = post.api.rotate_secret(request, post.bench.call(HCMC, "t.N/Rotate"))
    assert turned.secret.startswith("whsec_")
    assert turned.secret != made.secret
    post.test(HCMC, made)
    first = http_sink.wait_for(1)[0]
    assert signed(first, turned.secret)
    assert signed(first, made.secret)
    post.bench.clock.advance(days=1, seconds=1)
    post.test(HCMC, made)
    second = http_sink.wait_for(2)[1]
    assert signed(second, turned.secret)
    assert not signed(second, made.secret)
    listed = post.api.list_subscriptions(pb.ListSubscriptionsRequest(), post.bench.call(HCMC)).subscriptions
    assert [one.secret for one in listed] == [""]


def test_a_second_rotation_within_a_day_takes_no_secret_away(
    opened: Any, settings: Settings, http_sink: HttpSink, signed: Callable[[Received, str], bool]
) -> None:
    """A receiver that still has the first secret is told as promised; of many rotations the latest secrets sign."""
    post = opened(settings(http_sink))
    made = post.subscribe(HCMC, HOOK, http_sink.url)
    secrets = [made.secret]

    def rotate() -> None:
        request = pb.RotateSecretRequest(name=made.name, request_id=post.key())
        secrets.append(post.api.rotate_secret(request, post.bench.call(HCMC, "t.N/Rotate")).secret)

    rotate()
    post.bench.clock.advance(hours=12)
    rotate()
    post.test(HCMC, made)
    first = http_sink.wait_for(1)[0]
    assert [signed(first, secret) for secret in secrets] == [True] * 3
    for _ in range(3):
        rotate()
    post.test(HCMC, made)
    second = http_sink.wait_for(2)[1]
    assert [signed(second, secret) for secret in secrets] == [False, False, True, True, True, True]
    post.bench.clock.advance(days=1, seconds=1)
    post.test(HCMC, made)
    third = http_sink.wait_for(3)[2]
    assert [signed(third, secret) for secret in secrets] == [False] * 5 + [True]


def test_ended_subscription_is_not_told_any_more(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """What waits when a subscription ends is given up at once with the reason; the notice stays readable."""
    http_sink.fail(1)
    post = opened(settings(http_sink, retry_delays_seconds=(3600,)))
    made = post.subscribe(HCMC, HOOK, http_sink.url)
    post.deliver()
    (notice,) = post.notices(HCMC)
    post.until(lambda: len(post.attempts(HCMC, notice.name)) == 1)
    request = pb.DeleteSubscriptionRequest(name=made.name, request_id=post.key())
    post.api.delete_subscription(request, post.bench.call(HCMC, "t.N/Delete"))
    post.until(lambda: state_of(post) == pb.NOTICE_STATE_DEAD)
    assert [one.detail for one in post.attempts(HCMC, notice.name)] == ["HTTP 503", "the subscription was ended"]
    assert len(http_sink.items) == 1


def test_two_processes_send_each_notice_once(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """Two senders on one database claim by lease: each notice goes out exactly once."""
    section = settings(http_sink, calls_per_endpoint=8)
    post = opened(section, running=False)
    subscription = post.subscribe(HCMC, HOOK, http_sink.url)
    names = {post.test(HCMC, subscription).name.removeprefix("notices/") for _ in range(40)}
    one, other = opened(section), opened(section)
    one.until(lambda: not one.notices(HCMC, 'state = "PENDING"'))
    assert other.notices(HCMC, 'state = "PENDING"') == []
    assert sorted(call.headers["webhook-id"] for call in http_sink.items) == sorted(names)


def test_stop_lets_the_crew_finish(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """A worker that is stopped writes down what its crew still finished, and claims nothing more."""
    post = opened(settings(http_sink), running=False)
    subscription = post.subscribe(HCMC, HOOK, http_sink.url)
    for _ in range(6):
        post.test(HCMC, subscription)
    sender = post.bench.component.workers[0]
    sender.start()
    http_sink.wait_for(1)
    sender.stop(5.0)
    taken = {call.headers["webhook-id"] for call in http_sink.items}
    sent = {one.name.removeprefix("notices/") for one in post.notices(HCMC, 'state = "SENT"')}
    assert sent == taken


def test_what_a_mail_server_says_is_written_down_on_one_line(
    opened: Any, settings: Settings, smtp_sink: SmtpSink
) -> None:
    """PostgreSQL keeps no U+0000: a reply that held one could not be written down, and no mail went out any more."""
    smtp_sink.refuse("550 5.1.1 a\x00b\x1b[2J \tc")
    post = opened(settings(smtp=smtp_sink))
    notice = post.test(VPCP, post.subscribe(VPCP, pb.CHANNEL_EMAIL, "vanthu@vpcp.test"))
    post.until(lambda: bool(post.attempts(VPCP, notice.name)))
    assert [one.detail for one in post.attempts(VPCP, notice.name)] == ["SMTP 550: 5.1.1 a b [2J c"]


def test_read_notice_is_sent_all_the_same(opened: Any, settings: Settings, smtp_sink: SmtpSink) -> None:
    """Reading a notice in the list does not take the mail away from others, and it stays read after the mail."""
    section = settings(smtp=smtp_sink)
    post = opened(section, running=False)
    post.subscribe(VPCP, pb.CHANNEL_EMAIL, "vanthu@vpcp.test")
    subscription = post.api.list_subscriptions(pb.ListSubscriptionsRequest(), post.bench.call(VPCP)).subscriptions[0]
    notice = post.test(VPCP, subscription)
    request = pb.AcknowledgeNoticesRequest(names=[notice.name])
    assert post.api.acknowledge_notices(request, post.bench.call(VPCP)).changed == 1
    sender = post.bench.component.workers[1]
    sender.start()
    smtp_sink.wait_for(1)
    sender.stop(5.0)
    (found,) = post.notices(VPCP)
    assert found.state == pb.NOTICE_STATE_ACKNOWLEDGED
    assert found.HasField("send_time")


def test_retired_agency_is_not_told_any_more(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """The systems of a retired agency lose what still waits for them; the successor still reads them."""
    http_sink.fail(1)
    post = opened(settings(http_sink, retry_delays_seconds=(3600,)))
    subscription = post.subscribe(HCMC, HOOK, http_sink.url)
    notice = post.test(HCMC, subscription)
    post.until(lambda: len(post.attempts(HCMC, notice.name)) == 1)
    day = post.bench.clock.now() + timedelta(minutes=30)
    post.bench.know(replace(HCMC, retired=day, successors=(VPCP.id,), version=2))
    post.bench.clock.advance(hours=2)
    post.until(lambda: state_of(post) == pb.NOTICE_STATE_DEAD)
    assert len(http_sink.items) == 1
    assert [one.name for one in post.notices(VPCP)] == [notice.name]
    assert post.attempts(VPCP, notice.name)[1].detail == "the agency is not in force any more"
