"""Nobody holds a worker for ever: names that do not resolve, peers that drip, handshakes that never end."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from lienthong.notification.channels import (
    BoundedResolver,
    EmailSettings,
    Mail,
    Retry,
    Security,
    Sent,
    WebhookCall,
    WebhookChannel,
    make_secret,
    send_mail,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    from lienthong.testing.sinks import SmtpSink

    class Tls(Protocol):
        """What the fixture of the same name gives."""

        client: ssl.SSLContext


NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
MAIL = Mail("notice-1", "van.thu@hcm.test", "Văn bản đến", "Bên gửi: Văn phòng Chính phủ\n")
LIMIT = 5.0
"""Seconds within which an attempt with a bound of 0.3 has ended, on a busy machine."""
HANDSHAKE = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"
"""The beginning of a TLS record of 16 KiB that holds a long ServerHello."""


@contextmanager
def dripping(parts: Sequence[bytes], drop: bytes) -> Iterator[int]:
    """A peer that says some parts, each after it was told something, then drips for ever; gives its port."""
    closing = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                for number, part in enumerate(parts):
                    if number:
                        connection.recv(4096)
                    connection.sendall(part)
                while not closing.wait(0.02):
                    connection.sendall(drop)
            except OSError:
                return  # the caller hung up

    def accept(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        closing.set()
        server.shutdown(socket.SHUT_RDWR)


def settings(port: int, tls: Tls, **more: object) -> EmailSettings:
    """Settings for a peer, with a short deadline and steps that never time out by themselves."""
    values = {"timeout": 60.0, "deadline": 0.3, "tls": tls.client, **more}
    return EmailSettings("127.0.0.1", "truc@lienthong.test", port=port, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("security", "parts", "drop"),
    [
        (Security.NONE, [b"220-"], b"x"),
        (Security.NONE, [], b"220-still here\r\n"),
        (Security.NONE, [b"220 mail.test\r\n"], b"250-SIZE 1\r\n"),
        (
            Security.STARTTLS,
            [b"220 mail.test\r\n", b"250-mail.test\r\n250 STARTTLS\r\n", b"220 go\r\n", HANDSHAKE],
            b"\0",
        ),
        (Security.TLS, [HANDSHAKE], b"\0"),
    ],
    ids=["greeting", "greetings without end", "features without end", "handshake after STARTTLS", "handshake"],
)
def test_a_dripping_mail_server_is_cut_off(tls: Tls, security: Security, parts: list[bytes], drop: bytes) -> None:
    """Every step of a session ends with the session's deadline, whatever keeps coming; the notice is tried again."""
    with dripping(parts, drop) as port:
        began = time.monotonic()
        result = send_mail(settings(port, tls, security=security), MAIL, NOW)
        assert time.monotonic() - began < LIMIT
    assert isinstance(result, Retry)
    assert "longer than 0.3 s" in result.reason


def test_a_talkative_mail_server_fills_no_memory(tls: Tls) -> None:
    """A reply that goes on and on is given up by its length, long before the session's deadline."""
    with dripping([b"220 mail.test\r\n"], b"250-" + b"x" * 70 + b"\r\n" + b"250-y\r\n" * 1000) as port:
        result = send_mail(settings(port, tls, security=Security.NONE, deadline=60.0), MAIL, NOW)
    assert isinstance(result, Retry)
    assert "says more than" in result.reason


def test_a_challenge_that_is_none_is_tried_again(tls: Tls) -> None:
    """A server that asks for credentials in a way nobody understands ends no notice, and raises nothing."""
    parts = [b"220 mail.test\r\n", b"250-mail.test\r\n250 AUTH CRAM-MD5\r\n", b"334 x\r\n"]
    with dripping(parts, b"250 ") as port:
        result = send_mail(settings(port, tls, security=Security.NONE, username="truc", deadline=5.0), MAIL, NOW)
    assert isinstance(result, Retry)


def test_a_dripping_handshake_of_a_webhook_is_cut_off(tls: Tls) -> None:
    """The deadline of a call begins before TLS does."""
    with dripping([HANDSHAKE], b"\0") as port:
        channel = WebhookChannel(tls=tls.client, allow=frozenset({f"127.0.0.1:{port}"}), timeout=60, deadline=0.3)
        began = time.monotonic()
        result = channel.send(call(f"https://127.0.0.1:{port}/"), NOW)
        assert time.monotonic() - began < LIMIT
    assert isinstance(result, Retry)


def test_a_mail_within_its_deadline_is_taken(tls: Tls, smtp_sink: SmtpSink) -> None:
    """The bound does no harm to a server that answers, and nothing is left of the connection."""
    assert isinstance(send_mail(settings(smtp_sink.port, tls, deadline=30.0), MAIL, NOW), Sent)
    assert len(smtp_sink.wait_for(1)) == 1


@pytest.fixture
def hanging() -> Iterator[BoundedResolver]:
    """A resolver whose name server never answers, with room for two look-ups."""
    answer = threading.Event()

    def hang(_host: str, _port: int) -> Sequence[str]:
        answer.wait(60)
        raise OSError("nothing came")

    yield BoundedResolver(0.2, hang, at_most=2)
    answer.set()


def test_names_that_do_not_resolve_are_given_up(tls: Tls, hanging: BoundedResolver) -> None:
    """A name server that is silent costs the time of a look-up; webhook and mail are tried again later."""
    began = time.monotonic()
    hook = WebhookChannel(resolver=hanging).send(call("https://hooks.test/"), NOW)
    mail = send_mail(settings(25, tls, resolver=hanging), MAIL, NOW)
    assert time.monotonic() - began < LIMIT
    for result in (hook, mail):
        assert isinstance(result, Retry)
        assert "did not resolve within 0.2 s" in result.reason


def test_look_ups_that_hang_are_bounded() -> None:
    """What hangs is not joined by more and more threads: the next one is refused before anything is asked."""
    asked, answer = threading.Semaphore(0), threading.Event()

    def hang(_host: str, _port: int) -> Sequence[str]:
        asked.release()
        answer.wait(60)
        return ()

    bounded = BoundedResolver(0.05, hang, at_most=2)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            bounded("hooks.test", 443)
        assert asked.acquire(timeout=LIMIT)
    with pytest.raises(OSError, match="too many names"):
        bounded("hooks.test", 443)
    assert not asked.acquire(timeout=0.1)
    answer.set()


def test_a_resolver_answers_as_the_one_behind_it() -> None:
    """Addresses, failures and names that cannot be come through, and make room for the next."""
    found = BoundedResolver(5, lambda _host, _port: ["192.0.2.1"], at_most=1)
    assert [found("a.test", 1) for _ in range(3)] == [["192.0.2.1"]] * 3

    def fail(_host: str, _port: int) -> Sequence[str]:
        raise UnicodeError("label too long")

    broken = BoundedResolver(5, fail, at_most=1)
    for _ in range(3):
        with pytest.raises(UnicodeError):
            broken("a.test", 1)


def call(url: str) -> WebhookCall:
    """A call of one notice."""
    return WebhookCall(url, "notice-1", b"{}", (make_secret(b"k" * 32),))
