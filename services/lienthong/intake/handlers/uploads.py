"""Resumable uploads: state in the database, bytes in the blob store; any replica resumes."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import BinaryIO

from lienthong.chassis.engines.blobs import BlobStore, BlobWriter
from lienthong.chassis.errors import AxisError, Code, exhausted, not_found, precondition
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import UnitOfWork, UnitsOfWork
from lienthong.intake import storage
from lienthong.intake.config import IntakeSection
from lienthong.intake.handlers.contents import UploadedContent

_PIECE = 1 << 20


class Holders:
    """Which stream writes into each upload: the latest that began. Earlier ones, whose clients are gone, are cut off.

    Without this a stream that was left behind could write into a content after its hash was sealed.
    """

    def __init__(self) -> None:
        self._held: dict[str, UploadSink] = {}
        self._lock = threading.Lock()

    def take(self, upload: str, sink: "UploadSink") -> None:
        """Makes a stream the one that writes; the one before has ended its last write when this returns."""
        with self._lock:
            before = self._held.get(upload)
            self._held[upload] = sink
        if before is not None and before is not sink:
            before.cut_off()

    def let_go(self, upload: str, sink: "UploadSink") -> None:
        """Forgets a stream that has ended."""
        with self._lock:
            if self._held.get(upload) is sink:
                del self._held[upload]


class UploadSink:
    """Takes the bytes of one upload. See `rpc.call.UploadSink`."""

    def __init__(
        self,
        upload: storage.StoredUpload,
        units: UnitsOfWork,
        blobs: BlobStore,
        section: IntakeSection,
        holders: Holders,
    ) -> None:
        self._upload = upload
        self._units = units
        self._blobs = blobs
        self._section = section
        self._holders = holders
        self._writer: BlobWriter | None = None
        self._written = upload.committed
        self._cut = False
        self._turn = threading.Lock()

    @property
    def committed(self) -> int:
        """Bytes that are durable."""
        return self._upload.committed

    @property
    def complete(self) -> bool:
        """Whether the last byte is there."""
        return self._upload.complete

    def write(self, offset: int, data: bytes, *, last: bool = False) -> None:
        """Takes bytes at an offset; those that came before are passed over, so that a last piece can be repeated.

        Raises:
            AxisError: FAILED_PRECONDITION when complete, or when they end elsewhere than was announced or before what
                came (`last`), OUT_OF_RANGE when bytes between are missing, RESOURCE_EXHAUSTED when it becomes too
                long, ABORTED when another stream goes on with the upload.
        """
        end = offset + len(data)
        with self._turn:
            if last and data and end < self._written:
                raise _length_differs(f"the last bytes end at {end}, and {self._written} came before")
            if end <= self._written:
                return
            self._check(offset)
            if end > self._section.upload_bytes:
                raise too_long(self._section)
            if end > (self._upload.expected or end):
                raise _length_differs(f"{self._upload.expected} bytes were announced, and these end at {end}")
            with self._writing() as writer:
                fresh = data[self._written - offset :]
                writer.write(fresh)
                self._written += len(fresh)

    def flush(self, *, finish: bool) -> int:
        """Makes what was written durable. See `rpc.call.UploadSink.flush`.

        Raises:
            AxisError: FAILED_PRECONDITION when the length announced differs, ABORTED when another stream goes on,
                RESOURCE_EXHAUSTED when no length was announced and the agency's uploads become too large.
        """
        if self.complete:
            return self.committed
        if finish and self._upload.expected not in {0, self._written}:
            raise _length_differs(f"{self._upload.expected} bytes were announced, and {self._written} came")
        with self._turn:
            if finish and not self._upload.expected:
                # Room is found for bytes before they are a content: what is one stays.
                self._keep_rest()
            self._advance(finish=finish)
        return self.committed

    def close(self) -> None:
        """Lets go; bytes that were not flushed are sent again by the caller."""
        with self._turn:
            try:
                self._keep_rest()
            finally:
                self._holders.let_go(self._upload.id, self)
                if self._writer is not None:
                    self._writer.close()

    def cut_off(self) -> None:
        """Ends this stream, because another one goes on with the upload, behind what this one brought."""
        with self._turn:
            with suppress(AxisError):  # what cannot be kept is sent again
                self._keep_rest()
            self._cut = True
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _keep_rest(self) -> None:
        if self._writer is not None and not self.complete and self._written > self.committed:
            self._advance(finish=False)

    def _check(self, offset: int) -> None:
        if self.complete:
            raise precondition("UPLOAD_COMPLETE", f"uploads/{self._upload.id} is complete; open a new one")
        if offset > self._written:
            self._keep_rest()
            raise AxisError(
                Code.OUT_OF_RANGE,
                "UPLOAD_GAP",
                f"the upload has {self._written} bytes, and the next come at {offset}; go on from {self.committed}",
                {"committed_size": str(self.committed)},
            )

    def _advance(self, *, finish: bool) -> None:
        with self._writing() as writer:
            writer.sync()
            sha256 = b""
            if finish:
                self._now()
                sha256 = self._hash(writer)
                writer.commit()
        upload = replace(
            self._upload,
            committed=self._written,
            complete=finish,
            sha256=sha256,
            touched_at=to_micros(self._units.clock.now()),
        )
        if not self._noted(upload):
            self._now()
            raise self._elsewhere()
        self._upload = upload

    def _noted(self, upload: storage.StoredUpload) -> bool:
        """Notes how far it is; for what was announced there was room from the beginning."""
        with self._writing(), self._units.begin() as work:
            fresh = 0 if upload.expected else upload.committed - self._upload.committed
            if fresh:
                check_room(work, upload.agency, fresh, self._section)
            return storage.advance_upload(work.connection, upload, self._upload.committed)

    @contextmanager
    def _writing(self) -> Iterator[BlobWriter]:
        """Gives what writes; when it fails it is let go, and only what was durable stays."""
        writer = self._open()
        try:
            yield writer
        except Exception:
            self._writer, self._written = None, self.committed
            writer.close()
            raise

    def _open(self) -> BlobWriter:
        if self._cut:
            raise self._elsewhere()
        if self._writer is None:
            self._holders.take(self._upload.id, self)
            # What the stream before made durable until it was cut off must not be written over.
            now = self._now()
            if now.complete:
                raise self._elsewhere()
            self._upload, self._written = now, now.committed
            self._writer = self._blobs.resume(self._upload.blob, self._upload.committed)
        return self._writer

    def _now(self) -> storage.StoredUpload:
        """Gives the upload as it stands; NOT_FOUND when it was dropped."""
        return upload_of(self._units, f"uploads/{self._upload.id}", self._upload.agency)

    def _elsewhere(self) -> AxisError:
        return AxisError(
            Code.ABORTED,
            "UPLOAD_ELSEWHERE",
            f"another stream goes on with uploads/{self._upload.id}; ask GetUpload how far it is, and go on from there",
        )

    def _hash(self, writer: BlobWriter) -> bytes:
        # Read back: a resumed upload was written by several streams.
        return _hash_of(self._blobs.open_partial(writer.key))[0]


def settle_upload(upload: storage.StoredUpload, units: UnitsOfWork, blobs: BlobStore) -> storage.StoredUpload:
    """Notes that an upload is complete when a program died between committing its content and noting so."""
    if upload.complete:
        return upload
    try:
        content = blobs.open(upload.blob)
    except AxisError:
        return upload
    sha256, size = _hash_of(content)
    settled = replace(upload, committed=size, complete=True, sha256=sha256, touched_at=to_micros(units.clock.now()))
    with units.begin() as work:
        storage.advance_upload(work.connection, settled, upload.committed)
    return upload_of(units, f"uploads/{upload.id}", upload.agency)


def finished_upload(units: UnitsOfWork, name: str, agency: str) -> tuple[UploadedContent, storage.StoredUpload]:
    """Finds a finished upload that a call names.

    Raises:
        AxisError: NOT_FOUND, or FAILED_PRECONDITION when bytes are missing.
    """
    upload = upload_of(units, name, agency)
    if not upload.complete:
        raise precondition(
            "UPLOAD_NOT_COMPLETE",
            f"{name} has {upload.committed} bytes and is not finished; go on from there",
            committed_size=str(upload.committed),
        )
    return UploadedContent(upload.blob, upload.id), upload


def upload_of(units: UnitsOfWork, name: str, agency: str) -> storage.StoredUpload:
    """Finds an upload by its resource name.

    Raises:
        AxisError: NOT_FOUND.
    """
    with units.database.read() as connection:
        upload = storage.upload_by_id(connection, name.removeprefix("uploads/"), agency)
    if upload is None:
        raise not_found(name)
    return upload


def _hash_of(content: BinaryIO) -> tuple[bytes, int]:
    digest, size = hashlib.sha256(), 0
    with content:
        while piece := content.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return digest.digest(), size


def too_long(section: IntakeSection) -> AxisError:
    """Makes the refusal of an upload that is, or is announced, longer than one may be."""
    return AxisError(Code.RESOURCE_EXHAUSTED, "UPLOAD_TOO_LONG", f"an upload has at most {section.upload_bytes} bytes")


def check_room(work: UnitOfWork, agency: str, fresh: int, section: IntakeSection) -> None:
    """Finds room for bytes of an agency's uploads; it is held to the end of the transaction.

    Raises:
        AxisError: RESOURCE_EXHAUSTED when its uploads become too large.
    """
    work.lock(f"uploads {agency}")
    held = storage.bytes_held(work.connection, agency)
    if held + fresh > section.upload_bytes_per_agency:
        raise exhausted(
            "UPLOADS_TOO_LARGE",
            f"uploads of one agency hold at most {section.upload_bytes_per_agency} bytes until documents take them; "
            f"{held} are held (ListUploads). Submit or drop some (DeleteUpload), or let them expire",
            timedelta(seconds=section.upload_seconds),
        )


def _length_differs(found: str) -> AxisError:
    return precondition("UPLOAD_LENGTH_DIFFERS", f"{found}. Send exactly what belongs to it, or open a new upload")
