"""The one canonical rendition of a document: its bytes are fixed at acceptance, for all recipients."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from lienthong import edxml
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.intake.domain import Addressed
from lienthong.intake.domain.problems import from_codec
from lienthong.intake.handlers.contents import BlobSpools
from lienthong.intake.handlers.prepare import RefusedError
from lienthong.intake.reading import Readers


@dataclass(frozen=True, slots=True)
class Fixed:
    """A rendition whose bytes are fixed.

    Attributes:
        plan: As the codec stores it.
        size: Length in bytes.
        sha256: Hash of the whole.
    """

    plan: bytes
    size: int
    sha256: bytes


def fix_rendition(
    document: edxml.Document,
    recipients: Sequence[Addressed],
    accepted: datetime,
    blobs: BlobStore,
    readers: Readers,
) -> Fixed:
    """Makes the rendition: groups expanded, trace time is the time of acceptance.

    Raises:
        RefusedError: A text holds characters that XML cannot carry.
    """
    rendition = planned(document, recipients, accepted)
    sha256 = readers.hash_of(rendition, document.attachments)
    if sha256 is None:
        digest = hashlib.sha256()
        for piece in render_spooled(rendition, document.attachments, blobs):
            digest.update(piece)
        sha256 = digest.digest()
    return Fixed(rendition.to_json(), rendition.length, sha256)


def planned(document: edxml.Document, recipients: Sequence[Addressed], accepted: datetime) -> edxml.Rendition:
    """Plans the rendition.

    Raises:
        RefusedError: A text holds characters that XML cannot carry.
    """
    try:
        return edxml.plan(rendered_document(document, recipients, accepted))
    except edxml.EdxmlError as error:
        raise RefusedError([from_codec(problem) for problem in error.problems]) from error


def rendered_document(document: edxml.Document, recipients: Sequence[Addressed], accepted: datetime) -> edxml.Document:
    """Gives the document as recipients get it."""
    hop = edxml.TraceHeader(document.sender.organ_id, accepted.astimezone(edxml.VIETNAM_TIME).replace(microsecond=0))
    return replace(
        document,
        recipients=tuple(one.organization for one in recipients),
        trace_headers=(*document.trace_headers, hop),
    )


def render_spooled(
    rendition: edxml.Rendition, attachments: Sequence[edxml.Attachment], blobs: BlobStore
) -> Iterator[bytes]:
    """Renders from contents that are not durable yet."""
    spools = BlobSpools(blobs)

    def opened(ordinal: int) -> BinaryIO:
        return spools.reader(attachments[ordinal].content.handle)

    return edxml.render(rendition, opened)
