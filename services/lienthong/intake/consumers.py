"""Which events intake takes: the directory, to know who may send and who is addressed."""

from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.directory.store import directory_handlers
from lienthong.chassis.events.event import DIRECTORY
from lienthong.chassis.events.inbox import Subscription


def subscription(directory: DirectoryCache) -> Subscription:
    """Makes the subscription of intake."""
    return Subscription((DIRECTORY,), dict(directory_handlers(directory.changed)))
