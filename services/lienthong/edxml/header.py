"""From the finished header to a document without attachments, or to a status."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from lienthong.edxml.codes import STATUS_NAMES
from lienthong.edxml.fields import read_fields
from lienthong.edxml.findings import Code, Reason
from lienthong.edxml.layout import DOCUMENT_HEADER, STATUS_HEADER, TRACE_LIST
from lienthong.edxml.model import BusinessKind, Document, Message, Status
from lienthong.edxml.structure import SIGNATURE

if TYPE_CHECKING:
    from lienthong.edxml.report import Report
    from lienthong.edxml.tree import Node

# An empty element that one of the SDKs writes in place of a signature.
_STAND_IN = "DigitalSignature"
_KNOWN = {"MessageHeader", "Status", "TraceHeaderList", SIGNATURE, _STAND_IN}


def read_header(node: Node, report: Report) -> Message | None:
    """The message of a header; None when it is refused, and the report has all problems of the header."""
    message = node.first("MessageHeader", "Status")
    if message is None:
        report.refuse(Reason.HEADER_MISSING, f"{node.path}/MessageHeader", node.place)
        return None
    for extra in [child for child in node.children if child.name in {"MessageHeader", "Status"}][1:]:
        report.refuse(Reason.HEADER_REPEATED, extra.path, extra.place)
    for child in node.children:
        if child.name not in _KNOWN:
            report.skip(child.path, child.text)
    if message.name == "Status":
        report.find(Code.HEADER_NAMED_STATUS, message.path, "Status", "MessageHeader")
    is_status = message.name == "Status" or message.first("StatusCode") is not None
    return _status(message, report) if is_status else _document(node, message, report)


def _status(message: Node, report: Report) -> Status | None:
    values = read_fields(message, STATUS_HEADER, report)
    answered = values.get("response_for")
    path = f"{message.path}/ResponseFor"
    if answered and not answered.organ_id:
        report.refuse(Reason.FIELD_REQUIRED, f"{path}/OrganId", message.place)
    if answered and not answered.document_id:
        if not answered.code:
            report.refuse(Reason.FIELD_REQUIRED, f"{path}/DocumentId", message.place)
        report.find(Code.FIELD_MISSING, f"{path}/DocumentId")
    if report.problems:
        return None
    if values["code"] not in STATUS_NAMES:
        report.find(Code.STATUS_CODE_UNKNOWN, f"{message.path}/StatusCode", values["code"], values["code"])
    return Status(**values)


def _document(node: Node, message: Node, report: Report) -> Document | None:
    values = read_fields(message, DOCUMENT_HEADER, report)
    for trace in node.every("TraceHeaderList"):
        _merge(values, trace, report)
    if report.problems:
        return None
    document = Document(**values)
    _remark_recipients(document, message, report)
    _remark_business(document, node, report)
    return document


def _merge(values: dict[str, Any], trace: Node, report: Report) -> None:
    """Take the fields of one trace list; of several lists the hops add up, of the rest the first one counts."""
    for name, value in read_fields(trace, TRACE_LIST, report).items():
        if name == "trace_headers":
            values[name] = (*values.get(name, ()), *value)
        elif name in values:
            report.find(Code.ELEMENT_REPEATED, f"{trace.path}/{name.title()}")
        else:
            values[name] = value


def _remark_recipients(document: Document, message: Node, report: Report) -> None:
    for organ_id, times in Counter(agency.organ_id for agency in document.recipients).items():
        if times > 1:
            report.find(Code.RECIPIENT_REPEATED, f"{message.path}/To", organ_id, organ_id)


def _remark_business(document: Document, node: Node, report: Report) -> None:
    business = document.business
    lists = node.every("TraceHeaderList")
    found = (child for trace in lists for child in trace.children if child.name in {"Bussiness", "Business"})
    sent = next((child for child in found if not child.blank), None)
    if sent is None or business is None:
        return
    if not sent.value("BussinessDocType") and not sent.value("BusinessDocType"):
        report.find(Code.BUSINESS_KIND_MISSING, f"{sent.path}/BussinessDocType", "", "0")
    targets = {
        BusinessKind.UPDATE: (business.document_id, "DocumentId"),
        BusinessKind.REPLACE: (business.replacements, "ReplacementInfoList"),
    }
    target, element = targets.get(business.kind or BusinessKind.NEW, ("-", ""))
    if not target:
        report.find(Code.BUSINESS_TARGET_MISSING, f"{sent.path}/{element}")
