"""Hands one claimed notice over, and tells what became of it. Touches no database."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from lienthong.chassis.clock import Clock
from lienthong.chassis.times import from_micros, to_micros
from lienthong.notification.channels import (
    EmailSettings,
    Mail,
    Refused,
    Result,
    Retry,
    WebhookCall,
    WebhookChannel,
    payload,
    send_mail,
)
from lienthong.notification.storage.notices import StoredNotice
from lienthong.notification.storage.subscriptions import StoredSubscription


@dataclass(frozen=True, slots=True)
class Task:
    """A notice that this process claimed.

    Attributes:
        notice: The notice.
        subscription: For whom; None when it was ended meanwhile. With its secrets, so never to be logged.
        agency_code: Code of the subscriber's agency when the notice was made.
        retired: Whether the agency is not in force any more.
        lease: The claim.
    """

    notice: StoredNotice
    subscription: StoredSubscription | None = field(repr=False)
    agency_code: str
    retired: bool
    lease: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task. `started_at` in microseconds since 1970."""

    task: Task
    started_at: int
    result: Result


HandOver = Callable[[StoredNotice, StoredSubscription, Task, datetime], Result]


class Courier:
    """Hands notices over on one channel."""

    def __init__(self, hand_over: HandOver, clock: Clock) -> None:
        self._hand_over = hand_over
        self._clock = clock

    def deliver(self, task: Task) -> Outcome:
        """Makes one attempt, unless there is nobody left to be told."""
        now = self._clock.now()
        return Outcome(task, to_micros(now), self._result(task, now))

    def _result(self, task: Task, now: datetime) -> Result:
        if task.subscription is None:
            return Refused("the subscription was ended")
        if task.retired:
            # The systems of a retired agency lose its notices; whoever took over reads them in its list.
            return Refused("the agency is not in force any more")
        return self._hand_over(task.notice, task.subscription, task, now)


def webhook_courier(channel: WebhookChannel, clock: Clock) -> Courier:
    """Makes the courier for webhooks. The id of the notice is the webhook id at each attempt."""

    def hand_over(notice: StoredNotice, subscription: StoredSubscription, task: Task, now: datetime) -> Result:
        secrets = subscription.secrets(to_micros(now))
        return channel.send(
            WebhookCall(subscription.target, notice.id, body_of(notice, task.agency_code), secrets), now
        )

    return Courier(hand_over, clock)


def mail_courier(settings: EmailSettings | None, clock: Clock) -> Courier:
    """Makes the courier for mail. The id of the notice is the Message-ID at each attempt."""

    def hand_over(notice: StoredNotice, subscription: StoredSubscription, _task: Task, now: datetime) -> Result:
        if settings is None:
            return Retry("no mail server is configured: set notification.smtp_host")
        mail = Mail(notice.id, subscription.target, notice.new.title, notice.new.text, subscription.language)
        return send_mail(settings, mail, now)

    return Courier(hand_over, clock)


def body_of(notice: StoredNotice, agency_code: str) -> bytes:
    """Writes the body of a webhook call; the same bytes at each attempt. Never content of a document."""
    new = notice.new
    data = {
        "notice": f"notices/{new.id}",
        "subscription": f"subscriptions/{new.subscription}",
        "agencyCode": agency_code,
        "kind": new.kind.value,
        "title": new.title,
        "text": new.text,
        "document": f"documents/{new.document}" if new.document else "",
        "documentId": new.document_id,
    }
    return payload(new.kind.value, from_micros(new.created_at), data)
