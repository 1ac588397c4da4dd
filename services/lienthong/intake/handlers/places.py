"""Places for uploads: how much one agency may hold, opening one and dropping it."""

from contextlib import suppress
from datetime import timedelta

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.errors import AxisError, Violation, exhausted, invalid, not_found
from lienthong.chassis.uow import UnitOfWork
from lienthong.intake import storage
from lienthong.intake.config import IntakeSection
from lienthong.intake.handlers.uploads import check_room, too_long


def open_upload(work: UnitOfWork, agency: str, expected: int, section: IntakeSection) -> storage.StoredUpload:
    """Opens an upload for an agency.

    Raises:
        AxisError: RESOURCE_EXHAUSTED when it is announced too long, or too many or too large are unfinished.
    """
    if expected < 0:
        rule = "a length in bytes is 0 (not known yet) or more"
        raise invalid("SIZE_INVALID", f"size: {rule}", Violation("size", "SIZE_INVALID", rule, "Give the length."))
    if expected > section.upload_bytes:
        raise too_long(section)
    if storage.count_unfinished(work.connection, agency) >= section.uploads_per_agency:
        raise exhausted(
            "UPLOADS_TOO_MANY",
            f"{section.uploads_per_agency} uploads are unfinished (ListUploads). Finish or drop some (DeleteUpload), "
            "or let them expire",
            timedelta(seconds=section.upload_seconds),
        )
    check_room(work, agency, expected, section)
    upload = storage.StoredUpload(
        work.ids.new(), agency, work.ids.new(), expected, 0, complete=False, sha256=b"", touched_at=work.now_micros
    )
    storage.add_upload(work.connection, upload)
    return upload


def drop_upload(work: UnitOfWork, name: str, agency: str, blobs: BlobStore) -> None:
    """Removes an upload of an agency, and its content unless a document took it.

    Raises:
        AxisError: NOT_FOUND.
    """
    upload = storage.upload_by_id(work.connection, name.removeprefix("uploads/"), agency)
    if upload is None:
        raise not_found(name)
    # A document that takes it at this moment is first, and is seen then, or does not find it any more.
    storage.remove_uploads(work.connection, [upload.id])
    if upload.blob not in storage.held_blobs(work.connection, [upload.blob]):
        work.after_commit(lambda: _remove_content(blobs, upload.blob))


def _remove_content(blobs: BlobStore, key: str) -> None:
    with suppress(AxisError):  # while the store is away it becomes an orphan, which is swept
        blobs.delete(key)
