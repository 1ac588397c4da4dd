"""Requests and statuses as edXML: what a recipient's document system reads in place of our own messages."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from lienthong import edxml
from lienthong.chassis.directory.model import Agency
from lienthong.chassis.documents import document_of, organization_of, staff_of
from lienthong.chassis.times import from_date, from_timestamp
from lienthong.common.v1 import document_pb2
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted, RecallRequested
from lienthong.events.v1.workflow_progress_pb2 import StatusFacts

UNWRITABLE = (edxml.EdxmlError, ValueError)
"""What was said cannot be written as edXML: a text, a missing field, a day that does not exist."""


def status_paper(accepted: DocumentAccepted, facts: StatusFacts) -> bytes:
    """Writes a status as an edXML status message.

    Raises:
        EdxmlError: What was reported cannot be written, such as an empty code.
    """
    at = facts.event_time if facts.HasField("event_time") else facts.receive_time
    status = edxml.Status(
        sender=edxml.Organization(facts.from_code, facts.from_name),
        response_for=edxml.ResponseFor(
            organ_id=facts.to_code or accepted.sender_code,
            code=facts.document_code or code_of(accepted.header),
            document_id=facts.document_id or accepted.header.document_id,
            promulgation_date=from_date(accepted.header.promulgation_date),
        ),
        code=facts.code,
        staff=_staff(facts.staff),
        description=facts.description,
        timestamp=from_timestamp(at).astimezone(edxml.VIETNAM_TIME),
    )
    return edxml.render_status(status)


def recall_paper(accepted: DocumentAccepted, asked: RecallRequested, recipient: Agency | None, at: datetime) -> bytes:
    """Writes a recall as an edXML document of type 1: number, notation and DocumentId repeat those of the document.

    Raises:
        EdxmlError: The header cannot be written.
    """
    document = replace(
        document_of(accepted.header, ()),
        sender=_sender(accepted),
        recipients=(_recipient(accepted.header, recipient, at),),
        business=edxml.Business(kind=edxml.BusinessKind.RECALL, reason=asked.reason, staff=_staff(asked.staff)),
    )
    return edxml.plan(document).skeleton


def status_size(accepted: DocumentAccepted, facts: StatusFacts) -> int:
    """Tells the length of a status in edXML; 0 when it cannot be written, and then it is read in types only."""
    return _size(partial(status_paper, accepted, facts))


def recall_size(accepted: DocumentAccepted, asked: RecallRequested, recipient: Agency | None, at: datetime) -> int:
    """Tells the length of a recall in edXML; 0 when it cannot be written."""
    return _size(partial(recall_paper, accepted, asked, recipient, at))


def code_of(header: document_pb2.DocumentHeader) -> str:
    """Gives number and notation in one string."""
    return str(edxml.DocumentCode(header.number, header.notation))


def _size(paper: "partial[bytes]") -> int:
    try:
        return len(paper())
    except UNWRITABLE:
        return 0


def _recipient(header: document_pb2.DocumentHeader, recipient: Agency | None, at: datetime) -> edxml.Organization:
    if recipient is None:
        first = header.recipients[0] if header.recipients else document_pb2.Organization()
        return edxml.Organization(first.code, first.name)
    codes = {code.code for code in recipient.codes}
    written = next((named.code for named in header.recipients if named.code in codes), "")
    return edxml.Organization(written or recipient.code(at), recipient.name)


def _sender(accepted: DocumentAccepted) -> edxml.Organization:
    if accepted.header.sender.code:
        return organization_of(accepted.header.sender)
    return edxml.Organization(accepted.sender_code, accepted.sender_name)


def _staff(staff: document_pb2.Staff) -> edxml.Staff | None:
    return staff_of(staff) if staff.ByteSize() else None
