"""The fingerprint of a document: equal for equal documents, however they were serialised."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Any

from lienthong.edxml.layout import BUSINESS, DOCUMENT_HEADER, TRACE_PAPER, Inside, Leaf, Member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lienthong.edxml.model import Document

_VERSION = "edxml-fingerprint-1"


def fingerprint(document: Document) -> str:
    """SHA-256 (hex) over the normalised document.

    Covers the message header, `Bussiness`, and of each attachment, in order, its name, description and
    content hash. Leaves out what hops and libraries change: trace headers, signature, content ids, declared
    types. Texts are trimmed and in NFC; absent and empty are the same.
    """
    digest = hashlib.sha256(_VERSION.encode())
    for path, text in _lines(document):
        normal = unicodedata.normalize("NFC", text).strip()
        if normal:
            # Lengths keep one text from running into the next.
            line = f"{path}={len(normal)}:{normal}\n"
            digest.update(line.encode(errors="surrogatepass"))
    return digest.hexdigest()


def _lines(document: Document) -> Iterator[tuple[str, str]]:
    yield from _members("MessageHeader", document, DOCUMENT_HEADER)
    yield from _members("TraceHeaderList", document, (BUSINESS, TRACE_PAPER))
    for ordinal, attachment in enumerate(document.attachments, 1):
        path = f"Attachment[{ordinal}]"
        yield f"{path}/AttachmentName", attachment.name
        yield f"{path}/Description", attachment.description
        yield f"{path}/sha256", attachment.content.sha256


def _members(path: str, item: Any, members: tuple[Member, ...]) -> Iterator[tuple[str, str]]:
    for member in members:
        inner = f"{path}/{member.element}"
        if isinstance(member, Inside):
            yield from _members(inner, item, member.members)
            continue
        value = getattr(item, member.field)
        for ordinal, single in enumerate(value if member.many else (value,), 1):
            place = f"{inner}[{ordinal}]" if member.many else inner
            if not isinstance(member, Leaf):
                if single is not None:
                    yield from _members(place, single, member.shape.members)
            elif single is not None:
                yield place, member.kind.write(single)
            elif member.raw:
                yield place, getattr(item, member.raw)
