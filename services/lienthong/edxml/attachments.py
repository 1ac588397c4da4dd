"""Attachments and their references: paired, unpacked where needed, decided by content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lienthong.edxml.archive import entries, is_zip, unpack
from lienthong.edxml.findings import Code, Reason
from lienthong.edxml.model import Attachment, ContentRef, Declared
from lienthong.edxml.names import RAW_TYPES, extension_of
from lienthong.edxml.payload import Meter, Payload
from lienthong.edxml.problems import over_limit

if TYPE_CHECKING:
    from lienthong.edxml.limits import Limits
    from lienthong.edxml.report import Report
    from lienthong.edxml.spools import Spool, Spools
    from lienthong.edxml.tree import Node

_ZIP_TYPE = "application/zip"
_PDF_TYPE = "application/pdf"
_OLE = b"\xd0\xcf\x11\xe0"
_PDF = b"%PDF"
# File formats that are zip archives themselves, of several entries each.
_PACKAGES = frozenset(
    [
        "docx",
        "docm",
        "dotx",
        "xlsx",
        "xlsm",
        "xltx",
        "xlsb",
        "pptx",
        "pptm",
        "potx",
        "ppsx",
        "vsdx",
        "odt",
        "ods",
        "odp",
        "odg",
        "odf",
        "ott",
        "ots",
        "epub",
        "jar",
        "war",
        "apk",
        "asice",
        "asics",
        "sce",
        "scs",
        "bdoc",
        "kmz",
        "xps",
        "oxps",
    ]
)
_HEADS = {"pdf": _PDF} | dict.fromkeys(("doc", "xls", "ppt"), _OLE)
_PARTS = {
    *("ContentId", "AttachmentName", "Description", "ContentType"),
    *("FieldName", "MimeType", "Format", "ContentTransferEncoded"),
}


@dataclass(slots=True, eq=False)
class Encoded:
    """An `Attachment` element and its payload, if it had one."""

    node: Node
    payload: Payload | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A content with its first bytes, and where it lies."""

    content: ContentRef
    head: bytes
    spool: Spool


@dataclass(slots=True, eq=False)
class Gathering:
    """The attachments of one file, from the first payload to the list in the document."""

    spools: Spools
    limits: Limits
    report: Report
    encoded: list[Encoded] = field(default_factory=list)
    references: list[Node] = field(default_factory=list)
    _open: list[Spool] = field(default_factory=list)
    _unpacked_bytes: int = 0

    def add(self, node: Node) -> None:
        """An `Attachment` element starts."""
        if len(self.encoded) >= self.limits.attachments:
            raise over_limit("attachments", self.limits.attachments, node.path, node.place)
        self.encoded.append(Encoded(node))

    def payload(self, node: Node) -> Payload | None:
        """A payload of the current attachment starts; None, with a problem, when it had one already."""
        if self.encoded[-1].payload:
            rule = f"an Attachment has one {node.name}"
            self.report.refuse(Reason.ATTACHMENT_REPEATED, node.path, node.place, rule=rule)
            return None
        payload = Payload(self._spool(), self.limits, node.path, node.place)
        self.encoded[-1].payload = payload
        return payload

    def discard(self) -> None:
        """Forget all contents."""
        for spool in self._open:
            spool.discard()
        self._open.clear()

    def settle(self) -> tuple[Attachment, ...]:
        """The attachments in the order of the file.

        Raises:
            EdxmlError: with all problems of references and attachments together.
        """
        references = self._index([(node, "Reference") for node in self.references])
        found = self._index([(item.node, "Attachment") for item in self.encoded])
        for content_id in references.keys() - found.keys():
            node = references[content_id]
            self.report.refuse(Reason.ATTACHMENT_MISSING, node.path, node.place, content_id)
        for content_id in found.keys() - references.keys():
            node = found[content_id]
            self.report.refuse(Reason.ATTACHMENT_EXTRA, node.path, node.place, content_id)
        for item in self.encoded:
            self._check(item)
        self.report.problems.sort(key=lambda problem: (problem.line, problem.column))
        self.report.settle()
        return tuple(self._attachment(item, references) for item in self.encoded)

    def _index(self, nodes: list[tuple[Node, str]]) -> dict[str, Node]:
        index: dict[str, Node] = {}
        for node, element in nodes:
            content_id = _content_id(node, self.report)
            if not content_id:
                self.report.refuse(Reason.CONTENT_ID_MISSING, f"{node.path}/ContentId", node.place)
            elif content_id in index:
                self.report.refuse(Reason.ATTACHMENT_REPEATED, node.path, node.place, f"{element} {content_id}")
            else:
                index[content_id] = node
        return index

    def _check(self, item: Encoded) -> None:
        if item.payload is None:
            path = f"{item.node.path}/ContentTransferEncoded"
            self.report.refuse(Reason.ATTACHMENT_CONTENT_MISSING, path, item.node.place)
        elif item.payload.fault:
            path = f"{item.node.path}/ContentTransferEncoded"
            self.report.refuse(Reason.BASE64_INVALID, path, item.payload.place, item.payload.fault)
        for child in item.node.children:
            if child.name not in _PARTS:
                self.report.skip(child.path, child.text)

    def _attachment(self, item: Encoded, references: dict[str, Node]) -> Attachment:
        content_id = _bare(item.node.value("ContentId"))
        reference = references[content_id]
        name = self._name(item.node, reference)
        declared = Declared(
            manifest_type=reference.value("ContentType").strip(),
            attachment_type=item.node.value("ContentType").strip(),
            mime_type=item.node.value("MimeType").strip(),
            format=item.node.value("Format").strip(),
            field_name=item.node.value("FieldName").strip(),
        )
        description = item.node.value("Description") or reference.value("Description")
        content = self._content(item, name, declared.attachment_type.lower())
        return Attachment(content_id, name, content, description, declared)

    def _name(self, node: Node, reference: Node) -> str:
        own, listed = node.value("AttachmentName"), reference.value("AttachmentName")
        name = own or listed
        path = f"{node.path}/AttachmentName"
        if own and listed and own.strip() != listed.strip():
            self.report.find(Code.NAME_DIFFERS, path, listed, own)
        if not name:
            self.report.find(Code.NAME_MISSING, path)
        if len(name) > self.limits.name_characters:
            self.report.find(Code.NAME_TOO_LONG, path, str(len(name)), name)
        return name

    def _content(self, item: Encoded, name: str, declared: str) -> ContentRef:
        if item.payload is None or item.payload.content is None:
            raise AssertionError("attachments without content were refused before")
        path, extension = item.node.path, extension_of(name)
        sent = _Layer(item.payload.content, item.payload.head, item.payload.spool)
        found = self._unwrapped(sent, item.node, extension)
        zipped, content, head = found is not sent, found.content, found.head
        if declared and (declared == _ZIP_TYPE) != (zipped or (extension == "zip" and is_zip(head))):
            self.report.find(Code.LABEL_DISAGREES, path, declared, "unpacked" if zipped else "kept as it came")
        elif declared == _PDF_TYPE and not head.startswith(_PDF):
            self.report.find(Code.LABEL_DISAGREES, path, declared, head.hex())
        self._remark(path, extension, content, head)
        return content

    def _remark(self, path: str, extension: str, content: ContentRef, head: bytes) -> None:
        if not content.size:
            self.report.find(Code.ATTACHMENT_EMPTY, path)
            return
        fits = is_zip(head) if extension in _PACKAGES | {"zip"} else head.startswith(_HEADS.get(extension, b""))
        if not fits:
            self.report.find(Code.CONTENT_NOT_AS_NAMED, path, extension, head.hex())

    def _unwrapped(self, sent: _Layer, node: Node, extension: str) -> _Layer:
        """The content within the archive that a sender put around it; what was sent when there is none.

        One archive is taken off, the one that the canonical form puts around. What that form sends as it is loses all
        of them, or the next reader would find another content.
        """
        layer = sent
        for _ in range(self.limits.zip_layers):
            if extension == "zip" or not is_zip(layer.head):
                return layer
            inner = self._unpacked(layer, node, extension)
            if inner is None or extension not in RAW_TYPES:
                return inner or layer
            layer = inner
        raise over_limit("zip_layers", self.limits.zip_layers, node.path, node.place)

    def _unpacked(self, layer: _Layer, node: Node, extension: str) -> _Layer | None:
        with self.spools.reader(layer.content.handle) as stream:
            names = entries(stream, self.limits)
            if len(names) != 1:
                if extension not in _PACKAGES:
                    code = Code.ZIP_SEVERAL_ENTRIES if names else Code.ZIP_KEPT_PACKED
                    self.report.find(code, node.path, str(len(names)), "kept packed")
                return None
            spool = self._spool()
            meter = self._bounded(spool, node)
            unpacked = unpack(stream, meter, self.limits)
        # A package may have one part alone (kmz, jar); an archive around a package holds one of the same kind.
        wrapper = extension not in _PACKAGES or extension_of(names[0]) == extension or _is_package(meter.head)
        inner = _Layer(unpacked, meter.head, spool) if unpacked and wrapper else None
        loser = layer.spool if inner else spool
        loser.discard()
        self._open.remove(loser)
        if unpacked is None:
            self.report.find(Code.ZIP_KEPT_PACKED, node.path, "1", "kept packed")
        elif inner:
            self._unpacked_bytes += unpacked.size
        return inner

    def _bounded(self, spool: Spool, node: Node) -> Meter:
        """A meter for unpacking: one archive is bounded, and all together, or many small ones would fill a disk."""
        left = self.limits.attachments_bytes - self._unpacked_bytes
        if left < self.limits.attachment_bytes:
            return Meter(spool, left, node.path, node.place, "attachments_bytes")
        return Meter(spool, self.limits.attachment_bytes, node.path, node.place)

    def _spool(self) -> Spool:
        spool = self.spools.open()
        self._open.append(spool)
        return spool


def _is_package(head: bytes) -> bool:
    # A package with a password stands in the older container.
    return is_zip(head) or head.startswith(_OLE)


def _bare(text: str) -> str:
    """A content id without its leading `cid:`, of which some senders write several."""
    bare = text.strip()
    while bare[:4].lower() == "cid:":
        bare = bare[4:].lstrip()
    return bare


def _content_id(node: Node, report: Report) -> str:
    sent = node.value("ContentId").strip()
    bare = _bare(sent)
    if bare and sent != f"cid:{bare}":
        report.find(Code.CONTENT_ID_PREFIX, f"{node.path}/ContentId", sent, f"cid:{bare}")
    return bare
