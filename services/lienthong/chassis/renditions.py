"""Where the event of a document keeps the plan of its rendition: a small one in itself, a large one in the blob store.

A blob of its own costs whoever accepts a document one more durable write, and whoever reads it one more request.
"""

import zlib
from typing import Final

from lienthong import edxml
from lienthong.chassis.engines.blobs import BlobStore, open_kept
from lienthong.events.v1.intake_documents_pb2 import Rendition

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
