"""Outages: of a channel, of an endpoint, of this process. None harms what it does not concern."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from lienthong.notification.config import NotificationSection
from lienthong.notification.v1 import notification_pb2 as pb
from lienthong.testing.service import HCMC, VPCP
from lienthong.testing.sinks import HttpSink, Reply

Settings = Callable[..., NotificationSection]
HOOK = pb.CHANNEL_WEBHOOK
MAIL_SECONDS = 6.0
"""How long a mail may take where mails hang."""

CRASHER = """
import sys, threading
from pathlib import Path
from lienthong.chassis import failpoints
from lienthong.notification.component import build
from lienthong.notification.config import NotificationSection
from lienthong.notification.v1 import notification_pb2 as pb
from lienthong.testing.service import HCMC, service_bench

folder, url = Path(sys.argv[1]), sys.argv[2]
section = NotificationSection.model_validate_json(sys.argv[3])
bench = service_bench(folder, "notification", build, section)
api = bench.api("Notification")
wanted = pb.Subscription(channel=pb.CHANNEL_WEBHOOK, target=url)
call = bench.call(HCMC)
made = api.create_subscription(pb.CreateSubscriptionRequest(subscription=wanted, request_id="1"), call)
api.test_subscription(pb.TestSubscriptionRequest(name=made.name, request_id="2"), call)
failpoints.arm("uow.before-commit", 2)
bench.component.workers[0].start()
threading.Event().wait(20)
"""
"""Sends a test notice and is killed before the outcome is written: the first commit is the claim."""


def test_mail_outage_does_not_delay_webhooks(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """While the mail server accepts connections and says nothing, webhooks go out at once."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mail = {
            "smtp_host": "127.0.0.1",
            "smtp_port": silent.getsockname()[1],
            "smtp_security": "none",
            "smtp_sender": "truc@lienthong.test",
            "smtp_timeout_seconds": MAIL_SECONDS,
        }
        post = opened(settings(http_sink, workers_per_channel=2, **mail), running=False)
        for number in range(8):
            post.subscribe(HCMC, pb.CHANNEL_EMAIL, f"vanthu{number}@hcmc{number}.test")
        post.subscribe(HCMC, HOOK, http_sink.url)
        for worker in post.bench.component.workers:
            worker.start()
        begun = time.monotonic()
        for number in range(10):
            post.deliver(f"d{number}", f"l{number}")
        http_sink.wait_for(10)
        assert time.monotonic() - begun < MAIL_SECONDS
        assert len(post.notices(HCMC, 'state = "PENDING" AND channel = "EMAIL"')) > 0
        for worker in post.bench.component.workers:
            worker.stop(2 * MAIL_SECONDS)


def test_dripping_mail_server_holds_no_worker(opened: Any, settings: Settings) -> None:
    """A mail server that greets for ever costs one attempt its deadline; the only worker goes on to the next mail."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=_drip, args=(server,), daemon=True).start()
        mail = {
            "smtp_host": "127.0.0.1",
            "smtp_port": server.getsockname()[1],
            "smtp_security": "none",
            "smtp_sender": "truc@lienthong.test",
            "smtp_deadline_seconds": 0.2,
            "smtp_timeout_seconds": 10.0,
        }
        post = opened(settings(workers_per_channel=1, retry_delays_seconds=(60,), **mail))
        subscriptions = [post.subscribe(HCMC, pb.CHANNEL_EMAIL, f"vanthu@phong{n}.test") for n in range(3)]
        notices = [post.test(HCMC, one) for one in subscriptions]
        for notice in notices:
            post.until(lambda name=notice.name: len(post.attempts(HCMC, name)) == 1)
            assert "longer than 0.2 s" in post.attempts(HCMC, notice.name)[0].detail
        server.shutdown(socket.SHUT_RDWR)


def _drip(server: socket.socket) -> None:
    """Greets each caller for ever, one after the other."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            while True:
                connection.sendall(b"220-still here\r\n")
                Event().wait(0.02)


def test_silent_endpoint_does_not_delay_others(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """An endpoint that never answers holds its own share of the crew; another endpoint is served meanwhile."""
    with HttpSink() as silent:
        silent.script(*[Reply(hold=True)] * 20)
        allow = (f"127.0.0.1:{silent.port}", f"127.0.0.1:{http_sink.port}")
        section = settings(webhook_allow=allow, workers_per_channel=3, calls_per_endpoint=2, calls_per_agency=3)
        post = opened(section, running=False)
        held = post.subscribe(HCMC, HOOK, silent.url)
        other = post.subscribe(HCMC, HOOK, http_sink.url)
        for _ in range(10):
            post.test(HCMC, held)
        for _ in range(5):
            post.test(HCMC, other)
        sender = post.bench.component.workers[0]
        sender.start()
        http_sink.wait_for(5)
        assert len(silent.items) <= 2
    sender.stop(5.0)


def test_silent_endpoints_of_one_agency_do_not_delay_others(
    opened: Any, settings: Settings, http_sink: HttpSink
) -> None:
    """However many endpoints of an agency never answer, it holds its share of the crew; other agencies are told."""
    with ExitStack() as stack:
        silent = [stack.enter_context(HttpSink()) for _ in range(3)]
        for sink in silent:
            sink.script(*[Reply(hold=True)] * 10)
        allow = tuple(f"127.0.0.1:{sink.port}" for sink in (*silent, http_sink))
        section = settings(webhook_allow=allow, workers_per_channel=3, calls_per_endpoint=1, calls_per_agency=2)
        post = opened(section, running=False)
        for held in [post.subscribe(HCMC, HOOK, sink.url) for sink in silent]:
            for _ in range(5):
                post.test(HCMC, held)
        other = post.subscribe(VPCP, HOOK, http_sink.url)
        for _ in range(5):
            post.test(VPCP, other)
        sender = post.bench.component.workers[0]
        sender.start()
        http_sink.wait_for(5)
        assert sum(len(sink.items) for sink in silent) == 2
    sender.stop(5.0)


def test_circuit_opens_and_closes(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """After failures in a row an endpoint is left alone; after the pause one probe goes, its success lets all go."""
    http_sink.fail(2)
    section = settings(http_sink, circuit_failures=2, circuit_pause_seconds=60, calls_per_endpoint=1)
    post = opened(section)
    subscription = post.subscribe(HCMC, HOOK, http_sink.url)
    first = post.test(HCMC, subscription)
    http_sink.wait_for(1)
    post.until(lambda: len(http_sink.items) == 2, step=0.02)
    post.until(lambda: len(post.attempts(HCMC, first.name)) == 2)
    for _ in range(3):
        post.test(HCMC, subscription)
    sender = post.bench.component.workers[0]
    post.until(lambda: not sender._due())
    assert len(http_sink.items) == 2
    assert len(post.notices(HCMC, 'state = "PENDING"')) == 4
    post.bench.clock.advance(seconds=61)
    post.until(lambda: not post.notices(HCMC, 'state = "PENDING"'))
    assert len(http_sink.items) == 6


def test_circuit_of_one_agency_spares_others(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """Two agencies on one host: when the path of one fails, the other is still told."""
    http_sink.fail(1)
    post = opened(settings(http_sink, circuit_failures=1))
    broken, sound = post.subscribe(HCMC, HOOK, f"{http_sink.url}/a"), post.subscribe(VPCP, HOOK, f"{http_sink.url}/b")
    post.test(HCMC, broken)
    http_sink.wait_for(1)
    post.test(VPCP, sound)
    assert http_sink.wait_for(2)[1].path == "/b"


def test_behind_an_open_circuit_notices_end_too(opened: Any, settings: Settings, http_sink: HttpSink) -> None:
    """Notices that were never tried because their endpoint was left alone are dead after their lifetime, and say so."""
    http_sink.fail(1)
    section = settings(http_sink, circuit_failures=1, circuit_pause_seconds=86_400, lifetime_seconds=3600,
                       circuit_longest_pause_seconds=86_400)  # fmt: skip
    post = opened(section)
    subscription = post.subscribe(HCMC, HOOK, http_sink.url)
    post.test(HCMC, subscription)
    http_sink.wait_for(1)
    post.until(lambda: len(post.attempts(HCMC, post.notices(HCMC)[0].name)) == 1)
    waiting = post.test(HCMC, subscription)
    post.bench.clock.advance(hours=2)
    post.until(lambda: not post.notices(HCMC, 'state = "PENDING"'))
    assert "left alone" in post.attempts(HCMC, waiting.name)[0].detail
    assert len(http_sink.items) == 1


@pytest.mark.embedded
def test_crash_between_send_and_commit_repeats_with_the_same_id(
    opened: Any, settings: Settings, http_sink: HttpSink, tmp_path: Path
) -> None:
    """A process that dies after the call and before the commit leaves a claim; another repeats it with the same id."""
    waits = {"webhook_deadline_seconds": 0.25, "smtp_timeout_seconds": 0.05, "smtp_deadline_seconds": 0.3}
    section = settings(http_sink, resolve_seconds=0.1, lease_seconds=1.0, **waits)
    folder = tmp_path / "n"
    folder.mkdir()
    died = subprocess.run(  # noqa: S603 -- our own interpreter with our own text
        [sys.executable, "-c", CRASHER, str(folder), http_sink.url, section.model_dump_json()], check=False, timeout=60
    )
    assert died.returncode == -9
    assert len(http_sink.items) == 1
    post = opened(section)
    first, second = http_sink.wait_for(2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    post.until(lambda: not post.notices(HCMC, 'state = "PENDING"'))
    (notice,) = post.notices(HCMC)
    assert [one.ok for one in post.attempts(HCMC, notice.name)] == [True]
