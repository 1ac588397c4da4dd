"""The elements of the format and the fields of the model they carry, in canonical order.

One table serves the reader (which goes by name, whatever the order), the writer (which keeps the order) and
the fingerprint. The order of children is the one of the library shipped with the axis.
"""

from __future__ import annotations

from dataclasses import dataclass

from lienthong.edxml import model
from lienthong.edxml.values import (
    AMOUNT,
    BUSINESS_KIND,
    DATE,
    DETAIL,
    FLAG,
    IDENTIFIER,
    INTEGER,
    ORGAN_ID,
    PRIORITY,
    STATUS_CODE,
    TEXT,
    TIMESTAMP,
    TRUTH,
    Kind,
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element with one value.

    `required`: refused when missing. `expected`: reported when missing. `many`: repeats, the field is a
    tuple. `raw` names the field that keeps the text when it cannot be read.
    """

    element: str
    field: str
    kind: Kind = TEXT
    required: bool = False
    expected: bool = False
    many: bool = False
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Inside:
    """An element without a counterpart in the model: its members are fields of the same object."""

    element: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """An element that is an object of the model. An empty one counts as absent."""

    element: str
    field: str
    shape: Shape
    many: bool = False
    required: bool = False


Member = Leaf | Inside | Part


@dataclass(frozen=True, slots=True)
class Shape:
    """A class of the model and its elements."""

    model: type
    members: tuple[Member, ...]


_ADDRESS: tuple[Member, ...] = (
    Leaf("OrganizationInCharge", "in_charge"),
    Leaf("OrganName", "name"),
    Leaf("OrganAdd", "address"),
    Leaf("Email", "email"),
    Leaf("Telephone", "telephone"),
    Leaf("Fax", "fax"),
    Leaf("Website", "website"),
)
ORGANIZATION = Shape(model.Organization, (Leaf("OrganId", "organ_id", ORGAN_ID, required=True), *_ADDRESS))
RESPONSE_FOR = Shape(
    model.ResponseFor,
    (
        Leaf("OrganId", "organ_id", ORGAN_ID),
        Leaf("Code", "code", IDENTIFIER),
        Leaf("DocumentId", "document_id", IDENTIFIER),
        Leaf("PromulgationDate", "promulgation_date", DATE),
    ),
)
STAFF = Shape(
    model.Staff,
    (
        Leaf("Department", "department"),
        Leaf("DepartmentId", "department_id"),
        Leaf("Staff", "staff"),
        Leaf("StaffId", "staff_id"),
        Leaf("Email", "email"),
        Leaf("Mobile", "mobile"),
    ),
)
_OTHER_INFO = Shape(
    model.OtherInfo,
    (
        Leaf("Priority", "priority", PRIORITY),
        Leaf("SphereOfPromulgation", "sphere_of_promulgation"),
        Leaf("TyperNotation", "typer_notation"),
        Leaf("PromulgationAmount", "promulgation_amount", AMOUNT),
        Leaf("PageAmount", "page_amount", AMOUNT),
        Leaf("ReplyFors", "reply_fors"),
        Leaf("Direction", "direction", TRUTH),
        Leaf("ReferenceCodes", "reference_codes"),
        Inside("Appendixes", (Leaf("Appendix", "appendixes", many=True),)),
    ),
)
_CODE = Shape(
    model.DocumentCode,
    (
        Leaf("CodeNumber", "number", IDENTIFIER, expected=True),
        Leaf("CodeNotation", "notation", IDENTIFIER, expected=True),
    ),
)
_PROMULGATION = Shape(
    model.PromulgationInfo,
    (Leaf("Place", "place"), Leaf("PromulgationDate", "promulgation_date", DATE, expected=True)),
)
_TYPE = Shape(
    model.DocumentType,
    (
        Leaf("Type", "group", INTEGER),
        Leaf("TypeDetail", "detail", DETAIL),
        Leaf("TypeName", "name", expected=True),
    ),
)
_SIGNER = Shape(
    model.SignerInfo,
    (Leaf("Competence", "competence"), Leaf("Position", "position"), Leaf("FullName", "full_name")),
)
DOCUMENT_HEADER: tuple[Member, ...] = (
    Part("From", "sender", ORGANIZATION, required=True),
    Part("To", "recipients", ORGANIZATION, many=True, required=True),
    Leaf("DocumentId", "document_id", IDENTIFIER, required=True),
    Part("Code", "code", _CODE),
    Part("PromulgationInfo", "promulgation", _PROMULGATION),
    Part("DocumentType", "document_type", _TYPE),
    Leaf("Subject", "subject", expected=True),
    Leaf("Content", "content"),
    Part("SignerInfo", "signer", _SIGNER),
    Leaf("DueDate", "due_date", DATE),
    Part("OtherInfo", "other", _OTHER_INFO),
    Part("ResponseFor", "response_for", RESPONSE_FOR, many=True),
    Leaf("SteeringType", "steering_type", INTEGER),
    Inside("ResponseForTask", (Leaf("TaskCode", "task_codes", IDENTIFIER, many=True),)),
    Leaf("ApplicationType", "application_type"),
    Inside("ToPlaces", (Leaf("Place", "to_places", many=True),)),
)
_RECEIVER = Shape(
    model.Receiver,
    (Leaf("OrganId", "organ_id", ORGAN_ID), Leaf("ReceiverType", "receiver_type", INTEGER)),
)
_REPLACEMENT = Shape(
    model.Replacement,
    (
        Leaf("DocumentId", "document_id", IDENTIFIER),
        Inside("OrganIdList", (Leaf("OrganId", "organ_ids", ORGAN_ID, many=True),)),
    ),
)
_UPDATE: tuple[Member, ...] = (
    Leaf("DocumentInfo", "document_info", FLAG),
    Leaf("DocumentReceiver", "document_receiver", FLAG),
    Inside("ReceiverList", (Part("Receiver", "receivers", _RECEIVER, many=True),)),
)
BUSINESS = Part(
    "Bussiness",
    "business",
    Shape(
        model.Business,
        (
            Leaf("DocumentId", "document_id", IDENTIFIER),
            Leaf("BussinessDocType", "kind", BUSINESS_KIND, raw="kind_text"),
            Leaf("BussinessDocReason", "reason"),
            Leaf("Paper", "paper", FLAG),
            Inside("BussinessDocumentInfo", _UPDATE),
            Inside("ReplacementInfoList", (Part("ReplacementInfo", "replacements", _REPLACEMENT, many=True),)),
            Part("StaffInfo", "staff", STAFF),
        ),
    ),
)
_TRACE_HEADER = Shape(
    model.TraceHeader,
    (Leaf("OrganId", "organ_id", ORGAN_ID), Leaf("Timestamp", "timestamp", TIMESTAMP)),
)
TRACE_HEADERS = Part("TraceHeader", "trace_headers", _TRACE_HEADER, many=True)
TRACE_PAPER = Leaf("Paper", "trace_paper", FLAG)
TRACE_LIST: tuple[Member, ...] = (BUSINESS, TRACE_HEADERS, TRACE_PAPER)
STATUS_HEADER: tuple[Member, ...] = (
    Part("From", "sender", ORGANIZATION, required=True),
    Part("ResponseFor", "response_for", RESPONSE_FOR, required=True),
    Part("StaffInfo", "staff", STAFF),
    Leaf("StatusCode", "code", STATUS_CODE, required=True),
    Leaf("Description", "description"),
    Leaf("Timestamp", "timestamp", TIMESTAMP, expected=True),
)
