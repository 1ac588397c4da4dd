"""The frame of a file: which root, which packaging, where header, references and attachments stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lienthong.edxml.findings import Code, Reason
from lienthong.edxml.problems import refuse

if TYPE_CHECKING:
    from lienthong.edxml.report import Report
    from lienthong.edxml.tree import Node

ENVELOPE = "edXMLEnvelope"
HEADER = "edXMLHeader"
SIGNATURE = "Signature"
_ROOT = "edXML"
_ROOTS = {_ROOT, "EdXML", ENVELOPE}
_MANIFESTS = {"edXMLManifest", "Manifest"}
_FLAT = {"MessageHeader", "TraceHeaderList", "Attachment"}
# What a part of the frame may hold; the header is read elsewhere.
_FRAME: dict[str, set[str]] = {
    _ROOT: {ENVELOPE, "AttachmentEncoded"},
    ENVELOPE: {HEADER, "edXMLBody", "AttachmentEncoded"},
    "edXMLBody": _MANIFESTS,
    "edXMLManifest": {"Reference"},
    "AttachmentEncoded": {"Attachment"},
    "Reference": {"ContentId", "ContentType", "Description", "AttachmentName"},
}
_SAME = {"EdXML": _ROOT, "Manifest": "edXMLManifest"}


def check_root(node: Node, report: Report) -> None:
    """Refuse what is no message of QCVN 102:2016; report a root of another accepted name."""
    if node.name == "Envelope":
        raise refuse(Reason.SOAP_PACKAGING, node.path, node.place, found=node.name)
    if node.name not in _ROOTS:
        raise refuse(Reason.ROOT_UNKNOWN, node.path, node.place, found=node.name)
    if node.name != _ROOT:
        report.find(Code.ROOT_NAME, node.path, node.name, _ROOT)


def check_child(node: Node) -> None:
    """Refuse the flat packaging, in which header parts stand in the envelope, as soon as it shows."""
    if node.name in _FLAT and node.parent and node.parent.name in _ROOTS:
        raise refuse(Reason.FLAT_PACKAGING, node.path, node.place, found=node.name)


def is_header(node: Node) -> bool:
    """Whether a node is the header of the message."""
    return node.name == HEADER and node.parent is not None and node.parent.name == ENVELOPE


def is_reference(node: Node) -> bool:
    """Whether a node is an entry of the manifest."""
    return node.name == "Reference" and node.parent is not None and node.parent.name in _MANIFESTS


def is_attachment(node: Node) -> bool:
    """Whether a node is an encoded attachment."""
    return node.name == "Attachment" and node.parent is not None and node.parent.name == "AttachmentEncoded"


def note_unknown(node: Node, report: Report) -> None:
    """Note the elements of the frame that have no place in the model."""
    known = _FRAME.get(_SAME.get(node.name, node.name))
    if known is None:
        return
    for child in node.children:
        if child.name in known:
            note_unknown(child, report)
        elif not report.full:
            report.skip(child.path, child.text)
