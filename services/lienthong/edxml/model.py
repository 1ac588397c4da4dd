"""The messages of QCVN 102:2016/BTTTT as plain data.

Texts are kept as they came; an empty text is an absent one. Dates are calendar dates, times carry +07:00. A
value that was sent but could not be read counts as absent and stands in a finding with its text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import IntEnum

VIETNAM_TIME = timezone(timedelta(hours=7), "+07:00")
"""Local time of the format, which writes no zone (Asia/Ho_Chi_Minh, +07:00 since 1975)."""


class BusinessKind(IntEnum):
    """Nghiệp vụ (`BussinessDocType`): what a document asks of its receiver."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3


@dataclass(frozen=True, slots=True)
class Organization:
    """An agency, as `From` (bên gửi) or `To` (bên nhận)."""

    organ_id: str
    name: str = ""
    in_charge: str = ""
    """Cơ quan chủ quản: the superior agency."""
    address: str = ""
    email: str = ""
    telephone: str = ""
    fax: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True)
class DocumentCode:
    """Số và ký hiệu văn bản: `7816` and `VPCP-TTĐT`. The number is a text: letters occur."""

    number: str = ""
    notation: str = ""

    def __str__(self) -> str:
        return f"{self.number}/{self.notation}" if self.notation else self.number


@dataclass(frozen=True, slots=True)
class PromulgationInfo:
    """Địa danh và ngày ban hành: place and date of issue."""

    place: str = ""
    promulgation_date: date | None = None


@dataclass(frozen=True, slots=True)
class DocumentType:
    """Loại văn bản. `group` and `detail` are unreliable in practice: show `name`."""

    group: int | None = None
    detail: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """Người ký: capacity (`KT.`, `TL.`, ...), position, full name."""

    competence: str = ""
    position: str = ""
    full_name: str = ""


@dataclass(frozen=True, slots=True)
class OtherInfo:
    """`OtherInfo`; an absent priority means normal, an absent amount means 1."""

    priority: int | None = None
    sphere_of_promulgation: str = ""
    typer_notation: str = ""
    promulgation_amount: int | None = None
    page_amount: int | None = None
    reply_fors: str = ""
    direction: bool | None = None
    reference_codes: str = ""
    appendixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseFor:
    """The document answered (`code` is number/notation); the receiver of a status is its `organ_id`."""

    organ_id: str = ""
    code: str = ""
    document_id: str = ""
    promulgation_date: date | None = None


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """One hop: who handled the message and when. The agency is missing in files of some hubs."""

    organ_id: str = ""
    timestamp: datetime | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """The clerk to turn to (`StaffInfo`)."""

    department: str = ""
    department_id: str = ""
    staff: str = ""
    staff_id: str = ""
    email: str = ""
    mobile: str = ""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver touched by an update. The meaning of `receiver_type` is unconfirmed: never act on it."""

    organ_id: str = ""
    receiver_type: int | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """A document being replaced, and the agencies that received it."""

    document_id: str = ""
    organ_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Business:
    """Nghiệp vụ (`Bussiness`, so spelled on the wire).

    `kind` is None when a kind was sent that is none of the four; `kind_text` then holds it, and only then.
    """

    kind: BusinessKind | None = BusinessKind.NEW
    kind_text: str = ""
    document_id: str = ""
    reason: str = ""
    paper: bool | None = None
    document_info: bool | None = None
    document_receiver: bool | None = None
    receivers: tuple[Receiver, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    staff: Staff | None = None


@dataclass(frozen=True, slots=True)
class ContentRef:
    """The content of an attachment, unpacked. `handle` is the spool's, opaque, no part of equality."""

    size: int
    sha256: str
    crc32: int
    handle: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the sender said of an attachment; evidence only, the content decides."""

    manifest_type: str = ""
    attachment_type: str = ""
    mime_type: str = ""
    format: str = ""
    field_name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attached file. `name` is as sent: `safe_file_name` makes it fit for a file system."""

    content_id: str
    name: str
    content: ContentRef
    description: str = ""
    declared: Declared = field(default_factory=Declared, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """An `edoc` message: a document, or a recall, update or replacement of one."""

    sender: Organization
    recipients: tuple[Organization, ...]
    document_id: str
    code: DocumentCode = field(default_factory=DocumentCode)
    promulgation: PromulgationInfo = field(default_factory=PromulgationInfo)
    document_type: DocumentType = field(default_factory=DocumentType)
    subject: str = ""
    content: str = ""
    signer: SignerInfo = field(default_factory=SignerInfo)
    due_date: date | None = None
    other: OtherInfo = field(default_factory=OtherInfo)
    response_for: tuple[ResponseFor, ...] = ()
    steering_type: int | None = None
    task_codes: tuple[str, ...] = ()
    """`ResponseForTask/TaskCode`: tasks of the Government Office that are answered."""
    application_type: str = ""
    to_places: tuple[str, ...] = ()
    """Nơi nhận as printed on the document; free text, no routing."""
    business: Business | None = None
    trace_headers: tuple[TraceHeader, ...] = ()
    trace_paper: bool | None = None
    """The flag `Paper` directly under `TraceHeaderList`."""
    signature_xml: bytes = b""
    """The `Signature` element as it came, UTF-8; it cannot be verified after a hop."""
    attachments: tuple[Attachment, ...] = ()

    @property
    def kind(self) -> BusinessKind | None:
        """The kind of operation: NEW without `Bussiness`, None when the kind sent is not one of the four."""
        return self.business.kind if self.business else BusinessKind.NEW


@dataclass(frozen=True, slots=True)
class Status:
    """A `status` message. Its receiver is `response_for.organ_id`; a numeric `code` has two digits."""

    sender: Organization
    response_for: ResponseFor
    code: str
    staff: Staff | None = None
    description: str = ""
    timestamp: datetime | None = None


Message = Document | Status
