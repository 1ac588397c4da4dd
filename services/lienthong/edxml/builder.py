"""What each element of a file means: the listener between the scanner and the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lienthong.edxml.findings import Code, Reason
from lienthong.edxml.header import read_header
from lienthong.edxml.problems import over_limit, refuse
from lienthong.edxml.signature import Mark
from lienthong.edxml.structure import (
    HEADER,
    SIGNATURE,
    check_child,
    check_root,
    is_attachment,
    is_header,
    is_reference,
    note_unknown,
)
from lienthong.edxml.tree import Node, Tree

if TYPE_CHECKING:
    from lienthong.edxml.attachments import Gathering
    from lienthong.edxml.limits import Limits
    from lienthong.edxml.model import Message
    from lienthong.edxml.payload import Payload
    from lienthong.edxml.report import Report

PAYLOAD = "ContentTransferEncoded"


class Where(Protocol):
    """Where the current event stands."""

    def place(self) -> tuple[int, int]:
        """Line and column in the file, from 1."""

    def offset(self) -> int:
        """Offset among the bytes outside the payloads."""


class Builder:
    """Takes the events of a file and builds its message."""

    def __init__(self, gathering: Gathering, limits: Limits, report: Report) -> None:
        self._gathering = gathering
        self._limits = limits
        self._report = report
        self._tree = Tree(limits, report)
        self._where: Where | None = None
        self._payload: Payload | None = None
        self._payload_bytes = 0
        self._in_payload = False
        self._in_signature = False
        self._headed = False
        self.encoding = "UTF-8"
        self.signature: Mark | None = None
        self.message: Message | None = None

    def attach(self, where: Where) -> None:
        """Say whom to ask for places; the scanner and its listener know each other."""
        self._where = where

    def declared(self, encoding: str, used: str) -> None:
        """The XML declaration names an encoding; `used` is the one that the bytes are read in."""
        self.encoding = used
        if encoding.upper() != "UTF-8":
            self._report.find(Code.ENCODING_OTHER, "", encoding, "UTF-8")

    def start(self, name: str, attributes: list[str]) -> bool:
        """An element starts. True when its text is a payload."""
        place = self._place()
        if self._in_payload:
            path = self._tree.current.path if self._tree.current else ""
            raise refuse(Reason.BASE64_INVALID, path, place, found=f"<{name}>")
        if self._in_signature or self._signature_starts(name, place):
            self._within_signature(place)
            return False
        node = self._tree.start(name, attributes, place)
        if node.parent is None:
            check_root(node, self._report)
        check_child(node)
        if is_attachment(node):
            self._gathering.add(node)
        self._in_payload = node.name == PAYLOAD and node.parent is not None and is_attachment(node.parent)
        if self._in_payload:
            self._payload = self._gathering.payload(node)
        return self._in_payload

    def end(self) -> None:
        """The innermost element ends."""
        if self._in_signature:
            self._leave_signature()
            return
        node = self._tree.end()
        if self._in_payload:
            self._end_payload()
        elif is_header(node):
            self._read(node)
        elif is_reference(node):
            self._gathering.references.append(node)

    def text(self, text: str) -> None:
        """Characters of the innermost element."""
        if not self._in_signature:
            self._tree.text(text)

    def payload(self, data: bytes) -> None:
        """A piece of a payload text."""
        self._payload_bytes += len(data) * 3 // 4
        if self._payload_bytes > self._limits.attachments_bytes:
            raise over_limit("attachments_bytes", self._limits.attachments_bytes, "", self._place())
        if self._payload:
            self._payload.write(data)

    def finish(self) -> Message | None:
        """The file is complete: its message, still without attachments; None when its header is refused.

        Raises:
            EdxmlError: there was no header.
        """
        if self._tree.root:
            note_unknown(self._tree.root, self._report)
        if not self._headed:
            raise refuse(Reason.HEADER_MISSING, f"edXML/edXMLEnvelope/{HEADER}")
        return self.message

    def _read(self, node: Node) -> None:
        if self._headed:
            raise refuse(Reason.HEADER_REPEATED, node.path, node.place)
        self._headed = True
        self.message = read_header(node, self._report)
        node.children.clear()

    def _end_payload(self) -> None:
        self._in_payload = False
        if self._payload:
            self._payload.finish()
            self._payload = None

    def _signature_starts(self, name: str, place: tuple[int, int]) -> bool:
        parent = self._tree.current
        if name.rpartition(":")[2] != SIGNATURE or parent is None or not is_header(parent):
            return False
        if self.signature:
            rule = f"a header has at most one {SIGNATURE}"
            raise refuse(Reason.HEADER_REPEATED, f"{parent.path}/{SIGNATURE}", place, rule=rule)
        self._in_signature = True
        # Namespaces of the subtree are its own affair: only the scope around it matters.
        self.signature = Mark(self._offset(), dict(self._tree.names.scope), depth=0)
        return True

    def _within_signature(self, place: tuple[int, int]) -> None:
        if self.signature is None:
            raise AssertionError("a signature has started")
        self.signature.depth += 1
        self._tree.count(place, self._tree.depth + self.signature.depth)
        self._bound_signature(self.signature, place)

    def _leave_signature(self) -> None:
        if self.signature is None:
            raise AssertionError("a signature has started")
        self.signature.depth -= 1
        self.signature.last_tag = self._offset()
        self._bound_signature(self.signature, self._place())
        self._in_signature = self.signature.depth > 0

    def _bound_signature(self, mark: Mark, place: tuple[int, int]) -> None:
        if self._offset() - mark.start > self._limits.signature_bytes:
            raise over_limit("signature_bytes", self._limits.signature_bytes, SIGNATURE, place)

    def _place(self) -> tuple[int, int]:
        return self._where.place() if self._where else (0, 0)

    def _offset(self) -> int:
        return self._where.offset() if self._where else 0
