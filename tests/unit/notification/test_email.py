"""Mail against a real server: form, encryption, injection, and what each reply means."""

from __future__ import annotations

import email
import email.policy
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lienthong.notification.channels import (
    EmailSettings,
    Mail,
    Refused,
    Retry,
    Security,
    Sent,
    check_address,
    send_mail,
)
from lienthong.notification.channels.email import compose
from lienthong.testing.sinks import SmtpSink

if TYPE_CHECKING:
    from typing import Protocol

    class Tls(Protocol):
        """What the fixture of the same name gives."""

        client: ssl.SSLContext


NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
TITLE = "[HỎA TỐC] Văn bản đến: 12/VPCP-KSTT – Về việc triển khai liên thông văn bản điện tử giữa các cơ quan"
MAIL = Mail("notice-1", "van.thu@hcm.test", TITLE, "Bên gửi: Văn phòng Chính phủ\nViệc cần làm: tiếp nhận.\n")


def settings(sink: SmtpSink, tls: Tls) -> EmailSettings:
    """Make settings for a sink, with STARTTLS."""
    return EmailSettings("127.0.0.1", "truc@lienthong.test", port=sink.port, tls=tls.client, timeout=5)


def test_a_mail_arrives_encrypted_and_whole(smtp_sink: SmtpSink, tls: Tls) -> None:
    """Vietnamese survives, STARTTLS is used, the message says that a machine made it."""
    assert isinstance(send_mail(settings(smtp_sink, tls), MAIL, NOW), Sent)
    (received,) = smtp_sink.wait_for(1)
    assert received.tls
    assert (received.sender, received.recipients) == ("truc@lienthong.test", ("van.thu@hcm.test",))
    received.content.decode("ascii")
    message = email.message_from_bytes(received.content, policy=email.policy.default)
    assert message["Subject"] == TITLE
    assert message["Message-ID"] == "<notice-1@lienthong.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    assert message["Content-Language"] == "vi"
    body = message.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == MAIL.text


@given(
    st.text(st.sampled_from('aBế Đ😀=_/–\u0301"'), min_size=1, max_size=180).map(lambda text: " ".join(text.split()))
)
@example("văn việc số dẫn <b> / ; thực số đồng_chí việc {x} Công < a@b.vn")
def test_a_subject_is_read_as_it_was_written(title: str) -> None:
    """However long and of whatever letters, a title keeps each blank and each word; its lines are short and ASCII."""
    mail = EmailSettings("127.0.0.1", "truc@lienthong.test", security=Security.NONE)
    raw = compose(mail, replace(MAIL, title=title), NOW).as_bytes()
    assert email.message_from_bytes(raw, policy=email.policy.default)["Subject"] == title
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    raw.decode("ascii")


@pytest.mark.parametrize(
    "address", [".a@b.test", "a.@b.test", "a..b@c.test", "a@-b.test", "a@b..test", f"{'a' * 65}@b.test"]
)
def test_addresses_that_no_mail_could_name(address: str) -> None:
    """What a mail would be refused for is refused when somebody subscribes."""
    assert "not a plain mail address" in check_address(address)


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
def test_a_demand_for_credentials_is_no_word_on_the_recipient(smtp_sink: SmtpSink, tls: Tls, at: str) -> None:
    """A server that wants our account to be repaired, at whatever step it says so, ends no notice."""
    smtp_sink.refuse("530 5.7.0 Authentication required", at=at)
    assert isinstance(send_mail(settings(smtp_sink, tls), MAIL, NOW), Retry)


def test_the_message_id_is_the_same_at_each_attempt(smtp_sink: SmtpSink, tls: Tls) -> None:
    """A repeat after a crash can be told by its Message-ID."""
    for _ in range(2):
        send_mail(settings(smtp_sink, tls), MAIL, NOW)
    first, second = smtp_sink.wait_for(2)
    assert first.content == second.content


def test_mail_never_falls_back_to_plain_text(tls: Tls) -> None:
    """A server that offers no STARTTLS gets nothing, unless plain text was written into the settings."""
    with SmtpSink() as sink:
        strict = settings(sink, tls)
        assert isinstance(send_mail(strict, MAIL, NOW), Retry)
        assert sink.items == []
        assert isinstance(send_mail(replace(strict, security=Security.NONE), MAIL, NOW), Sent)
        assert [mail.tls for mail in sink.wait_for(1)] == [False]


def test_a_server_that_is_not_trusted_gets_nothing(smtp_sink: SmtpSink, tls: Tls) -> None:
    """The certificate of the mail server is checked."""
    untrusting = replace(settings(smtp_sink, tls), tls=ssl.create_default_context())
    assert isinstance(send_mail(untrusting, MAIL, NOW), Retry)
    assert smtp_sink.items == []


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("451 try later", Retry),
        ("550 no such mailbox", Refused),
        ("550 5.1.1 no such mailbox", Refused),
        ("554 5.7.1 relaying denied", Retry),
        ("550 5.7.26 your domain is not authenticated", Retry),
    ],
)
def test_what_a_reply_means(smtp_sink: SmtpSink, tls: Tls, at: str, reply: str, kind: type) -> None:
    """A refusal for good ends the notice, one for now or of ourselves does not; the next attempt is clean."""
    smtp_sink.refuse(reply, at=at)
    result = send_mail(settings(smtp_sink, tls), MAIL, NOW)
    assert isinstance(result, kind)
    assert reply[:3] in str(result)
    assert isinstance(send_mail(settings(smtp_sink, tls), MAIL, NOW), Sent)


def test_no_server(tls: Tls) -> None:
    """A mail server that is away is tried again; so is one that does not know our account."""
    with SmtpSink() as sink:
        away = settings(sink, tls)
    assert isinstance(send_mail(away, MAIL, NOW), Retry)


def test_an_account_that_the_server_does_not_know(smtp_sink: SmtpSink, tls: Tls) -> None:
    """Our own account is the operator's to repair: the notice waits."""
    known = replace(settings(smtp_sink, tls), username="truc", password="secret")
    assert isinstance(send_mail(known, MAIL, NOW), Retry)
    assert "secret" not in repr(known)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "a\r\nBcc: x@y.test"},
        {"title": "a\nb"},
        {"title": "a\x00b"},
        {"recipient": "a@b.test\r\nBcc: x@y.test"},
        {"recipient": "a@b.test, x@y.test"},
        {"recipient": "A <a@b.test>"},
        {"recipient": ""},
        {"recipient": "văn.thư@b.test"},
        {"notice": "n>\r\nX: y"},
        {"language": "vi\r\nX: y"},
    ],
)
def test_nothing_breaks_out_of_its_header(smtp_sink: SmtpSink, tls: Tls, change: dict[str, str]) -> None:
    """A value with a line break, a second address or a control character is refused before anything is sent."""
    assert isinstance(send_mail(settings(smtp_sink, tls), replace(MAIL, **change), NOW), Refused)
    assert smtp_sink.items == []


def test_a_text_cannot_end_the_mail(smtp_sink: SmtpSink, tls: Tls) -> None:
    """A lonely dot and SMTP words in the text stay text."""
    text = "một\n.\nQUIT\n..hai\n"
    send_mail(settings(smtp_sink, tls), replace(MAIL, text=text), NOW)
    message = email.message_from_bytes(smtp_sink.wait_for(1)[0].content, policy=email.policy.default)
    body = message.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text


def test_settings_that_are_refused() -> None:
    """A password never travels in plain text, and the sender is an address."""
    with pytest.raises(ValueError, match="TLS"):
        EmailSettings("127.0.0.1", "a@b.test", security=Security.NONE, password="x")
    with pytest.raises(ValueError, match="sender"):
        EmailSettings("127.0.0.1", "nobody")
    assert check_address("a@b.test") == ""
