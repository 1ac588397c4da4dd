"""Which events signing takes: documents, to verify them; the directory, to know who asks and who is certified.

Recalls are counted and change nothing: what was found out about a document stays true.
"""

from collections.abc import Callable

from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.directory.store import directory_handlers
from lienthong.chassis.events.event import DIRECTORY, DOCUMENTS, Event
from lienthong.chassis.events.inbox import Subscription, handler
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.signing.config import SigningSection
from lienthong.signing.handlers.enqueue import take_document


def subscription(directory: DirectoryCache, section: SigningSection, wake: Callable[[], None]) -> Subscription:
    """Makes the subscription of signing.

    Args:
        directory: Told when the copy of the directory changed.
        section: Settings.
        wake: Called after each commit that wrote jobs.
    """

    def on_accepted(work: UnitOfWork, message: DocumentAccepted, _event: Event) -> None:
        take_document(work, message, section)
        work.after_commit(wake)

    return Subscription(
        (DOCUMENTS, DIRECTORY),
        dict([handler(DocumentAccepted, on_accepted), *directory_handlers(directory.changed)]),
    )
