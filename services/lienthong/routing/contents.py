"""What recipients read, and only here: documents, their attachments, and the edXML forms of requests and statuses.

Names: `deliveries/{delivery}/content`, `deliveries/{delivery}/attachments/{ordinal}`, `items/{item}/content`. Opening
commits before the first byte leaves; what was opened before is read without writing anything first.
"""

from collections.abc import Sequence
from functools import partial

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.errors import AxisError, Code, not_found
from lienthong.chassis.renditions import attached, rendered
from lienthong.chassis.rpc.call import Call, Content, UploadSink
from lienthong.chassis.uow import UnitsOfWork
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.reading import no_room_to_open, read_delivery, read_item, read_opened, reading_of

_DELIVERY_CONTENT = ("deliveries", "content")
_ITEM_CONTENT = ("items", "content")


class Renderer:
    """Puts the canonical rendition of a document together while it is read, in constant memory."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def document(self, accepted: DocumentAccepted) -> Content:
        """Gives the rendition of a document, the same bytes at every reading."""
        return Content(accepted.rendition.size, partial(rendered, accepted, self._blobs))

    def attachment(self, accepted: DocumentAccepted, ordinal: str) -> Content | None:
        """Gives an attachment as it was sent; None when there is no such one. Its number is compared as it is told."""
        stored = next((one for one in accepted.attachments if str(one.attachment.ordinal) == ordinal), None)
        if stored is None:
            return None
        return Content(stored.attachment.size, partial(attached, stored, self._blobs))


class MailboxContents:
    """Serves the contents of deliveries and items."""

    prefixes: Sequence[str] = ("deliveries/", "items/")

    def __init__(self, units: UnitsOfWork, desk: Desk, renderer: Renderer) -> None:
        self._units = units
        self._desk = desk
        self._renderer = renderer

    def open_content(self, name: str, call: Call) -> Content:
        """Opens content for reading.

        Raises:
            AxisError: NOT_FOUND for what does not exist or is others'; FAILED_PRECONDITION after it was taken back.
        """
        collection, _, rest = name.partition("/")
        identifier, _, what = rest.partition("/")
        if (collection, what) == _DELIVERY_CONTENT:
            return self._renderer.document(self._read(call, identifier, what))
        if (collection, what) == _ITEM_CONTENT:
            return self._item(call, identifier)
        kind, _, number = what.partition("/")
        if collection == "deliveries" and kind == "attachments" and number.isascii() and number.isdigit():
            content = self._renderer.attachment(self._read(call, identifier, what), number)
            if content is not None:
                return content
        raise not_found(name)

    def open_upload(self, name: str, call: Call) -> UploadSink:  # noqa: ARG002 -- nobody may
        """Refuses: nothing is uploaded here.

        Raises:
            AxisError: NOT_FOUND, always.
        """
        raise not_found(name)

    def _read(self, call: Call, delivery: str, what: str) -> DocumentAccepted:
        with self._units.database.read() as connection:
            opened = read_opened(connection, call, delivery)
        if opened is not None:
            # Its opening stands already: reading goes on when there is no room for its audit entry.
            self._units.note(reading_of(call, f"deliveries/{delivery}", what))
            return opened
        try:
            with self._units.begin(call.traceparent) as work:
                return read_delivery(work, call, delivery, what)
        except AxisError as error:
            if error.code is Code.RESOURCE_EXHAUSTED:
                raise no_room_to_open(delivery, error) from error
            raise

    def _item(self, call: Call, identifier: str) -> Content:
        with self._units.database.read() as connection:
            source = read_item(connection, self._desk, call, identifier, self._units.clock.now())
        if source.delivery:
            return self._renderer.document(self._read(call, source.delivery, "content"))
        self._units.note(reading_of(call, f"items/{identifier}"))
        return Content(len(source.paper), lambda offset: iter([source.paper[offset:]] if source.paper else []))
