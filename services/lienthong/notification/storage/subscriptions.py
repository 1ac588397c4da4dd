"""Rows of subscriptions."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, literal, select, tuple_, update

from lienthong.chassis.engines.rows import Rows
from lienthong.notification.domain import Subscription
from lienthong.notification.domain.notices import Channel
from lienthong.notification.storage.tables import subscriptions


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """A subscription as it stands. Times are microseconds since 1970.

    Attributes:
        id: Its identifier.
        agency: Whose it is.
        channel: How the subscriber is told.
        target: Mail address or URL; empty in-app.
        kinds: Kinds of event; empty means all.
        minimum_priority: Only documents at least this urgent.
        person: For whom; empty for the agency.
        language: `vi` or `en`.
        secret: Signs webhook calls; empty for other channels.
        old_secret: What signed before, newest first, separated by blanks.
        old_secret_until: Until when that signs too.
        created_at: When it was made.
    """

    id: str
    agency: str
    channel: Channel
    target: str
    kinds: tuple[str, ...]
    minimum_priority: int
    person: str
    language: str
    secret: str
    created_at: int
    old_secret: str = ""
    old_secret_until: int = 0

    def wish(self, agency: str) -> Subscription:
        """Gives what the rules need, in the place of `agency`, whose notices the subscriber has taken over."""
        return Subscription(self.id, agency, frozenset(self.kinds), self.minimum_priority, self.person)

    def secrets(self, now: int) -> tuple[str, ...]:
        """Gives the secrets that sign at a time, newest first."""
        old = self.old_secret.split() if now < self.old_secret_until else ()
        return (self.secret, *old)


def add_subscription(connection: Connection, subscription: StoredSubscription) -> None:
    """Stores a subscription."""
    values = asdict(subscription) | {"kinds": " ".join(subscription.kinds)}
    connection.execute(subscriptions.insert().values(values))


def count_subscriptions(connection: Connection, agency: str) -> int:
    """Counts the subscriptions of an agency."""
    found = select(func.count()).select_from(subscriptions).where(subscriptions.c.agency == agency)
    return int(connection.execute(found).scalar_one())


def subscription_of(connection: Connection, identifier: str, agency: str | None = None) -> StoredSubscription | None:
    """Finds a subscription; with `agency` only when it is of that agency."""
    found = select(subscriptions).where(subscriptions.c.id == identifier)
    if agency is not None:
        found = found.where(subscriptions.c.agency == agency)
    row = connection.execute(found).one_or_none()
    return None if row is None else _stored(row)


def subscriptions_of(connection: Connection, agencies: Collection[str]) -> list[StoredSubscription]:
    """Lists all subscriptions of some agencies, oldest first."""
    found = select(subscriptions).where(subscriptions.c.agency.in_(sorted(agencies)))
    rows = connection.execute(found.order_by(subscriptions.c.created_at, subscriptions.c.id))
    return [_stored(row) for row in rows]


class Subscribers:
    """Subscriptions by agency, as far as this transaction has asked. Events change none."""

    def __init__(self) -> None:
        self.known: dict[str, list[StoredSubscription]] = {}


def subscribers(rows: Rows, agencies: Collection[str]) -> list[StoredSubscription]:
    """Lists all subscriptions of some agencies for handlers of events, those of one agency oldest first."""
    known = rows.memo(Subscribers).known
    new = set(agencies) - known.keys()
    if new:
        known.update({agency: [] for agency in new})
        for one in subscriptions_of(rows.connection, new):
            known[one.agency].append(one)
    return [one for agency in agencies for one in known[agency]]


def list_subscriptions(
    connection: Connection, agency: str, after: tuple[Any, ...] | None, limit: int
) -> list[StoredSubscription]:
    """Lists subscriptions of an agency, oldest first, behind a position (time, identifier)."""
    found = select(subscriptions).where(subscriptions.c.agency == agency)
    if after is not None:
        place = tuple_(subscriptions.c.created_at, subscriptions.c.id)
        found = found.where(place > tuple_(*map(literal, after)))
    rows = connection.execute(found.order_by(subscriptions.c.created_at, subscriptions.c.id).limit(limit))
    return [_stored(row) for row in rows]


def remove_subscription(connection: Connection, identifier: str) -> None:
    """Removes a subscription with its secrets."""
    connection.execute(delete(subscriptions).where(subscriptions.c.id == identifier))


def change_secret(connection: Connection, identifier: str, secret: str, times: tuple[int, int], at_most: int) -> None:
    """Gives a subscription a new secret; those that sign now sign too until a time.

    Args:
        connection: For statements.
        identifier: The subscription; nothing happens when it is gone.
        secret: The new secret.
        times: Now, and until when the present ones sign too.
        at_most: Secrets that sign at once; the oldest ones beyond go.
    """
    now, until = times
    row = connection.execute(
        select(subscriptions).where(subscriptions.c.id == identifier).with_for_update()
    ).one_or_none()
    if row is None:
        return
    old = _stored(row).secrets(now)[: at_most - 1]
    values = {"secret": secret, "old_secret": " ".join(old), "old_secret_until": until}
    connection.execute(update(subscriptions).where(subscriptions.c.id == identifier).values(values))


def _stored(row: Any) -> StoredSubscription:
    values = dict(row._mapping)  # noqa: SLF001 -- public in SQLAlchemy, underscored against clashes with columns
    values |= {"channel": Channel(row.channel), "kinds": tuple(row.kinds.split())}
    return StoredSubscription(**values)
