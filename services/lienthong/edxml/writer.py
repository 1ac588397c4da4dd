"""Writing edXML: the canonical form, byte for byte, and nothing else.

Receivers in production match the literal prefix `edXML` and the root's name, so both stand exactly where the
shipped library puts them: the root in the default namespace, the envelope declaring the prefix, the
attachments unprefixed but for their payload, which declares it again.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from lienthong.edxml.findings import EdxmlError, Problem, Reason
from lienthong.edxml.layout import DOCUMENT_HEADER, STATUS_HEADER, TRACE_LIST, Inside, Leaf, Member
from lienthong.edxml.model import Attachment, Document, Message, Status
from lienthong.edxml.names import RAW_TYPES, extension_of
from lienthong.edxml.problems import problem
from lienthong.edxml.rendition import Framing, Rendition, Splice, render
from lienthong.edxml.signature import carriable
from lienthong.edxml.tree import NAMESPACE, PREFIX
from lienthong.edxml.zipframe import zip_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lienthong.edxml.spools import Spools

UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 carries. Word processors leave U+000B in what is copied from them."""
_ZIP_TYPE = "application/zip"


def plan(document: Document) -> Rendition:
    """The canonical file of a document, contents left open.

    Raises:
        EdxmlError: a required field is missing, a text holds characters that XML cannot carry, or content ids
        are
            missing or repeated; all problems together.
    """
    page = _Page(problems=_missing(document))
    page.open("edXML", f' xmlns="{NAMESPACE}"', prefix="")
    page.open("edXMLEnvelope", f' xmlns:{PREFIX}="{NAMESPACE}"')
    page.open("edXMLHeader")
    page.part("MessageHeader", document, DOCUMENT_HEADER)
    page.part("TraceHeaderList", document, TRACE_LIST)
    if document.signature_xml and carriable(document.signature_xml):
        page.verbatim(document.signature_xml)
    page.shut("edXMLHeader")
    if document.attachments:
        _manifest(page, document.attachments)
    page.shut("edXMLEnvelope")
    if document.attachments:
        _attachments(page, document.attachments)
    page.shut("edXML", prefix="")
    return page.rendition()


def render_status(status: Status) -> bytes:
    """The canonical file of a status.

    Raises:
        EdxmlError: as `plan`.
    """
    page = _Page(problems=_missing_in_status(status))
    page.open("edXML", f' xmlns="{NAMESPACE}"', prefix="")
    page.open("edXMLEnvelope", f' xmlns:{PREFIX}="{NAMESPACE}"')
    page.open("edXMLHeader")
    page.part("MessageHeader", status, STATUS_HEADER)
    page.shut("edXMLHeader")
    page.shut("edXMLEnvelope")
    page.shut("edXML", prefix="")
    return page.rendition().skeleton


def write(message: Message, spools: Spools) -> Iterator[bytes]:
    """The canonical file of a message whose contents lie in `spools`.

    Raises:
        EdxmlError: as `plan` and `render`.
    """
    if isinstance(message, Status):
        return iter((render_status(message),))
    attachments = message.attachments

    def opener(ordinal: int) -> BinaryIO:
        return spools.reader(attachments[ordinal].content.handle)

    return render(plan(message), opener)


@dataclass(slots=True)
class _Page:
    """The lines of a file, two blanks for each level, and its splices."""

    problems: list[Problem]
    splices: list[Splice] = field(default_factory=list)
    _out: bytearray = field(default_factory=lambda: bytearray(b'<?xml version="1.0" encoding="UTF-8"?>\n'))
    _path: list[str] = field(default_factory=list)

    def open(self, name: str, attributes: str = "", prefix: str = PREFIX + ":") -> None:
        """A start tag on a line of its own."""
        self._line(f"<{prefix}{name}{attributes}>")
        self._path.append(name)

    def shut(self, name: str, prefix: str = PREFIX + ":") -> None:
        """An end tag on a line of its own."""
        self._path.pop()
        self._line(f"</{prefix}{name}>")

    def leaf(self, name: str, text: str, prefix: str = PREFIX + ":") -> None:
        """An element with a text; left out when the text is blank."""
        if not text.strip():
            return
        illegal = UNWRITABLE.search(text)
        if illegal:
            path = "/".join([*self._path, name])
            self.problems.append(problem(Reason.CHARACTER_ILLEGAL, path, found=ascii(illegal.group())))
            return
        self._line(f"<{prefix}{name}>{_escaped(text)}</{prefix}{name}>")

    def part(self, name: str, item: Any, members: tuple[Member, ...]) -> None:
        """An element with the fields of an object; left out when none has a value."""
        before = len(self._out)
        self.open(name)
        inner = len(self._out)
        for member in members:
            self._member(item, member)
        if len(self._out) == inner:
            self._path.pop()
            del self._out[before:]
        else:
            self.shut(name)

    def verbatim(self, xml: bytes) -> None:
        """Bytes as they are."""
        self._out += b"  " * len(self._path) + xml + b"\n"

    def payload(self, ordinal: int, attachment: Attachment, framing: Framing) -> None:
        """The element that carries a content."""
        name = f"{PREFIX}:ContentTransferEncoded"
        self._out += b"  " * len(self._path) + f'<{name} xmlns:{PREFIX}="{NAMESPACE}">'.encode()
        self.splices.append(_splice(len(self._out), ordinal, attachment, framing))
        self._out += f"</{name}>\n".encode()

    def rendition(self) -> Rendition:
        """The finished file."""
        if self.problems:
            raise EdxmlError(tuple(self.problems))
        return Rendition(bytes(self._out), tuple(self.splices))

    def _member(self, item: Any, member: Member) -> None:
        if isinstance(member, Inside):
            self.part(member.element, item, member.members)
            return
        value = getattr(item, member.field)
        for single in value if member.many else (value,):
            if not isinstance(member, Leaf):
                if single is not None:
                    self.part(member.element, single, member.shape.members)
            elif single is not None:
                self.leaf(member.element, member.kind.write(single))
            elif member.raw:
                self.leaf(member.element, getattr(item, member.raw))

    def _line(self, text: str) -> None:
        self._out += b"  " * len(self._path) + text.encode() + b"\n"


def _manifest(page: _Page, attachments: tuple[Attachment, ...]) -> None:
    page.open("edXMLBody")
    page.open("edXMLManifest", ' version="1.0"')
    for attachment in attachments:
        page.open("Reference")
        page.leaf("ContentId", f"cid:{attachment.content_id}")
        page.leaf("ContentType", _wire_form(attachment)[1])
        page.leaf("Description", attachment.description)
        page.leaf("AttachmentName", attachment.name)
        page.shut("Reference")
    page.shut("edXMLManifest")
    page.shut("edXMLBody")


def _attachments(page: _Page, attachments: tuple[Attachment, ...]) -> None:
    page.open("AttachmentEncoded", prefix="")
    for ordinal, attachment in enumerate(attachments):
        framing, content_type = _wire_form(attachment)
        page.open("Attachment", prefix="")
        page.leaf("ContentId", f"cid:{attachment.content_id}", prefix="")
        page.leaf("AttachmentName", attachment.name, prefix="")
        page.leaf("Description", attachment.description, prefix="")
        page.leaf("ContentType", content_type, prefix="")
        page.payload(ordinal, attachment, framing)
        page.shut("Attachment", prefix="")
    page.shut("AttachmentEncoded", prefix="")


def _wire_form(attachment: Attachment) -> tuple[Framing, str]:
    content_type = RAW_TYPES.get(extension_of(attachment.name))
    return (Framing.RAW, content_type) if content_type else (Framing.ZIP, _ZIP_TYPE)


def _splice(offset: int, ordinal: int, attachment: Attachment, framing: Framing) -> Splice:
    content = attachment.content
    prefix = suffix = b""
    if framing is Framing.ZIP:
        frame = zip_frame(content, extension_of(attachment.name))
        prefix, suffix = frame.prefix, frame.suffix
    return Splice(offset, ordinal, framing, prefix, suffix, content.size, content.crc32, content.sha256)


def _missing(document: Document) -> list[Problem]:
    fields = {
        "From/OrganId": document.sender.organ_id,
        "To": document.recipients,
        "To/OrganId": all(agency.organ_id.strip() for agency in document.recipients),
        "DocumentId": document.document_id.strip(),
    }
    problems = [problem(Reason.FIELD_REQUIRED, f"MessageHeader/{name}") for name in fields if not fields[name]]
    ids = Counter(attachment.content_id for attachment in document.attachments)
    for content_id, times in ids.items():
        if not content_id.strip():
            problems.append(problem(Reason.CONTENT_ID_MISSING, "Attachment/ContentId"))
        elif times > 1:
            problems.append(problem(Reason.ATTACHMENT_REPEATED, "Attachment/ContentId", found=content_id))
    return problems


def _missing_in_status(status: Status) -> list[Problem]:
    answered = status.response_for
    fields = {
        "From/OrganId": status.sender.organ_id,
        "ResponseFor/OrganId": answered.organ_id,
        "ResponseFor/DocumentId": answered.document_id or answered.code,
        "StatusCode": status.code,
    }
    return [problem(Reason.FIELD_REQUIRED, f"MessageHeader/{name}") for name in fields if not fields[name].strip()]


def _escaped(text: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A parser turns a bare carriage return into a line feed.
    return plain.replace("\r", "&#13;")
