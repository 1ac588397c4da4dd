"""What every handler of workflow has at hand."""

from dataclasses import dataclass

from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.sealing import SealKey
from lienthong.chassis.uow import UnitOfWork
from lienthong.workflow.config import WorkflowSection
from lienthong.workflow.domain import WorkingCalendar


@dataclass(frozen=True, slots=True)
class Desk:
    """What every handler of workflow has at hand.

    Attributes:
        directory: The directory in memory.
        hub: Hints for watches.
        seal: Seals accepted statuses.
        limits: Bounds and waits.
        calendar: Working time.
    """

    directory: DirectoryCache
    hub: Hub
    seal: SealKey
    limits: WorkflowSection
    calendar: WorkingCalendar

    def hint(self, work: UnitOfWork, *documents: str) -> None:
        """Wakes the watches of documents after the commit."""
        keys = [watch_key(document) for document in dict.fromkeys(documents)]

        def wake() -> None:
            for key in keys:
                self.hub.publish(key)

        work.after_commit(wake)


def watch_key(document: str) -> str:
    """Names the hints of a document's progress."""
    return f"progress:{document}"
