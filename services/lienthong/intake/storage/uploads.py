"""Rows of uploads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, delete, func, select, update

from lienthong.intake.storage.tables import blobs, uploads


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """An upload as it stands.

    Attributes:
        id: Its identifier.
        agency: Whose it is.
        blob: Key of its content.
        expected: Length in bytes as announced, 0 when not.
        committed: Bytes that are durable.
        complete: Whether the last byte is there.
        sha256: Hash of the content once complete.
        touched_at: When bytes came last, in microseconds since 1970.
    """

    id: str
    agency: str
    blob: str
    expected: int
    committed: int
    complete: bool
    sha256: bytes
    touched_at: int


def add_upload(connection: Connection, upload: StoredUpload) -> None:
    """Opens an upload."""
    connection.execute(
        uploads.insert().values(
            id=upload.id,
            agency=upload.agency,
            blob=upload.blob,
            expected=upload.expected,
            committed=upload.committed,
            complete=upload.complete,
            sha256=upload.sha256,
            used=False,
            touched_at=upload.touched_at,
        )
    )


def upload_by_id(connection: Connection, identifier: str, agency: str) -> StoredUpload | None:
    """Finds an upload of an agency."""
    found = select(uploads).where(uploads.c.id == identifier, uploads.c.agency == agency)
    row = connection.execute(found).one_or_none()
    return None if row is None else _stored(row)


def list_uploads(connection: Connection, agency: str, before: str | None, count: int) -> list[StoredUpload]:
    """Lists the uploads of an agency that no document took, newest first, from the one after `before` on."""
    found = select(uploads).where(uploads.c.agency == agency, uploads.c.used.is_(False))
    if before is not None:
        found = found.where(uploads.c.id < before)
    return [_stored(row) for row in connection.execute(found.order_by(uploads.c.id.desc()).limit(count))]


def advance_upload(connection: Connection, upload: StoredUpload, before: int) -> bool:
    """Notes how far an upload is; False when it is not where it was `before`, and then nothing changes."""
    done = connection.execute(
        update(uploads)
        .where(uploads.c.id == upload.id, uploads.c.committed == before, uploads.c.complete.is_(False))
        .values(
            committed=upload.committed,
            complete=upload.complete,
            sha256=upload.sha256,
            touched_at=upload.touched_at,
        )
    )
    return done.rowcount == 1


def use_upload(connection: Connection, identifier: str) -> bool:
    """Notes that a document took the content of an upload; False when it is gone."""
    done = connection.execute(update(uploads).where(uploads.c.id == identifier).values(used=True))
    return done.rowcount == 1


def count_unfinished(connection: Connection, agency: str) -> int:
    """Counts the unfinished uploads of an agency."""
    found = select(func.count()).where(uploads.c.agency == agency, uploads.c.complete.is_(False))
    return connection.execute(found).scalar_one()


def bytes_held(connection: Connection, agency: str) -> int:
    """Counts the bytes of an agency's uploads that no document took yet, announced ones included."""
    size = case((uploads.c.expected > uploads.c.committed, uploads.c.expected), else_=uploads.c.committed)
    found = select(func.coalesce(func.sum(size), 0)).where(uploads.c.agency == agency, uploads.c.used.is_(False))
    return int(connection.execute(found).scalar_one())


def expired_uploads(connection: Connection, before: int, limit: int = 100) -> list[StoredUpload]:
    """Lists uploads without new bytes since a time; nobody uses one now."""
    due = select(uploads).where(uploads.c.touched_at < before).order_by(uploads.c.touched_at).limit(limit)
    found = due.with_for_update(skip_locked=True)
    return [_stored(row) for row in connection.execute(found)]


def remove_uploads(connection: Connection, identifiers: Sequence[str]) -> None:
    """Removes uploads."""
    connection.execute(delete(uploads).where(uploads.c.id.in_(identifiers)))


def known_blobs(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Tells which of these contents belong to a document or to an upload."""
    open_ = connection.execute(select(uploads.c.blob).where(uploads.c.blob.in_(keys))).scalars()
    return {*held_blobs(connection, keys), *open_}


def held_blobs(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Tells which of these contents belong to a document."""
    return set(connection.execute(select(blobs.c.key).where(blobs.c.key.in_(keys))).scalars())


def _stored(row: Any) -> StoredUpload:
    return StoredUpload(
        row.id, row.agency, row.blob, row.expected, row.committed, row.complete, row.sha256, row.touched_at
    )
