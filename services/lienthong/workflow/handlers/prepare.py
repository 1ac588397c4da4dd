"""What a batch of events will need, read in a few statements. The handlers that follow work without it as well."""

from collections.abc import Collection, Sequence
from typing import Any

from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryAvailable, DeliveryCreated
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.workflow import storage
from lienthong.workflow.handlers.desk import Desk


def prepare(desk: Desk, work: UnitOfWork, messages: Sequence[Any]) -> None:
    """Reads the cases and deliveries that some messages are about, and who has kept statuses."""
    about = [message.reference for message in messages if "reference" in message.DESCRIPTOR.fields_by_name]
    told = [message for message in messages if isinstance(message, DocumentAccepted | VerdictReached)]
    rows = work.rows
    made = [message.reference for message in messages if isinstance(message, DeliveryCreated)]
    shown = [message.reference for message in messages if isinstance(message, DeliveryAvailable)]
    parties = {one.sender_agency for one in made} | {one.recipient_agency for one in shown}
    directory = desk.directory.get()
    heirs = {heir.id for party in parties for heir in directory.heirs(party, work.now)}
    # First, before any row is held: whoever keeps a status holds this and waits for rows.
    storage.ask_waiting(rows, parties | heirs)
    rows.of(storage.CASES).load({one.document for one in (*about, *told)})
    rows.of(storage.DELIVERIES).load({one.delivery for one in about})
    judged = {message.document for message in told if isinstance(message, VerdictReached)}
    rows.of(storage.DELIVERIES).load_groups(judged)
    rows.of(storage.ANSWERS).load_groups({one.document for one in made})


def prepare_reports(work: UnitOfWork, named: Collection[str]) -> None:
    """Reads deliveries that a batch of reports names; before them their cases, in the order in which events do."""
    work.rows.of(storage.CASES).load(storage.cases_of(work.rows, named))
    work.rows.of(storage.DELIVERIES).load(named)
