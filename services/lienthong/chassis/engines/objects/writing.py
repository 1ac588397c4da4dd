"""Writes a blob: whole when it is small, in segments when it is not or must survive this process."""

from contextlib import suppress
from types import TracebackType
from typing import Self

from lienthong.chassis import failpoints
from lienthong.chassis.engines.objects.bucket import Bucket
from lienthong.chassis.engines.objects.names import manifest_of, segment_of, segments_of, whole_of
from lienthong.chassis.engines.objects.rows import Piece, Row, Segment, size_of, write_manifest
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.tally import Tally

SEGMENT_BYTES = 4 * 1024 * 1024
"""What a writer holds in memory, at most; what is written beyond that begins a segment."""


class ObjectBlobWriter:
    """Writes one blob. See `BlobWriter`."""

    def __init__(self, key: str, bucket: Bucket, syncs: Tally, *, writer: str, row: Row | None = None) -> None:
        """Writes nothing yet.

        Args:
            key: Key of the blob.
            bucket: Where it goes.
            syncs: Counts what was made durable.
            writer: Identity of this writer, for the names of its segments.
            row: What is durable already; None when nobody but this writer can have begun.
        """
        self.key = key
        self._bucket = bucket
        self._syncs = syncs
        self._writer = writer
        # A key that others may go on with has one way to be committed, so that it never is in both.
        self._shared = row is not None
        self.row: Row = row or ()
        self._tail = bytearray()
        self.open = True
        """Whether it can still be written to."""

    def write(self, data: bytes) -> int:
        """Appends bytes.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when the store is full, UNAVAILABLE when it is away.
        """
        rest = memoryview(data)
        while len(self._tail) + len(rest) > SEGMENT_BYTES:
            room = SEGMENT_BYTES - len(self._tail)
            self._tail += rest[:room]
            rest = rest[room:]
            self.sync()
        self._tail += rest
        return len(data)

    def flush(self) -> None:
        """Does nothing: what was written is read from memory. See `BlobWriter.flush`."""

    def sync(self) -> int:
        """Makes what was written durable. See `BlobWriter.sync`.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when the store is full, UNAVAILABLE when it is away.
        """
        begins = size_of(self.row)
        if self._tail:
            segment = Segment(begins, begins + len(self._tail), self._writer)
            failpoints.reach("blob.before-fsync")
            self._bucket.put(segment_of(self.key, segment), bytes(self._tail))
            self._syncs.add()
            self.row = (*self.row, Piece(segment.start, segment.end, segment))
            self._tail.clear()
        return size_of(self.row)

    def pending(self) -> bytes:
        """Gives what was written and is in no segment yet."""
        return bytes(self._tail)

    def commit(self) -> None:
        """Makes the blob durable and visible; a second time does nothing.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when the store is full, UNAVAILABLE when it is away; both can be repeated.
                ABORTED when another writer committed this key.
        """
        if not self.open:
            return
        if self._shared or self.row:
            self.sync()
            name, data = manifest_of(self.key), write_manifest(self.row)
        else:
            name, data = whole_of(self.key), bytes(self._tail)
        failpoints.reach("blob.before-rename")
        if not self._bucket.create(name, data):
            raise AxisError(
                Code.ABORTED, "CONTENT_TAKEN", f"content {self.key} was finished by another writer; look again"
            )
        self._syncs.add()
        self.open = False
        failpoints.reach("blob.after-rename")
        if self._shared:
            self._tidy()

    def discard(self) -> None:
        """Drops what was written; what the store does not remove now is left to the sweeper.

        Segments of a key that others may go on with stay until `BlobStore.delete`: their manifest may name them.
        """
        if not self.open:
            return
        self.close()
        if not self._shared:
            with suppress(AxisError):
                self._bucket.delete(segment_of(self.key, piece.segment) for piece in self.row)

    def close(self) -> None:
        """Lets go without a commit. See `BlobWriter.close`."""
        self.open = False
        self._tail.clear()

    def _tidy(self) -> None:
        """Removes segments of writers that were cut off: no manifest can name them any more."""
        held = {segment_of(self.key, piece.segment) for piece in self.row}
        with suppress(AxisError):
            names = (one["path"] for one in self._bucket.list(segments_of(self.key)))
            self._bucket.delete(name for name in names if name not in held)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()
