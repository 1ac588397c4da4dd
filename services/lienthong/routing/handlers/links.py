"""Which earlier deliveries at the same recipient an update or a replacement concerns."""

from dataclasses import dataclass

from lienthong.chassis.directory.model import Directory
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1.document_pb2 import DocumentKind
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.routing.domain.transport import Transport
from lienthong.routing.storage.deliveries import at_recipients, delivery_by_id
from lienthong.routing.storage.rows import StoredDelivery

_UPDATES_AT_MOST = 1000
"""Updates in a row of which nobody opened one; a bound against damaged data."""


@dataclass(frozen=True, slots=True)
class Links:
    """Earlier deliveries at the same recipient.

    Attributes:
        original: The delivery that an update follows on: that of the original, or the update that overtook it.
        replaced: Identifiers of the deliveries that a replacement names.
    """

    original: StoredDelivery | None = None
    replaced: tuple[str, ...] = ()


def links_of(work: UnitOfWork, directory: Directory, accepted: DocumentAccepted, agency: str) -> Links:
    """Looks earlier deliveries up at an agency and at those that it took over."""
    kind = accepted.header.kind
    if not agency or kind not in {DocumentKind.DOCUMENT_KIND_UPDATE, DocumentKind.DOCUMENT_KIND_REPLACEMENT}:
        return Links()
    reach = directory.mailboxes(agency, work.now)
    earlier = [
        row
        for affected in accepted.affected
        if affected.document and (not affected.agencies or set(affected.agencies) & set(reach))
        for row in at_recipients(work.rows, affected.document, reach)
    ]
    if kind == DocumentKind.DOCUMENT_KIND_REPLACEMENT:
        # Of what an update overtook the update is asked about: it is what the recipient has.
        return Links(replaced=tuple(dict.fromkeys(standing(work, row).id for row in earlier)))
    return Links(original=standing(work, earlier[0])) if earlier else Links()


def standing(work: UnitOfWork, row: StoredDelivery) -> StoredDelivery:
    """Gives the delivery that stands in the place of one that updates overtook, itself when none did."""
    for _ in range(_UPDATES_AT_MOST):
        if row.state != Transport.SUPERSEDED.value:
            break
        following = delivery_by_id(work.rows, row.successor)
        if following is None:
            break
        row = following
    return row
