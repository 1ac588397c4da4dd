"""Sweeping: expired uploads, and contents that no document and no upload holds."""

from datetime import timedelta
from itertools import islice

import structlog

from lienthong.chassis.belonging import is_ours
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import UnitsOfWork
from lienthong.intake import storage
from lienthong.intake.config import IntakeSection

_log = structlog.get_logger(__name__)

_BATCH = 500
_ORPHAN_AGE = timedelta(days=1)


def sweep_uploads(units: UnitsOfWork, blobs: BlobStore, section: IntakeSection) -> bool:
    """Removes uploads without new bytes for long; tells whether more may be due."""
    before = to_micros(units.clock.now() - timedelta(seconds=section.upload_seconds))
    with units.begin() as work:
        expired = storage.expired_uploads(work.connection, before)
        storage.remove_uploads(work.connection, [upload.id for upload in expired])
        held = storage.held_blobs(work.connection, [upload.blob for upload in expired])
    for upload in expired:
        if upload.blob not in held:
            blobs.delete(upload.blob)
    return bool(expired)


def sweep_orphans(units: UnitsOfWork, blobs: BlobStore) -> int:
    """Removes contents that nothing holds and that are older than a day; tells how many. Only from a store of our own.

    Raises:
        AxisError: UNAVAILABLE when the store or the database is away.
    """
    if not is_ours(units, blobs):
        _log.error("the store of contents belongs to another database; nothing is removed, see `lienthong doctor`")
        return 0
    before = units.clock.now() - _ORPHAN_AGE
    old = (entry.key for entry in blobs.entries() if entry.modified < before)
    removed = 0
    while keys := list(islice(old, _BATCH)):
        with units.database.read() as connection:
            held = storage.known_blobs(connection, keys)
        for key in keys:
            if key not in held:
                blobs.delete(key)
                removed += 1
    return removed
