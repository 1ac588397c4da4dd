"""What a document holds, read back whole: its canonical rendition, and its attachments as they were sent.

The event of a document keeps the plan of its rendition: a small one in itself, a large one in the blob store. A blob of
its own costs whoever accepts a document one more durable write, and whoever reads it one more request.
"""

import zlib
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO, Final

from lienthong import edxml
from lienthong.chassis.engines.blobs import BlobStore, damaged, kept, open_kept
from lienthong.chassis.errors import not_found
from lienthong.chassis.rpc.call import pieces
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted, Rendition, StoredAttachment

PACKED_BYTES_AT_MOST: Final = 8 * 1024
"""What an event carries of a plan. The plan of a document to one agency is packed into about 1 KiB."""


def keep_plan(rendition: Rendition, plan: bytes, blobs: BlobStore) -> None:
    """Puts a plan where it is found again; durable with the event, or when this returns.

    Args:
        rendition: Of the event; is changed.
        plan: As the codec stores it.
        blobs: Where a large one goes.

    Raises:
        AxisError: RESOURCE_EXHAUSTED when the disk is full, UNAVAILABLE when the store is away.
    """
    rendition.plan.size = len(plan)
    packed = zlib.compress(plan)
    if len(packed) <= PACKED_BYTES_AT_MOST:
        rendition.packed_plan = packed
        return
    with blobs.create() as writer:
        writer.write(plan)
    rendition.plan.key = writer.key


def plan_of(rendition: Rendition, blobs: BlobStore) -> edxml.Rendition:
    """Reads the plan of a rendition.

    Raises:
        AxisError: UNAVAILABLE when the store is away, or does not have it any more.
        ValueError: It is damaged, or of a format not known here.
    """
    if rendition.packed_plan:
        return edxml.Rendition.from_json(zlib.decompress(rendition.packed_plan, bufsize=rendition.plan.size))
    with open_kept(blobs, rendition.plan.key) as source:
        return edxml.Rendition.from_json(source.read())


def rendered(accepted: DocumentAccepted, blobs: BlobStore, offset: int) -> Iterator[bytes]:
    """Puts the canonical rendition of a document together from an offset on, in constant memory.

    Raises:
        AxisError: UNAVAILABLE when the store is away, lost a part of it, or holds other bytes than were stored.
    """
    keys = {stored.attachment.ordinal: stored.blob.key for stored in accepted.attachments}

    def opener(ordinal: int) -> BinaryIO:
        return open_kept(blobs, keys[ordinal])

    whole = accepted.rendition
    parts = edxml.render(plan_of(whole, blobs), opener, offset)
    return _whole(parts, whole.size - offset, b"" if offset else whole.sha256, f"content of {accepted.document}")


def attached(stored: StoredAttachment, blobs: BlobStore, offset: int) -> Iterator[bytes]:
    """Reads an attachment as it was sent, from an offset on. See `rendered`."""
    key, whole = stored.blob.key, stored.attachment
    parts = pieces(open_kept(blobs, key), offset)
    return _whole(parts, whole.size - offset, b"" if offset else whole.sha256, f"content {key}")


def _whole(parts: Iterator[bytes], length: int, expected: bytes, what: str) -> Iterator[bytes]:
    """Reads what a document names; where the store lost a part, that is told, and is not taken for the end.

    What is other than it was stored has no end: its last part is kept back.
    """
    digest, last = sha256(), b""
    with kept():
        try:
            for part in parts:
                if last:
                    yield last
                last = part
                length -= len(part)
                digest.update(part)
        except edxml.EdxmlError as error:
            raise not_found(what) from error
        if length > 0:
            raise not_found(what)
        if expected and digest.digest() != expected:
            raise damaged(what)
        if last:
            yield last
