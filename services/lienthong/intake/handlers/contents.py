"""Contents on their way into the blob store: written while they pass, durable only when the document is accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from lienthong import edxml
from lienthong.chassis.engines.blobs import BlobStore, BlobWriter


@dataclass(frozen=True, slots=True)
class UploadedContent:
    """A content that came by upload and is durable already.

    Attributes:
        key: Key in the blob store.
        upload: The upload.
    """

    key: str
    upload: str


class BlobSpools:
    """Gives the codec places in the blob store. A handle is the writer, or the upload that holds the content."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def open(self) -> edxml.Spool:
        """Starts a content."""
        return _BlobSpool(self._blobs.create())

    def reader(self, handle: object) -> BinaryIO:
        """Opens a content that was written."""
        if isinstance(handle, UploadedContent):
            return self._blobs.open(handle.key)
        return self._blobs.open_partial(writer_of(handle).key)


class _BlobSpool:
    def __init__(self, writer: BlobWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def finish(self) -> BlobWriter:
        self._writer.flush()
        return self._writer

    def discard(self) -> None:
        self._writer.discard()


def writer_of(handle: object) -> BlobWriter:
    """Gives the writer behind a content that was spooled here.

    Raises:
        TypeError: It was not.
    """
    if handle is None:
        raise TypeError("a content without a handle was not written by this codec run")
    return handle  # type: ignore[return-value] # every other handle is a writer made above


def key_of(attachment: edxml.Attachment) -> str:
    """Gives the key under which an attachment's content stands."""
    handle = attachment.content.handle
    return handle.key if isinstance(handle, UploadedContent) else writer_of(handle).key


def uploaded_of(attachments: Sequence[edxml.Attachment]) -> list[UploadedContent]:
    """Gives the contents of a document that uploads hold."""
    handles = (attachment.content.handle for attachment in attachments)
    return [handle for handle in handles if isinstance(handle, UploadedContent)]


def commit(attachments: Sequence[edxml.Attachment]) -> None:
    """Makes the contents durable.

    Raises:
        AxisError: RESOURCE_EXHAUSTED when the disk is full.
    """
    for attachment in attachments:
        if not isinstance(attachment.content.handle, UploadedContent):
            writer_of(attachment.content.handle).commit()


def drop(blobs: BlobStore, attachments: Sequence[edxml.Attachment]) -> None:
    """Removes contents that no document will hold; an upload keeps its own."""
    for attachment in attachments:
        if not isinstance(attachment.content.handle, UploadedContent):
            writer_of(attachment.content.handle).discard()
            blobs.delete(key_of(attachment))
