"""Notices reach real receivers: an event, a notice, a mail or a signed call."""

from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

from lienthong.notification.config import NotificationSection
from lienthong.notification.v1 import notification_pb2 as pb
from lienthong.testing.service import HCMC
from lienthong.testing.sinks import HttpSink, Received, SmtpSink

Settings = Callable[..., NotificationSection]


def test_event_becomes_a_signed_webhook_call(
    opened: Any,
    settings: Settings,
    http_sink: HttpSink,
    signed: Callable[[Received, str], bool],
    body: Callable[[Received], dict[str, Any]],
) -> None:
    """A webhook subscriber gets a signed call that names the document and holds nothing of its content."""
    post = opened(settings(http_sink))
    subscription = post.subscribe(HCMC, pb.CHANNEL_WEBHOOK, f"{http_sink.url}/hook")
    post.deliver()
    (received,) = http_sink.wait_for(1)
    (notice,) = post.notices(HCMC)
    assert signed(received, subscription.secret)
    assert received.headers["webhook-id"] == notice.name.removeprefix("notices/")
    found = body(received)
    assert found["type"] == "document.available"
    assert set(found["data"]) == {
        "notice", "subscription", "agencyCode", "kind", "title", "text", "document", "documentId",
    }  # fmt: skip
    assert found["data"]["document"] == "documents/d1"
    assert found["data"]["agencyCode"] == "000.00.00.H29"
    assert "12/VPCP-TTĐT" in found["data"]["title"]


def test_event_becomes_a_mail(opened: Any, settings: Settings, smtp_sink: SmtpSink) -> None:
    """An e-mail subscriber gets a mail whose Message-ID is the notice, in the language asked for."""
    post = opened(settings(smtp=smtp_sink))
    post.subscribe(HCMC, pb.CHANNEL_EMAIL, "vanthu@hcmc.test", language="en")
    post.deliver()
    (mail,) = smtp_sink.wait_for(1)
    (notice,) = post.notices(HCMC)
    message = message_from_bytes(mail.content, policy=policy.default)
    assert mail.recipients == ("vanthu@hcmc.test",)
    assert message["Message-ID"] == f"<{notice.name.removeprefix('notices/')}@lienthong.test>"
    assert message["Subject"] == notice.title == "New document: 12/VPCP-TTĐT – Về chuyển đổi số"
