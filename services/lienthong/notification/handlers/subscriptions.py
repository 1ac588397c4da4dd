"""Subscriptions of an agency: made, listed, tested, given new secrets, ended."""

from dataclasses import dataclass
from datetime import timedelta

from lienthong.chassis.errors import Violation, exhausted, invalid, not_found, precondition
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import AuditEntry, UnitOfWork
from lienthong.notification.channels import SECRETS_AT_ONCE, check_address, make_secret
from lienthong.notification.domain import LANGUAGES, Kind, NoticeEvent, NoticeFacts, unknown_kinds
from lienthong.notification.domain.notices import Channel
from lienthong.notification.handlers.desk import SECRET_BYTES, Desk
from lienthong.notification.handlers.tell import Occasion, make_notice
from lienthong.notification.storage.notices import StoredNotice
from lienthong.notification.storage.queue import hasten
from lienthong.notification.storage.subscriptions import (
    StoredSubscription,
    add_subscription,
    change_secret,
    count_subscriptions,
    remove_subscription,
    subscription_of,
)

PRIORITY_AT_MOST = 4
"""Urgency of hỏa tốc hẹn giờ, the highest."""
_PERSON_LENGTH = 200
_DEFAULT_LANGUAGE = "vi"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody subscribes to, as asked. See `StoredSubscription` for the fields."""

    channel: Channel | None
    target: str = ""
    kinds: tuple[str, ...] = ()
    minimum_priority: int = 0
    person: str = ""
    language: str = ""


def subscribe(desk: Desk, work: UnitOfWork, call: Call, wish: Wish) -> StoredSubscription:
    """Makes a subscription of the caller's agency; a webhook gets a secret.

    Raises:
        AxisError: INVALID_ARGUMENT with everything that is wrong, FAILED_PRECONDITION for mail without a mail server,
            RESOURCE_EXHAUSTED when the agency has as many as it may have.
    """
    agency = call.caller.acting().id
    channel = _checked(desk, wish)
    if count_subscriptions(work.connection, agency) >= desk.section.subscriptions_per_agency:
        bound = desk.section.subscriptions_per_agency
        raise exhausted("SUBSCRIPTIONS_TOO_MANY", f"an agency has at most {bound} subscriptions; end one first")
    subscription = StoredSubscription(
        id=work.ids.new(),
        agency=agency,
        channel=channel,
        target=wish.target,
        kinds=tuple(sorted(set(wish.kinds))),
        minimum_priority=wish.minimum_priority,
        person=wish.person,
        language=wish.language or _DEFAULT_LANGUAGE,
        secret=make_secret(desk.random(SECRET_BYTES)) if channel is Channel.WEBHOOK else "",
        created_at=work.now_micros,
    )
    add_subscription(work.connection, subscription)
    note(work, call, "subscription.create", f"subscriptions/{subscription.id}", f"{channel} {wish.target}".strip())
    return subscription


def unsubscribe(desk: Desk, work: UnitOfWork, call: Call, identifier: str) -> None:
    """Ends a subscription. Its notices stay readable; what waits is given up at once, and says so.

    Raises:
        AxisError: NOT_FOUND.
    """
    subscription = own_subscription(work, call, identifier)
    remove_subscription(work.connection, subscription.id)
    hasten(work.connection, subscription.id, work.now_micros)
    work.after_commit(lambda: desk.ring(subscription.channel))
    note(work, call, "subscription.delete", f"subscriptions/{subscription.id}")


def send_test(desk: Desk, work: UnitOfWork, call: Call, identifier: str) -> StoredNotice:
    """Queues a test notice, whatever kinds the subscription wants.

    Raises:
        AxisError: NOT_FOUND.
    """
    subscription = own_subscription(work, call, identifier)
    occasion = Occasion(NoticeEvent(Kind.SUBSCRIPTION_TEST, subscription.agency), NoticeFacts(Kind.SUBSCRIPTION_TEST))
    notice = make_notice(desk, work, f"test:{work.ids.new()}", subscription, occasion)
    note(work, call, "subscription.test", f"subscriptions/{subscription.id}", f"notices/{notice.id}")
    return notice


def rotate_secret(desk: Desk, work: UnitOfWork, call: Call, identifier: str) -> StoredSubscription:
    """Gives a webhook subscription a new secret; those before sign too for a while.

    Raises:
        AxisError: NOT_FOUND, or FAILED_PRECONDITION when the subscription has no secret.
    """
    subscription = own_subscription(work, call, identifier)
    if subscription.channel is not Channel.WEBHOOK:
        name = f"subscriptions/{identifier}"
        raise precondition("SUBSCRIPTION_HAS_NO_SECRET", f"{name} is {subscription.channel}; only webhooks are signed")
    until = to_micros(work.now + timedelta(seconds=desk.section.secret_overlap_seconds))
    secret = make_secret(desk.random(SECRET_BYTES))
    change_secret(work.connection, identifier, secret, (work.now_micros, until), SECRETS_AT_ONCE)
    note(work, call, "subscription.rotate", f"subscriptions/{identifier}")
    return own_subscription(work, call, identifier)


def own_subscription(work: UnitOfWork, call: Call, identifier: str) -> StoredSubscription:
    """Finds a subscription of the caller's agency.

    Raises:
        AxisError: NOT_FOUND.
    """
    subscription = subscription_of(work.connection, identifier, call.caller.acting().id)
    if subscription is None:
        raise not_found(f"subscriptions/{identifier}")
    return subscription


def note(work: UnitOfWork, call: Call, action: str, resource: str, detail: str = "") -> None:
    """Adds to the audit trail what a caller did."""
    caller = call.caller
    work.record(AuditEntry(caller.system.id, caller.scope, action, resource, person=caller.person, detail=detail))


def _checked(desk: Desk, wish: Wish) -> Channel:
    channel = wish.channel
    violations = [*_wrong_target(desk, wish), *_wrong_terms(wish)]
    if violations or channel is None:
        message = "; ".join(violation.text() for violation in violations)
        raise invalid(violations[0].reason, message, *violations)
    if channel is Channel.EMAIL and desk.mail is None:
        raise precondition(
            "EMAIL_NOT_CONFIGURED",
            "this axis has no mail server, so nobody can be told by e-mail. Subscribe a webhook, or have the operator "
            "set notification.smtp_host.",
        )
    return channel


def _wrong_target(desk: Desk, wish: Wish) -> list[Violation]:
    if wish.channel is None:
        known = ", ".join(Channel)
        return [Violation("subscription.channel", "CHANNEL_MISSING", "a channel is needed", f"Choose one of {known}.")]
    if wish.channel is Channel.IN_APP:
        rule, remedy = ("an in-app subscription has no target" if wish.target else ""), "Leave the target empty."
    elif wish.channel is Channel.EMAIL:
        rule, remedy = check_address(wish.target), "Give one address, such as vanthu@example.gov.vn."
    else:
        rule, remedy = desk.webhook.check(wish.target), "Give an https URL of a public host."
    return [Violation("subscription.target", "TARGET_REFUSED", rule, remedy, found=wish.target[:200])] if rule else []


def _wrong_terms(wish: Wish) -> list[Violation]:
    found = []
    if unknown := unknown_kinds(wish.kinds):
        rule = f"{', '.join(repr(kind[:60]) for kind in unknown[:10])} is no kind of event"
        remedy = f"Known kinds: {', '.join(sorted(Kind))}."
        found.append(Violation("subscription.kinds", "KIND_UNKNOWN", rule, remedy))
    if not 0 <= wish.minimum_priority <= PRIORITY_AT_MOST:
        rule = f"urgency goes from 0 to {PRIORITY_AT_MOST}"
        found.append(Violation("subscription.minimum_priority", "PRIORITY_UNKNOWN", rule))
    if wish.language not in {"", *LANGUAGES}:
        rule = f"notices speak {' and '.join(LANGUAGES)}"
        found.append(Violation("subscription.language", "LANGUAGE_UNKNOWN", rule, found=wish.language[:20]))
    if len(wish.person) > _PERSON_LENGTH:
        rule = f"a person has at most {_PERSON_LENGTH} characters"
        found.append(Violation("subscription.person", "PERSON_TOO_LONG", rule))
    return found
