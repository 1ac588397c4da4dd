"""Notification on the bench, with real receivers on loopback."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lienthong.chassis.directory.model import Agency
from lienthong.chassis.events.event import DELIVERIES, DOCUMENTS
from lienthong.common.v1.document_pb2 import DocumentHeader
from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.notification.component import build
from lienthong.notification.config import NotificationSection
from lienthong.notification.v1 import notification_pb2 as pb
from lienthong.testing.service import HCMC, VPCP, ServiceBench, service_bench
from lienthong.testing.sinks import HttpSink, Received, SmtpSink


@dataclass
class Post:
    """Notification at work: its bench, a running set of workers, and shortcuts for what tests do."""

    bench: ServiceBench
    requests: int = 0
    made: dict[str, pb.Subscription] = field(default_factory=dict)

    @property
    def api(self) -> Any:
        """The service `Notification`."""
        return self.bench.api("Notification")

    def subscribe(self, agency: Agency, channel: int, target: str = "", **more: Any) -> pb.Subscription:
        """Subscribe an agency."""
        wanted = pb.Subscription(channel=pb.Channel.ValueType(channel), target=target, **more)
        request = pb.CreateSubscriptionRequest(subscription=wanted, request_id=self.key())
        answer: pb.Subscription = self.api.create_subscription(request, self.bench.call(agency, "t.N/Create"))
        return answer

    def test(self, agency: Agency, subscription: pb.Subscription) -> pb.Notice:
        """Ask for a test notice."""
        request = pb.TestSubscriptionRequest(name=subscription.name, request_id=self.key())
        answer: pb.Notice = self.api.test_subscription(request, self.bench.call(agency, "t.N/Test"))
        return answer

    def deliver(self, document: str = "d1", delivery: str = "l1", *, subject: str = "Về chuyển đổi số") -> None:
        """Let a document of VPCP become available to Ho Chi Minh City."""
        header = DocumentHeader(document_id=f"id-{document}", number="12", notation="VPCP-TTĐT", subject=subject)
        accepted = DocumentAccepted(document=document, sender_agency=VPCP.id, sender_name=VPCP.name, header=header)
        reference = routing.DeliveryReference(
            delivery=delivery, document=document, sender_agency=VPCP.id, recipient_agency=HCMC.id
        )
        created = routing.DeliveryCreated(reference=reference, recipient_name=HCMC.name, header=header)
        self.bench.feed(DOCUMENTS, document, accepted)
        self.bench.feed(DELIVERIES, delivery, created)
        self.bench.feed(DELIVERIES, delivery, routing.DeliveryAvailable(reference=reference))

    def notices(self, agency: Agency, condition: str = "") -> list[pb.Notice]:
        """List the notices of an agency, newest first."""
        answer = self.api.list_notices(pb.ListNoticesRequest(filter=condition), self.bench.call(agency))
        return list(answer.notices)

    def attempts(self, agency: Agency, notice: str) -> list[pb.Attempt]:
        """List the attempts of a notice."""
        answer = self.api.list_attempts(pb.ListAttemptsRequest(notice=notice), self.bench.call(agency))
        return list(answer.attempts)

    def until(self, condition: Callable[[], bool], *, step: float = 0.0, seconds: float = 10.0) -> None:
        """Wait until something holds, moving the clock by `step` seconds at each look.

        Raises:
            TimeoutError: it did not within `seconds` of real time.
        """
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("what was waited for did not happen")
            self.bench.clock.advance(seconds=step)
            threading.Event().wait(0.01)

    def key(self) -> str:
        """Make a request id."""
        self.requests += 1
        return f"request-{self.requests}"


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """Run a mail server without TLS."""
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def http_sink() -> Iterator[HttpSink]:
    """Run an HTTP receiver without TLS."""
    with HttpSink() as sink:
        yield sink


Opener = Callable[..., Post]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Give a way to put notification on the bench, its workers running unless told otherwise; all end with the test."""
    with ExitStack() as stack:

        def open_post(section: NotificationSection, *, folder: str = "n", running: bool = True) -> Post:
            place = tmp_path / folder
            place.mkdir(exist_ok=True)
            post = Post(service_bench(place, "notification", build, section))
            stack.callback(post.bench.context.database.close)
            for worker in post.bench.component.workers if running else ():
                worker.start()
                stack.callback(worker.stop, 5.0)
            return post

        yield open_post


def quick(http: HttpSink | None = None, smtp: SmtpSink | None = None, **more: Any) -> NotificationSection:
    """Configure short pauses, towards these sinks."""
    values: dict[str, Any] = {
        "poll_seconds": 0.02,
        "retry_delays_seconds": (0.01,),
        "webhook_allow": (f"127.0.0.1:{http.port}",) if http else (),
    }
    if smtp:
        values |= {
            "smtp_host": "127.0.0.1",
            "smtp_port": smtp.port,
            "smtp_security": "none",
            "smtp_sender": "truc@lienthong.test",
        }
    return NotificationSection.model_validate(values | more)


@pytest.fixture
def settings() -> Callable[..., NotificationSection]:
    """Give the way to configure short pauses."""
    return quick


def signed_by(received: Received, secret: str) -> bool:
    """Tell whether one of the signatures of a call was made with a secret (Standard Webhooks, by hand)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    head = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.".encode()
    wanted = "v1," + base64.b64encode(hmac.new(key, head + received.body, hashlib.sha256).digest()).decode()
    return wanted in received.headers["webhook-signature"].split()


@pytest.fixture
def signed() -> Callable[[Received, str], bool]:
    """Give the check of a signature."""
    return signed_by


def read_body(received: Received) -> dict[str, Any]:
    """Read the body of a call."""
    body: dict[str, Any] = json.loads(received.body)
    return body


@pytest.fixture
def body() -> Callable[[Received], dict[str, Any]]:
    """Give the reader of a call's body."""
    return read_body
