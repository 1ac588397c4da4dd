"""Subscriptions: one's own alone, checked before they are kept, secrets shown once."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from lienthong.chassis.config import ConfigError
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.events.tables import audit
from lienthong.notification.config import NotificationSection
from lienthong.notification.domain import Kind
from lienthong.notification.v1 import notification_pb2 as pb
from lienthong.testing.service import HCMC, VPCP
from lienthong.testing.sinks import SmtpSink

Settings = Callable[..., NotificationSection]
TARGET = "https://dms.example.gov.vn/hook"


@pytest.fixture
def post(opened: Any, settings: Settings) -> Any:
    """Notification without a mail server, its workers at rest."""
    return opened(settings(subscriptions_per_agency=5), running=False)


def listed(post: Any, agency: Any, **page: Any) -> Any:
    """List the subscriptions of an agency."""
    return post.api.list_subscriptions(pb.ListSubscriptionsRequest(**page), post.bench.call(agency))


def refused(action: Callable[[], object]) -> AxisError:
    """Give the error of an action."""
    with pytest.raises(AxisError) as caught:
        action()
    return caught.value


def test_repeat_answers_with_the_first(post: Any) -> None:
    """A repeat by request id gives the first answer, secret included, and makes nothing."""
    wanted = pb.Subscription(channel=pb.CHANNEL_WEBHOOK, target=TARGET, secret="whsec_mine")
    request = pb.CreateSubscriptionRequest(subscription=wanted, request_id="same")
    call = post.bench.call(HCMC)
    first = post.api.create_subscription(request, call)
    assert first == post.api.create_subscription(request, call)
    assert first.secret.startswith("whsec_")
    assert first.secret != "whsec_mine"
    assert first.language == "vi"
    (only,) = listed(post, HCMC).subscriptions
    assert only.secret == ""


def test_foreign_subscriptions_do_not_exist(post: Any) -> None:
    """Deleting, testing or rotating another agency's subscription is NOT_FOUND, as for one that is not there."""
    made = post.subscribe(HCMC, pb.CHANNEL_WEBHOOK, TARGET)
    call = post.bench.call(VPCP)
    for name in (made.name, "subscriptions/absent"):
        for action, kind in (
            (post.api.delete_subscription, pb.DeleteSubscriptionRequest),
            (post.api.test_subscription, pb.TestSubscriptionRequest),
            (post.api.rotate_secret, pb.RotateSecretRequest),
        ):
            request = kind(name=name, request_id=post.key())
            error = refused(lambda action=action, request=request: action(request, call))  # type: ignore[misc] # mypy cannot type defaults of lambdas
            assert error.code is Code.NOT_FOUND
    assert list(listed(post, VPCP).subscriptions) == []
    assert len(listed(post, HCMC).subscriptions) == 1


def test_targets_are_checked_when_made(post: Any) -> None:
    """A target that may not be called, or is none, is refused when somebody subscribes; nothing is kept."""
    for channel, target, reason in (
        (pb.CHANNEL_WEBHOOK, "http://dms.example.gov.vn/hook", "TARGET_REFUSED"),
        (pb.CHANNEL_WEBHOOK, "https://127.0.0.1/hook", "TARGET_REFUSED"),
        (pb.CHANNEL_WEBHOOK, "https://169.254.169.254/latest", "TARGET_REFUSED"),
        (pb.CHANNEL_WEBHOOK, "", "TARGET_REFUSED"),
        (pb.CHANNEL_EMAIL, "Văn thư <vanthu@hcmc.test>", "TARGET_REFUSED"),
        (pb.CHANNEL_IN_APP, "somewhere", "TARGET_REFUSED"),
        (pb.CHANNEL_UNSPECIFIED, "", "CHANNEL_MISSING"),
        (99, "", "CHANNEL_MISSING"),
    ):
        with pytest.raises(AxisError) as caught:
            post.subscribe(HCMC, channel, target)
        assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, reason)
    assert list(listed(post, HCMC).subscriptions) == []


def test_unknown_kinds_are_refused_with_the_known(post: Any) -> None:
    """Unknown kinds are INVALID_ARGUMENT, and the answer lists those that are known; all problems come at once."""
    error = refused(
        lambda: post.subscribe(
            HCMC, pb.CHANNEL_IN_APP, kinds=["document.lost"], minimum_priority=9, language="fr", person="x" * 201
        )
    )
    assert error.code is Code.INVALID_ARGUMENT
    assert {one.reason for one in error.violations} == {
        "KIND_UNKNOWN", "PRIORITY_UNKNOWN", "LANGUAGE_UNKNOWN", "PERSON_TOO_LONG",
    }  # fmt: skip
    for kind in Kind:
        assert kind.value in error.message


def test_mail_needs_a_mail_server(post: Any, opened: Any, settings: Settings, smtp_sink: SmtpSink) -> None:
    """Without a mail server an e-mail subscription is refused with what to do; with one it is made."""
    error = refused(lambda: post.subscribe(HCMC, pb.CHANNEL_EMAIL, "vanthu@hcmc.test"))
    assert error.code is Code.FAILED_PRECONDITION
    assert "notification.smtp_host" in error.message
    other = opened(settings(smtp=smtp_sink), folder="other", running=False)
    assert other.subscribe(HCMC, pb.CHANNEL_EMAIL, "vanthu@hcmc.test").secret == ""


def test_only_webhooks_have_secrets(post: Any) -> None:
    """A new secret for an in-app subscription is FAILED_PRECONDITION."""
    made = post.subscribe(HCMC, pb.CHANNEL_IN_APP)
    request = pb.RotateSecretRequest(name=made.name, request_id=post.key())
    error = refused(lambda: post.api.rotate_secret(request, post.bench.call(HCMC)))
    assert error.code is Code.FAILED_PRECONDITION


def test_bounded_and_paged(post: Any) -> None:
    """An agency has so many subscriptions at most; pages give each once, oldest first."""
    made = [post.subscribe(HCMC, pb.CHANNEL_IN_APP).name for _ in range(5)]
    assert refused(lambda: post.subscribe(HCMC, pb.CHANNEL_IN_APP)).code is Code.RESOURCE_EXHAUSTED
    post.subscribe(VPCP, pb.CHANNEL_IN_APP)
    found, token = [], ""
    for _ in range(3):
        answer = listed(post, HCMC, page_size=2, page_token=token)
        found += [one.name for one in answer.subscriptions]
        token = answer.next_page_token
    assert found == made
    assert token == ""


def test_mutations_are_audited_without_secrets(post: Any) -> None:
    """Each change leaves an audit entry with the caller; no secret stands in it."""
    made = post.subscribe(HCMC, pb.CHANNEL_WEBHOOK, TARGET)
    post.test(HCMC, made)
    call = post.bench.call(HCMC)
    post.api.rotate_secret(pb.RotateSecretRequest(name=made.name, request_id=post.key()), call)
    post.api.delete_subscription(pb.DeleteSubscriptionRequest(name=made.name, request_id=post.key()), call)
    with post.bench.context.database.read() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.id)).all()
    actions = ["subscription.create", "subscription.test", "subscription.rotate", "subscription.delete"]
    assert [row.action for row in rows] == actions
    assert {row.agency for row in rows} == {HCMC.id}
    assert not any("whsec_" in row.detail for row in rows)


def test_settings_must_fit_together() -> None:
    """A mail server without a sender, a password without TLS, a lease shorter than an attempt: all are refused."""
    for wrong in (
        {"smtp_host": "mail.test"},
        {"smtp_security": "none", "smtp_password_file": "secret"},
        {"lease_seconds": 60},
        {"smtp_deadline_seconds": 230},
        {"webhook_deadline_seconds": 80},
        {"webhook_allow": ["no-port"]},
        {"retry_delays_seconds": [5, 0]},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            NotificationSection.model_validate(wrong)


def test_unreadable_files_are_a_config_error(opened: Any, tmp_path: Any) -> None:
    """A password file that is not there stops the start with the name of the file."""
    mail = {"smtp_host": "mail.test", "smtp_sender": "truc@lienthong.test", "smtp_password_file": tmp_path / "absent"}
    section = NotificationSection.model_validate(mail)
    with pytest.raises(ConfigError, match="absent"):
        opened(section)
