"""What every handler of routing has at hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.uow import UnitOfWork
from lienthong.routing.config import RoutingSection
from lienthong.routing.domain.leases import LeaseBounds

_MICROSECONDS = 1_000_000

DIRECTORY_LOCK = "directory"
"""Whoever changes the directory holds it: what is checked of other agencies still holds when the change is written."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every handler of routing has at hand.

    Attributes:
        directory: The directory in memory.
        hub: Hints for watches.
        limits: Bounds and waits.
        nudge: Asks the background worker for a step now.
        shown: Is told how many seconds after its acceptance a document was there for a recipient.
    """

    directory: DirectoryCache
    hub: Hub
    limits: RoutingSection
    nudge: Callable[[], None]
    shown: Callable[[float], None]

    @property
    def leases(self) -> LeaseBounds:
        """Rules of leases in microseconds."""
        section = self.limits
        return LeaseBounds(
            micros(section.lease_seconds),
            micros(section.lease_seconds_at_least),
            micros(section.lease_seconds_at_most),
            section.lease_attempts,
        )

    def hint(self, work: UnitOfWork, mailbox: str) -> None:
        """Wakes the watches of an agency, and of those that took it over, after the commit."""
        keys = self.watched_by(mailbox, work.now)

        def wake() -> None:
            for key in keys:
                self.hub.publish(key)

        work.after_commit(wake)

    def watched_by(self, mailbox: str, at: datetime) -> list[str]:
        """Names the hints of an agency and of those that took its mailbox over."""
        heirs = {heir.id for heir in self.directory.get().heirs(mailbox, at)}
        return [watch_key(agency) for agency in sorted(heirs | {mailbox})]


def watch_key(agency: str) -> str:
    """Names the hints of an agency's mailbox."""
    return f"mailbox:{agency}"


def micros(seconds: float) -> int:
    """Turns seconds into microseconds."""
    return round(seconds * _MICROSECONDS)
