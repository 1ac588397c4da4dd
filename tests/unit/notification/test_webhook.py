"""Webhook calls against real receivers: signatures, pinning, bounds, and what each answer means."""

from __future__ import annotations

import json
import ssl
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from lienthong.notification.channels import (
    Refused,
    Retry,
    Sent,
    WebhookCall,
    WebhookChannel,
    make_secret,
    payload,
    tls_context,
)
from lienthong.notification.channels.webhook import judge, parse_retry_after
from lienthong.testing.sinks import HttpSink, Received, Reply

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Protocol

    class Tls(Protocol):
        """What the fixture of the same name gives."""

        server: ssl.SSLContext
        client: ssl.SSLContext
        ca_file: Path


NEW, OLD, OTHER = (make_secret(bytes([n]) * 32) for n in (1, 2, 3))
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
BODY = payload("status.recorded", NOW, {"code": "03", "subject": "Báo cáo quý"})


def call(url: str, *secrets: str) -> WebhookCall:
    """Make a call of one notice."""
    return WebhookCall(url, "notice-1", BODY, secrets or (NEW,))


def plain(sink: HttpSink, **more: float) -> WebhookChannel:
    """Make a channel that may call a sink without TLS."""
    return WebhookChannel(
        allow=frozenset({f"127.0.0.1:{sink.port}"}),
        timeout=more.get("timeout", 5),
        deadline=more.get("deadline", 10),
        max_response=int(more.get("max_response", 65536)),
    )


def verified(secret: str, request: Received) -> object:
    """Verify as a receiver does, with the library of the scheme."""
    return Webhook(secret).verify(request.body, request.headers)


def test_a_receiver_can_verify_the_call(http_sink: HttpSink) -> None:
    """What arrives verifies with the scheme's own library, body unchanged."""
    now = datetime.now(UTC)
    assert isinstance(plain(http_sink).send(call(f"{http_sink.url}/hook?a=1"), now), Sent)
    (request,) = http_sink.wait_for(1)
    assert verified(NEW, request) == json.loads(BODY)
    assert (request.method, request.path, request.body) == ("POST", "/hook?a=1", BODY)
    assert request.headers["content-type"] == "application/json"


def test_both_secrets_sign_while_they_rotate(http_sink: HttpSink) -> None:
    """A receiver that knows the new secret, or still the old one, verifies; a stranger does not."""
    plain(http_sink).send(call(http_sink.url, NEW, OLD), datetime.now(UTC))
    (request,) = http_sink.wait_for(1)
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    assert verified(NEW, request) == verified(OLD, request)
    with pytest.raises(WebhookVerificationError):
        verified(OTHER, request)


def test_the_id_is_the_same_at_each_attempt(http_sink: HttpSink) -> None:
    """A repeat carries the notice's id and a time of its own."""
    http_sink.fail(1)
    first = plain(http_sink).send(call(http_sink.url), NOW)
    second = plain(http_sink).send(call(http_sink.url), NOW + timedelta(seconds=5))
    assert (isinstance(first, Retry), isinstance(second, Sent)) == (True, True)
    one, two = http_sink.wait_for(2)
    assert one.headers["webhook-id"] == two.headers["webhook-id"] == "notice-1"
    assert int(two.headers["webhook-timestamp"]) - int(one.headers["webhook-timestamp"]) == 5
    assert two.time >= one.time


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(http_sink: HttpSink, status: int) -> None:
    """Nothing is sent where a redirect points; it may be a page for an hour of maintenance, so that no notice ends."""
    http_sink.script(Reply(status, {"location": f"{http_sink.url}/elsewhere"}))
    result = plain(http_sink).send(call(http_sink.url), NOW)
    assert isinstance(result, Retry)
    assert "redirect" in result.reason
    assert len(http_sink.items) == 1


def test_the_resolved_address_is_pinned_with_the_name_of_the_target(https_sink: HttpSink, tls: Tls) -> None:
    """The name is resolved once; the call goes to that address with the name in Host, SNI and certificate check."""
    asked: list[str] = []

    def resolver(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    names: list[str | None] = []
    tls.server.sni_callback = lambda _socket, name, _context: names.append(name)
    where = f"hooks.test:{https_sink.port}"
    channel = WebhookChannel(tls=tls.client, allow=frozenset({where}), resolver=resolver)
    assert isinstance(channel.send(call(f"https://{where}/x"), NOW), Sent)
    tls.server.sni_callback = None
    assert (asked, names) == (["hooks.test"], ["hooks.test"])
    assert https_sink.wait_for(1)[0].headers["host"] == where


def test_a_certificate_of_another_name_is_no_delivery(https_sink: HttpSink, tls: Tls) -> None:
    """Pinning does not weaken the check of the name."""
    where = f"other.test:{https_sink.port}"
    channel = WebhookChannel(tls=tls.client, allow=frozenset({where}), resolver=lambda _h, _p: ["127.0.0.1"])
    result = channel.send(call(f"https://{where}/"), NOW)
    assert isinstance(result, Retry)
    assert https_sink.items == []


def test_trust_is_configured(https_sink: HttpSink, tls: Tls) -> None:
    """An authority that is not trusted is no delivery; the file of one is."""
    allow = frozenset({f"127.0.0.1:{https_sink.port}"})
    assert isinstance(WebhookChannel(allow=allow).send(call(https_sink.url), NOW), Retry)
    trusting = WebhookChannel(tls=tls_context(tls.ca_file), allow=allow)
    assert isinstance(trusting.send(call(https_sink.url), NOW), Sent)


def test_another_address_is_tried_when_the_first_does_not_answer(http_sink: HttpSink) -> None:
    """A dead address does not hide a living one of the same name."""
    where = f"hooks.test:{http_sink.port}"
    channel = WebhookChannel(allow=frozenset({where}), resolver=lambda _h, _p: ["127.0.0.99", "127.0.0.1"])
    assert isinstance(channel.send(call(f"http://{where}/"), NOW), Sent)


def test_nobody_listens() -> None:
    """A closed port and an unknown name are tried again later."""
    with HttpSink() as sink:
        port = sink.port
    closed = WebhookChannel(allow=frozenset({f"127.0.0.1:{port}"})).send(call(f"http://127.0.0.1:{port}/"), NOW)
    assert isinstance(closed, Retry)

    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    assert isinstance(WebhookChannel(resolver=unknown).send(call("https://hooks.test/"), NOW), Retry)


def test_silence_is_bounded(http_sink: HttpSink) -> None:
    """A receiver that says nothing costs the time-out, not more."""
    http_sink.script(Reply(hold=True))
    began = time.monotonic()
    assert isinstance(plain(http_sink, timeout=0.2).send(call(http_sink.url), NOW), Retry)
    assert time.monotonic() - began < 5


def test_dripping_is_bounded(http_sink: HttpSink) -> None:
    """A receiver that drips its answer is cut off; the status that it gave counts."""
    http_sink.script(Reply(200, drip=True), Reply(503, drip=True))
    began = time.monotonic()
    assert isinstance(plain(http_sink, deadline=0.3).send(call(http_sink.url), NOW), Sent)
    assert isinstance(plain(http_sink, deadline=0.3).send(call(http_sink.url), NOW), Retry)
    assert time.monotonic() - began < 5


def test_a_long_answer_is_not_read_to_its_end(http_sink: HttpSink) -> None:
    """What a receiver answers cannot fill our memory or our tables."""
    http_sink.script(Reply(500, body=b"x\n\x00" * 2_000_000))
    result = plain(http_sink, max_response=1000).send(call(http_sink.url), NOW)
    assert isinstance(result, Retry)
    assert len(result.reason) < 300
    assert result.reason.isprintable()


@pytest.mark.parametrize(
    ("status", "kind"),
    [(status, Sent) for status in (200, 202, 204)]
    + [(status, Refused) for status in (400, 410, 413, 414, 415, 422)]
    + [(status, Retry) for status in (302, 307, 401, 402, 403, 404, 405, 408, 409, 425, 429, 451, 500, 502, 503, 504)],
)
def test_what_a_status_means(status: int, kind: type) -> None:
    """Taken, later, or never as it is."""
    assert isinstance(judge(status, "", None, NOW), kind)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("Mon, 23 Nov 2026 01:02:00 GMT", 120),
        ("Mon, 23 Nov 2020 01:02:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("9" * 400, 10**9),
        ("Mon, 23 Nov 99999999999999999999 01:02:00 GMT", None),
        ("Mon, 23 Nov 2026 01:02:00 +99999999999999999999", None),
    ],
)
def test_retry_after(value: str | None, seconds: int | None) -> None:
    """Seconds and dates are understood, nonsense is not."""
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert parse_retry_after(value, NOW) == expected


def test_retry_after_is_handed_on(http_sink: HttpSink) -> None:
    """What a receiver asks for reaches the schedule."""
    http_sink.script(Reply(429, {"retry-after": "7"}))
    assert plain(http_sink).send(call(http_sink.url), NOW) == Retry("HTTP 429", timedelta(seconds=7))


@pytest.mark.parametrize(
    ("webhook_id", "secrets"),
    [
        ("a\r\nx: y", (NEW,)),
        ("", (NEW,)),
        ("n", ()),
        ("n", (NEW, OLD, OTHER, NEW, OLD)),
        ("n", ("whsec_short",)),
        ("n", ("é",)),
    ],
)
def test_malformed_ids_and_secrets_are_our_own_fault(webhook_id: str, secrets: tuple[str, ...]) -> None:
    """They raise before anything is resolved or sent."""
    with pytest.raises(ValueError, match=r"webhook|secret"):
        WebhookChannel().send(WebhookCall("https://hooks.test/", webhook_id, BODY, secrets), NOW)


def test_secrets_have_enough_randomness() -> None:
    """The scheme asks for 24 to 64 bytes."""
    assert make_secret(b"x" * 24).startswith("whsec_")
    with pytest.raises(ValueError, match="24 to 64"):
        make_secret(b"x" * 23)
