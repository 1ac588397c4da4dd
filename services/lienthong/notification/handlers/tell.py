"""Makes notices: of an event for each subscription that wants to know, or of a test for one."""

from collections.abc import Iterable
from dataclasses import dataclass

from lienthong.chassis.directory.model import Directory
from lienthong.chassis.uow import UnitOfWork
from lienthong.notification.domain import NoticeEvent, NoticeFacts, audience, matching, render
from lienthong.notification.domain.notices import endpoint_of
from lienthong.notification.handlers.desk import Desk, watch_key
from lienthong.notification.storage.copies import KnownDocument
from lienthong.notification.storage.notices import NewNotice, StoredNotice, add_notice, told_of
from lienthong.notification.storage.subscriptions import StoredSubscription, subscribers


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that people are told of: what the rules need, and what is said."""

    event: NoticeEvent
    facts: NoticeFacts
    document: KnownDocument | None = None


def tell(desk: Desk, work: UnitOfWork, event: str, occasion: Occasion) -> None:
    """Makes a notice for each subscription that wants to know and has none of this event yet."""
    wanting = _wanting(desk, work, occasion.event)
    told = told_of(work.connection, event) if wanting else ()
    for subscription in wanting:
        if subscription.id not in told:
            make_notice(desk, work, event, subscription, occasion)


def make_notice(
    desk: Desk, work: UnitOfWork, event: str, subscription: StoredSubscription, occasion: Occasion
) -> StoredNotice:
    """Makes one notice, in the language of the subscription."""
    wording = render(occasion.facts, subscription.language)
    document = occasion.document
    new = NewNotice(
        id=work.ids.new(),
        event=event,
        subscription=subscription.id,
        agency=subscription.agency,
        channel=subscription.channel,
        endpoint=endpoint_of(subscription.agency, subscription.channel, subscription.target),
        kind=occasion.facts.kind,
        title=wording.title,
        text=wording.text,
        document=document.id if document else "",
        document_id=document.document_id if document else "",
        created_at=work.now_micros,
    )
    stored = add_notice(work.rows, new)
    work.after_commit(lambda: desk.hub.publish(watch_key(subscription.agency)))
    work.after_commit(lambda: desk.ring(subscription.channel))
    return stored


def _wanting(desk: Desk, work: UnitOfWork, event: NoticeEvent) -> list[StoredSubscription]:
    directory = desk.directory.get()
    # Whoever has taken over an agency's mailbox is told in its place (by lookup; nothing is moved).
    places = [(holder, agency) for agency in sorted(audience(event)) for holder in _holders(directory, agency, work)]
    if not places:
        return []
    known = {one.id: one for one in subscribers(work.rows, {holder for holder, _agency in places})}
    wishes = (one.wish(agency) for one in known.values() for holder, agency in places if one.agency == holder)
    return [known[wish.subscription] for wish in matching(wishes, event)]


def load_subscribers(desk: Desk, work: UnitOfWork, agencies: Iterable[str]) -> None:
    """Reads the subscriptions of some agencies, and of those that took them over, in one statement."""
    directory = desk.directory.get()
    subscribers(work.rows, {holder for agency in agencies for holder in _holders(directory, agency, work)})


def _holders(directory: Directory, agency: str, work: UnitOfWork) -> Iterable[str]:
    if agency not in directory.agencies:
        return (agency,)
    return (heir.id for heir in directory.heirs(agency, work.now))
