"""The service `Notification`."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from google.protobuf.message import Message

from lienthong.chassis.errors import Violation, invalid, not_found
from lienthong.chassis.filtering import Condition, parse_filter
from lienthong.chassis.filtering import Kind as FilterKind
from lienthong.chassis.idempotency import once
from lienthong.chassis.paging import page_of
from lienthong.chassis.rpc.call import Call, Watch
from lienthong.chassis.uow import UnitOfWork, UnitsOfWork
from lienthong.notification.api.messages import attempt_message, notice_message, subscription_message, wish_of
from lienthong.notification.domain import Kind
from lienthong.notification.domain.notices import Channel, NoticeState
from lienthong.notification.handlers import notices, subscriptions
from lienthong.notification.handlers.desk import Desk, watch_key
from lienthong.notification.storage.notices import list_notices, notice_of
from lienthong.notification.storage.queue import attempts_of
from lienthong.notification.storage.subscriptions import list_subscriptions
from lienthong.notification.v1 import notification_pb2 as pb

_VALUES: dict[str, frozenset[str]] = {
    "state": frozenset(NoticeState),
    "kind": frozenset(Kind),
    "channel": frozenset(Channel),
}
"""What can be filtered for."""

Answer = TypeVar("Answer", bound=Message)


class NotificationApi:
    """Serves subscriptions and notices of the caller's agency."""

    def __init__(self, desk: Desk, units: UnitsOfWork) -> None:
        self._desk = desk
        self._units = units

    def create_subscription(self, request: pb.CreateSubscriptionRequest, call: Call) -> pb.Subscription:
        """Subscribes."""

        def act(work: UnitOfWork) -> pb.Subscription:
            made = subscriptions.subscribe(self._desk, work, call, wish_of(request.subscription))
            return subscription_message(made, secret=True)

        return once(self._units, call, request, pb.Subscription, act)

    def list_subscriptions(self, request: pb.ListSubscriptionsRequest, call: Call) -> pb.ListSubscriptionsResponse:
        """Lists subscriptions of the caller's agency, oldest first."""
        page = page_of(call, request.page_size, request.page_token, columns=(int, str))
        with self._units.database.read() as connection:
            found = list_subscriptions(connection, call.caller.acting().id, page.after, page.size + 1)
        shown, token = page.fill(found, subscription_message, lambda one: (one.created_at, one.id))
        return pb.ListSubscriptionsResponse(subscriptions=shown, next_page_token=token)

    def delete_subscription(self, request: pb.DeleteSubscriptionRequest, call: Call) -> pb.DeleteSubscriptionResponse:
        """Ends a subscription."""

        def act(work: UnitOfWork) -> pb.DeleteSubscriptionResponse:
            subscriptions.unsubscribe(self._desk, work, call, _id(request.name))
            return pb.DeleteSubscriptionResponse()

        return once(self._units, call, request, pb.DeleteSubscriptionResponse, act)

    def test_subscription(self, request: pb.TestSubscriptionRequest, call: Call) -> pb.Notice:
        """Queues a test notice."""

        def act(work: UnitOfWork) -> pb.Notice:
            return notice_message(subscriptions.send_test(self._desk, work, call, _id(request.name)))

        return once(self._units, call, request, pb.Notice, act)

    def rotate_secret(self, request: pb.RotateSecretRequest, call: Call) -> pb.Subscription:
        """Gives a webhook subscription a new secret."""

        def act(work: UnitOfWork) -> pb.Subscription:
            changed = subscriptions.rotate_secret(self._desk, work, call, _id(request.name))
            return subscription_message(changed, secret=True)

        return once(self._units, call, request, pb.Subscription, act)

    def list_notices(self, request: pb.ListNoticesRequest, call: Call) -> pb.ListNoticesResponse:
        """Lists notices of the caller's agency and of those whose mailbox it has taken over, newest first."""
        call.caller.acting()
        conditions = _conditions(request.filter)
        page = page_of(call, request.page_size, request.page_token, request.filter, columns=(int, str))
        with self._units.database.read() as connection:
            found = list_notices(connection, call.caller.reach, conditions, page.after, page.size + 1)
        shown, token = page.fill(found, notice_message, lambda one: one.place)
        return pb.ListNoticesResponse(notices=shown, next_page_token=token)

    def watch_notices(self, request: pb.WatchNoticesRequest, call: Call) -> Watch:
        """Sends notices as they come, in commit order."""
        agency, reach = call.caller.acting().id, call.caller.reach
        with self._units.database.read() as connection:
            begin = notices.begin_of(connection, reach, request.cursor)
        return Watch(watch_key(agency), notices.write_cursor(begin), self._producer(reach))

    def acknowledge_notices(self, request: pb.AcknowledgeNoticesRequest, call: Call) -> pb.AcknowledgeNoticesResponse:
        """Marks notices as read. Without a request id: a repeat changes nothing and says so."""
        with self._units.begin(call.traceparent) as work:
            return pb.AcknowledgeNoticesResponse(changed=notices.acknowledge(work, call, request.names))

    def list_attempts(self, request: pb.ListAttemptsRequest, call: Call) -> pb.ListAttemptsResponse:
        """Lists the attempts of a notice."""
        call.caller.acting()
        with self._units.database.read() as connection:
            notice = notice_of(connection, request.notice.removeprefix("notices/"), call.caller.reach)
            if notice is None:
                raise not_found(request.notice)
            found = attempts_of(connection, notice.id)
        return pb.ListAttemptsResponse(attempts=[attempt_message(one) for one in found])

    def _producer(self, reach: Sequence[str]) -> Callable[[str], tuple[Sequence[Message], str]]:
        def produce(cursor: str) -> tuple[Sequence[Message], str]:
            with self._units.database.read() as connection:
                found, places = notices.notices_since(connection, reach, notices.read_cursor(cursor))
            messages = [
                pb.WatchNoticesResponse(notice=notice_message(notice), cursor=notices.write_cursor(behind))
                for notice, behind in found
            ]
            return messages, notices.write_cursor(places)

        return produce


def _id(name: str) -> str:
    return name.removeprefix("subscriptions/")


def _conditions(text: str) -> tuple[Condition, ...]:
    conditions = parse_filter(text, dict.fromkeys(_VALUES, FilterKind.TEXT))
    for condition in conditions:
        known = _VALUES[condition.field]
        if condition.value not in known:
            rule = f"{condition.value!r} is no {condition.field}; known: {', '.join(sorted(known))}"
            raise invalid("FILTER_INVALID", f"filter: {rule}", Violation("filter", "FILTER_INVALID", rule))
    return conditions
