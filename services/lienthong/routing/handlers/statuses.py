"""Statuses for the other side: items in the mailbox of whoever shall know."""

from lienthong.chassis.directory.model import Directory
from lienthong.chassis.events.inbox import ParentUnknownError
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.workflow_progress_pb2 import StatusRecorded
from lienthong.routing.domain.leases import ItemKind
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.mailbox import put_item
from lienthong.routing.papers import status_size
from lienthong.routing.storage.deliveries import delivery_by_id
from lienthong.routing.storage.documents import the_document

RECALL_CODE = "13"
"""A status 13 reaches the recipient as a request, which stands for it."""


def record_status(work: UnitOfWork, desk: Desk, recorded: StatusRecorded) -> None:
    """Puts a status that the other side must see into its mailbox, unless it switched status items off.

    Raises:
        ParentUnknownError: There is no such delivery.
    """
    facts = recorded.facts
    if not recorded.forward or not facts.to_agency or facts.code == RECALL_CODE:
        return
    if switched_off(work, desk.directory.get(), facts.to_agency):
        return
    row = delivery_by_id(work.rows, recorded.reference.delivery)
    if row is None:
        raise ParentUnknownError(f"delivery:{recorded.reference.delivery}")
    accepted = DocumentAccepted.FromString(the_document(work.rows, row.document).accepted)
    put_item(
        work,
        desk,
        ItemKind.STATUS,
        row,
        accepted,
        mailbox=facts.to_agency,
        status_code=facts.code,
        description=facts.description,
        facts=facts.SerializeToString(),
        content_size=status_size(accepted, facts),
    )


def switched_off(work: UnitOfWork, directory: Directory, agency: str) -> bool:
    """Tells whether an agency, or everybody who took it over, wants no status items."""
    readers = directory.heirs(agency, work.now)
    return bool(readers) and all(reader.status_items_disabled for reader in readers)
