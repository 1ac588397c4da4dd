"""Events of deliveries, and the names that they are told under."""

from google.protobuf.message import Message

from lienthong.chassis.events.event import DELIVERIES, DIRECTORY, NewEvent
from lienthong.chassis.times import to_timestamp
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1.directory_pb2 import Agency, System
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryReference
from lienthong.events.v1.routing_directory_pb2 import AgencyChanged, SystemChanged
from lienthong.routing.storage.rows import StoredDelivery


def reference(row: StoredDelivery) -> DeliveryReference:
    """Says which delivery an event is about."""
    return DeliveryReference(
        delivery=row.id, document=row.document, sender_agency=row.sender, recipient_agency=row.recipient
    )


def tell(work: UnitOfWork, kind: type[Message], row: StoredDelivery, **fields: object) -> None:
    """Tells what happened to a delivery at the time of this work."""
    message = kind(reference=reference(row), event_time=to_timestamp(work.now), **fields)
    work.emit(NewEvent(DELIVERIES, row.id, row.id, message))


def tell_agency(work: UnitOfWork, identifier: str, agency: Agency) -> None:
    """Tells the state of an agency."""
    work.emit(NewEvent(DIRECTORY, identifier, identifier, AgencyChanged(agency=agency)))


def tell_system(work: UnitOfWork, identifier: str, system: System) -> None:
    """Tells the state of a system."""
    work.emit(NewEvent(DIRECTORY, identifier, identifier, SystemChanged(system=system)))
