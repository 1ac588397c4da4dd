"""Contents that intake serves: what the caller sent, and its uploads."""

from functools import partial

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.errors import not_found
from lienthong.chassis.renditions import attached, rendered
from lienthong.chassis.rpc.call import Call, Content
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
                return Content(event.rendition.size, partial(rendered, event, self._blobs))
            case ["documents", identifier, "attachments", ordinal]:
                event = self._sent(name, identifier, call)
                # By their names as they are told: a number of any length is compared, and never read.
                stored = {str(place): one for place, one in enumerate(event.attachments)}.get(ordinal)
                if stored is not None:
                    return Content(stored.attachment.size, partial(attached, stored, self._blobs))
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
