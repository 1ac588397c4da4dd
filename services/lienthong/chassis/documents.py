"""Documents as messages, and back: the codec's model and `common.v1.DocumentHeader`."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from unicodedata import normalize

from google.protobuf.descriptor import FieldDescriptor

from lienthong import edxml
from lienthong.chassis.times import from_date, to_date
from lienthong.common.v1 import document_pb2 as pb

_KINDS = {
    edxml.BusinessKind.NEW: pb.DOCUMENT_KIND_NEW,
    edxml.BusinessKind.RECALL: pb.DOCUMENT_KIND_RECALL,
    edxml.BusinessKind.UPDATE: pb.DOCUMENT_KIND_UPDATE,
    edxml.BusinessKind.REPLACE: pb.DOCUMENT_KIND_REPLACEMENT,
}
_BUSINESS = {number: kind for kind, number in _KINDS.items()} | {pb.DOCUMENT_KIND_UNSPECIFIED: edxml.BusinessKind.NEW}

NAME_LENGTH = 200
"""Characters of a DocumentId, a number or a notation, at most: documents are found by them, and an index has bounds."""

TYPE_DETAIL_NOT_GIVEN = -1


def organization_message(organization: edxml.Organization) -> pb.Organization:
    """Makes the message of an organisation."""
    return pb.Organization(
        code=organization.organ_id,
        name=organization.name,
        in_charge=organization.in_charge,
        address=organization.address,
        email=organization.email,
        telephone=organization.telephone,
        fax=organization.fax,
        website=organization.website,
    )


def organization_of(message: pb.Organization) -> edxml.Organization:
    """Reads the message of an organisation."""
    return edxml.Organization(
        organ_id=message.code,
        name=message.name,
        in_charge=message.in_charge,
        address=message.address,
        email=message.email,
        telephone=message.telephone,
        fax=message.fax,
        website=message.website,
    )


def staff_message(staff: edxml.Staff | None) -> pb.Staff | None:
    """Makes the message of a clerk; None stays absent."""
    if staff is None:
        return None
    return pb.Staff(
        department=staff.department,
        department_id=staff.department_id,
        name=staff.staff,
        staff_id=staff.staff_id,
        email=staff.email,
        mobile=staff.mobile,
    )


def staff_of(message: pb.Staff) -> edxml.Staff:
    """Reads the message of a clerk."""
    return edxml.Staff(
        department=message.department,
        department_id=message.department_id,
        staff=message.name,
        staff_id=message.staff_id,
        email=message.email,
        mobile=message.mobile,
    )


def header_message(document: edxml.Document) -> pb.DocumentHeader:
    """Makes the header of a document. What was not given is left at its default; `type_detail` is then -1."""
    business = document.business
    return pb.DocumentHeader(
        **_about(document),
        response_for=[_response_message(answer) for answer in document.response_for],
        sender=organization_message(document.sender),
        recipients=[organization_message(recipient) for recipient in document.recipients],
        kind=pb.DOCUMENT_KIND_UNSPECIFIED if document.kind is None else _KINDS[document.kind],
        reason=business.reason if business else "",
        paper=bool(business and business.paper),
        staff=staff_message(business.staff) if business else None,
        targets=_targets(business) if business else (),
    )


def _about(document: edxml.Document) -> dict[str, Any]:
    detail = document.document_type.detail
    return {
        "document_id": document.document_id,
        "number": document.code.number,
        "notation": document.code.notation,
        "promulgation_place": document.promulgation.place,
        "promulgation_date": to_date(document.promulgation.promulgation_date),
        "type": document.document_type.group or 0,
        "type_detail": TYPE_DETAIL_NOT_GIVEN if detail is None else detail,
        "type_name": document.document_type.name,
        "subject": document.subject,
        "content": document.content,
        "signer_competence": document.signer.competence,
        "signer_position": document.signer.position,
        "signer_name": document.signer.full_name,
        "due_date": to_date(document.due_date),
        "steering_type": document.steering_type or 0,
        "task_codes": document.task_codes,
        "application_type": document.application_type,
        "to_places": document.to_places,
        **_other(document.other),
    }


def _other(other: edxml.OtherInfo) -> dict[str, Any]:
    return {
        "priority": other.priority or 0,
        "sphere_of_promulgation": other.sphere_of_promulgation,
        "typer_notation": other.typer_notation,
        "promulgation_amount": other.promulgation_amount or 0,
        "page_amount": other.page_amount or 0,
        "direction": bool(other.direction),
        "appendixes": other.appendixes,
    }


def document_of(header: pb.DocumentHeader, attachments: Sequence[edxml.Attachment]) -> edxml.Document:
    """Builds a document from its header.

    Raises:
        ValueError: A date does not exist.
    """
    return edxml.Document(
        sender=organization_of(header.sender),
        recipients=tuple(organization_of(recipient) for recipient in header.recipients),
        document_id=header.document_id,
        code=edxml.DocumentCode(header.number, header.notation),
        promulgation=edxml.PromulgationInfo(header.promulgation_place, from_date(header.promulgation_date)),
        document_type=edxml.DocumentType(header.type or None, _detail(header), header.type_name),
        subject=header.subject,
        content=header.content,
        signer=edxml.SignerInfo(header.signer_competence, header.signer_position, header.signer_name),
        due_date=from_date(header.due_date),
        other=_other_of(header),
        response_for=tuple(_response_of(answer) for answer in header.response_for),
        steering_type=header.steering_type or None,
        task_codes=tuple(header.task_codes),
        application_type=header.application_type,
        to_places=tuple(header.to_places),
        business=_business_of(header),
        attachments=tuple(attachments),
    )


def _detail(header: pb.DocumentHeader) -> int | None:
    return None if header.type_detail in {TYPE_DETAIL_NOT_GIVEN, 0} else header.type_detail


def _other_of(header: pb.DocumentHeader) -> edxml.OtherInfo:
    return edxml.OtherInfo(
        priority=header.priority,
        sphere_of_promulgation=header.sphere_of_promulgation,
        typer_notation=header.typer_notation,
        promulgation_amount=header.promulgation_amount or None,
        page_amount=header.page_amount or None,
        direction=header.direction,
        appendixes=tuple(header.appendixes),
    )


def _business_of(header: pb.DocumentHeader) -> edxml.Business:
    kind = _BUSINESS[header.kind]
    first = header.targets[0].document_id if header.targets else ""
    replaces = kind is edxml.BusinessKind.REPLACE
    return edxml.Business(
        kind=kind,
        document_id=first if kind is edxml.BusinessKind.UPDATE else "",
        reason=header.reason,
        paper=header.paper,
        replacements=tuple(
            edxml.Replacement(target.document_id, tuple(target.recipient_codes))
            for target in (header.targets if replaces else ())
        ),
        staff=staff_of(header.staff) if header.HasField("staff") else None,
    )


def _response_message(answer: edxml.ResponseFor) -> pb.ResponseFor:
    return pb.ResponseFor(
        organ_code=answer.organ_id,
        code=answer.code,
        document_id=answer.document_id,
        promulgation_date=to_date(answer.promulgation_date),
    )


def _response_of(message: pb.ResponseFor) -> edxml.ResponseFor:
    return edxml.ResponseFor(
        message.organ_code, message.code, message.document_id, from_date(message.promulgation_date)
    )


def _targets(business: edxml.Business) -> list[pb.Target]:
    if business.kind is edxml.BusinessKind.UPDATE:
        return [pb.Target(document_id=business.document_id)]
    if business.kind is not edxml.BusinessKind.REPLACE:
        return []
    return [
        pb.Target(document_id=replacement.document_id, recipient_codes=replacement.organ_ids)
        for replacement in business.replacements
    ]


def finding_messages(findings: Sequence[edxml.Finding]) -> list[pb.Finding]:
    """Makes the messages of warnings."""
    return [
        pb.Finding(code=str(finding.code), path=finding.path, found=finding.found, taken=finding.taken)
        for finding in findings
    ]


def differences(first: pb.DocumentHeader, second: pb.DocumentHeader) -> list[str]:
    """Names the fields in which two headers differ, beyond blanks around texts and how their letters are composed.

    What the axis alone filled in, which earlier documents it knows, is no difference.
    """

    def value(header: pb.DocumentHeader, field: FieldDescriptor) -> Any:
        found = getattr(header, field.name)
        return normalize("NFC", found).strip() if isinstance(found, str) else found

    first, second = _as_written(first), _as_written(second)
    return [field.name for field in first.DESCRIPTOR.fields if value(first, field) != value(second, field)]


def _as_written(header: pb.DocumentHeader) -> pb.DocumentHeader:
    plain = pb.DocumentHeader()
    plain.CopyFrom(header)
    for earlier in (*plain.response_for, *plain.targets):
        earlier.ClearField("document")
    return plain


def due_day(header: pb.DocumentHeader) -> date | None:
    """Gives the deadline of a document."""
    return from_date(header.due_date)
