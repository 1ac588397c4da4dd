"""Contents that intake serves: what the caller sent, and its uploads."""

from collections.abc import Iterator
from typing import BinaryIO

from lienthong import edxml
from lienthong.chassis.engines.blobs import BlobStore, open_kept
from lienthong.chassis.errors import not_found
from lienthong.chassis.renditions import plan_of
from lienthong.chassis.rpc.call import Call, Content, pieces
from lienthong.chassis.uow import AuditEntry, UnitsOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.intake import storage
from lienthong.intake.config import IntakeSection
from lienthong.intake.handlers.uploads import Holders, UploadSink, settle_upload, upload_of


class IntakeContents:
    """Serves `documents/{document}/rendition` and `documents/{document}/attachments/{ordinal}`; takes uploads."""

    prefixes = ("documents/", "uploads/")

    def __init__(self, units: UnitsOfWork, blobs: BlobStore, section: IntakeSection) -> None:
        self._units = units
        self._blobs = blobs
        self._section = section
        self._holders = Holders()

    def open_content(self, name: str, call: Call) -> Content:
        """Opens what the caller sent; audited.

        Raises:
            AxisError: NOT_FOUND.
        """
        match name.split("/"):
            case ["documents", identifier, "rendition"]:
                event = self._sent(name, identifier, call)
                return Content(event.rendition.size, lambda offset: self._rendition(event, offset))
            case ["documents", identifier, "attachments", ordinal] if ordinal.isdecimal():
                event = self._sent(name, identifier, call)
                if int(ordinal) < len(event.attachments):
                    blob = event.attachments[int(ordinal)].blob
                    return Content(blob.size, lambda offset: pieces(open_kept(self._blobs, blob.key), offset))
        raise not_found(name)

    def open_upload(self, name: str, call: Call) -> UploadSink:
        """Opens an upload of the caller's agency.

        Raises:
            AxisError: NOT_FOUND.
        """
        upload = settle_upload(upload_of(self._units, name, call.caller.acting().id), self._units, self._blobs)
        return UploadSink(upload, self._units, self._blobs, self._section, self._holders)

    def _sent(self, name: str, identifier: str, call: Call) -> DocumentAccepted:
        caller = call.caller
        with self._units.database.read() as connection:
            stored = storage.document_by_id(connection, identifier, caller.reach)
        if stored is None:
            raise not_found(name)
        self._units.note(AuditEntry(caller.system.id, caller.scope, "content.read", name, person=caller.person))
        return stored.event

    def _rendition(self, event: DocumentAccepted, offset: int) -> Iterator[bytes]:
        def opened(ordinal: int) -> BinaryIO:
            return open_kept(self._blobs, event.attachments[ordinal].blob.key)

        return edxml.render(plan_of(event.rendition, self._blobs), opened, offset)
