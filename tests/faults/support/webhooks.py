"""What agencies are told by webhook: a real receiver, and what must hold of it after any crash."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from standardwebhooks import Webhook

from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.notification.v1 import notification_pb2
from lienthong.testing.sinks import HttpSink, Received

PAGE = 500
KINDS = (
    "document.available",
    "document.withdrawn",
    "request.received",
    "delivery.failed",
    "task.assigned",
    "case.closed",
)
"""Of what agencies are told by webhook; of statuses they are told often enough in their mailboxes."""

_AVAILABLE = "document.available"


@dataclass(slots=True)
class Webhooks:
    """One receiver for all agencies, a path for each.

    Attributes:
        sink: It runs.
        secrets: What signs the calls, by name of the agency.
    """

    sink: HttpSink
    secrets: dict[str, str] = field(default_factory=dict)

    def settings(self) -> Mapping[str, object]:
        """Gives the section of the configuration: this receiver is allowed, and tried again soon."""
        return {
            "webhook_allow": [f"127.0.0.1:{self.sink.port}"],
            "webhook_deadline_seconds": 1.0,
            "smtp_timeout_seconds": 0.1,
            # What a killed program had claimed is free again soon after.
            "resolve_seconds": 0.3,
            "smtp_deadline_seconds": 0.3,
            "lease_seconds": 3.5,
            "retry_delays_seconds": [0.2],
            "circuit_pause_seconds": 0.5,
            "circuit_longest_pause_seconds": 1.0,
            "poll_seconds": 0.2,
        }

    def subscribe(self, axis: Axis, name: str) -> None:
        """Subscribes an agency."""
        subscription = notification_pb2.Subscription(
            channel=notification_pb2.CHANNEL_WEBHOOK, target=f"{self.sink.url}/{name}", kinds=KINDS
        )
        request = notification_pb2.CreateSubscriptionRequest(subscription=subscription, request_id=new_request_id())
        self.secrets[name] = axis.notification.CreateSubscription(request).secret

    @staticmethod
    def waiting(axis: Axis) -> bool:
        """Tells whether something is still to be sent to an agency."""
        request = notification_pb2.ListNoticesRequest(page_size=1, filter='channel = "WEBHOOK" AND state = "PENDING"')
        return bool(axis.notification.ListNotices(request).notices)

    def check(self, name: str, axis: Axis) -> Iterator[str]:
        """Each notice came at least once, always the same and signed; nothing came that is no notice.

        Yields:
            What is wrong, a line each.
        """
        came: dict[str, list[Received]] = defaultdict(list)
        for received in self.sink.items:
            if received.path == f"/{name}":
                came[received.headers["webhook-id"]].append(received)
        listed = {notice.name.removeprefix("notices/"): notice for notice in _notices(axis)}
        yield from (f"{name}: notice {one} never came by webhook" for one in listed.keys() - came.keys())
        yield from (f"{name}: notice {one} came by webhook and is not listed" for one in came.keys() - listed.keys())
        for notice, calls in came.items():
            if len({call.body for call in calls}) != 1:
                yield f"{name}: notice {notice} came with different bodies"
            if not all(_signed(self.secrets[name], call) for call in calls):
                yield f"{name}: notice {notice} came without a good signature"
        bodies = [json.loads(calls[0].body)["data"] for calls in came.values()]
        told = Counter(body["document"] for body in bodies if body["kind"] == _AVAILABLE)
        doubled = [document for document, count in told.items() if count > 1]
        yield from (f"{document}: {name} was told {told[document]} times by webhook" for document in doubled)

    @property
    def distinct(self) -> int:
        """How many different notices came."""
        return len({received.headers["webhook-id"] for received in self.sink.items})


def _notices(axis: Axis) -> Iterator[notification_pb2.Notice]:
    token = ""
    while True:
        request = notification_pb2.ListNoticesRequest(page_size=PAGE, page_token=token, filter='channel = "WEBHOOK"')
        answer = axis.notification.ListNotices(request)
        yield from answer.notices
        token = answer.next_page_token
        if not token:
            return


def _signed(secret: str, call: Received) -> bool:
    at = datetime.fromtimestamp(int(call.headers["webhook-timestamp"]), UTC)
    expected = Webhook(secret).sign(call.headers["webhook-id"], at, call.body.decode())
    return expected in call.headers["webhook-signature"].split()
