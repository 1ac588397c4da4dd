"""Answers of notification as messages, and requests as commands."""

from lienthong.chassis.times import to_timestamp
from lienthong.notification.domain.notices import Channel
from lienthong.notification.handlers.subscriptions import Wish
from lienthong.notification.storage.notices import StoredNotice
from lienthong.notification.storage.queue import Attempt
from lienthong.notification.storage.subscriptions import StoredSubscription
from lienthong.notification.v1 import notification_pb2 as pb

_CHANNELS = {channel: pb.Channel.Value(f"CHANNEL_{channel}") for channel in Channel}


def wish_of(message: pb.Subscription) -> Wish:
    """Reads what somebody subscribes to."""
    numbers = {number: channel for channel, number in _CHANNELS.items()}
    return Wish(
        channel=numbers.get(message.channel),
        target=message.target,
        kinds=tuple(message.kinds),
        minimum_priority=message.minimum_priority,
        person=message.person,
        language=message.language,
    )


def subscription_message(subscription: StoredSubscription, *, secret: bool = False) -> pb.Subscription:
    """Makes the message of a subscription; its secret only when it was just made."""
    return pb.Subscription(
        name=f"subscriptions/{subscription.id}",
        channel=_CHANNELS[subscription.channel],
        target=subscription.target,
        kinds=subscription.kinds,
        minimum_priority=subscription.minimum_priority,
        person=subscription.person,
        language=subscription.language,
        secret=subscription.secret if secret else "",
        create_time=to_timestamp(subscription.created_at),
    )


def notice_message(notice: StoredNotice) -> pb.Notice:
    """Makes the message of a notice."""
    new = notice.new
    return pb.Notice(
        name=f"notices/{new.id}",
        subscription=f"subscriptions/{new.subscription}",
        kind=new.kind,
        title=new.title,
        text=new.text,
        document=f"documents/{new.document}" if new.document else "",
        document_id=new.document_id,
        state=pb.NoticeState.Value(f"NOTICE_STATE_{notice.state}"),
        channel=_CHANNELS[new.channel],
        create_time=to_timestamp(new.created_at),
        send_time=to_timestamp(notice.sent_at),
    )


def attempt_message(attempt: Attempt) -> pb.Attempt:
    """Makes the message of an attempt."""
    return pb.Attempt(
        number=attempt.number,
        start_time=to_timestamp(attempt.started_at),
        ok=attempt.ok,
        detail=attempt.detail,
        next_attempt_time=to_timestamp(attempt.next_attempt_at),
    )
