"""The blob store on an object store."""

import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from heapq import merge
from itertools import groupby
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, BinaryIO
from weakref import WeakValueDictionary

from lienthong.chassis.engines.blobs import BlobEntry, checked_key, no_room
from lienthong.chassis.engines.objects import names
from lienthong.chassis.engines.objects.bucket import Bucket
from lienthong.chassis.engines.objects.reading import open_row
from lienthong.chassis.engines.objects.rows import Row, Segment, read_manifest, row_of, size_of
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.objects.writing import ObjectBlobWriter
from lienthong.chassis.errors import not_found
from lienthong.chassis.ids import IdSource
from lienthong.chassis.tally import Tally

if TYPE_CHECKING:
    from obstore import ObjectMeta

_PIECE = 1 << 20


class ObjectBlobs:
    """Blobs in a bucket, shared by every process that opens it. Thread-safe."""

    def __init__(self, section: ObjectsSection, ids: IdSource) -> None:
        """Asks the server for nothing yet.

        Args:
            section: Where it is, and how long to wait for it.
            ids: Gives the random keys.

        Raises:
            ConfigError: The settings cannot be used.
        """
        self._section = section
        self._ids = ids
        self._bucket = Bucket(section)
        self.syncs = Tally()
        """Objects that were written durably."""
        self._writers: WeakValueDictionary[str, ObjectBlobWriter] = WeakValueDictionary()

    def create(self, key: str = "") -> ObjectBlobWriter:
        """Starts a blob. See `BlobStore.create`."""
        return self._writing(checked_key(key) if key else self._ids.new(), None)

    def resume(self, key: str, size: int) -> ObjectBlobWriter:
        """Goes on with a blob. See `BlobStore.resume`.

        Raises:
            AxisError: NOT_FOUND when fewer bytes than that are durable, UNAVAILABLE when the store is away.
        """
        row: Row = ()
        if size:
            row = self._durable(key, size)
            if size_of(row) < size:
                raise not_found(f"unfinished content {key}")
        return self._writing(checked_key(key), row)

    def open_partial(self, key: str) -> BinaryIO:
        """Opens an unfinished blob. See `BlobStore.open_partial`."""
        writer = self._writers.get(key)
        if writer is None or not writer.open:
            row = self._durable(key)
            if not row:
                raise not_found(f"unfinished content {key}")
            return self._open_row(key, row)
        if not writer.row:
            return io.BytesIO(writer.pending())
        writer.sync()
        return self._open_row(key, writer.row)

    def open(self, key: str) -> BinaryIO:
        """Opens a blob. See `BlobStore.open`."""
        whole = self._bucket.get(names.whole_of(checked_key(key)))
        if whole is not None:
            return io.BytesIO(whole)
        manifest = self._bucket.get(names.manifest_of(key))
        if manifest is None:
            raise not_found(f"content {key}")
        return self._open_row(key, read_manifest(manifest))

    @contextmanager
    def local(self, key: str, opened: BinaryIO | None = None) -> Iterator[Path]:
        """Gives a local copy of a blob. See `BlobStore.local`."""
        with nullcontext(opened) if opened else self.open(key) as stream:
            stream.seek(0)
            try:
                place = self._copied(stream)
            except OSError as error:
                raise no_room(error) from error
        try:
            yield place
        finally:
            place.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Removes a blob. See `BlobStore.delete`."""
        self._bucket.delete([names.whole_of(checked_key(key)), names.manifest_of(key)])
        self._bucket.delete(one["path"] for one in self._bucket.list(names.segments_of(key)))

    def entries(self) -> Iterator[BlobEntry]:
        """Lists all blobs. See `BlobStore.entries`."""
        # Both come sorted by key, so those of one blob stand side by side and one blob is kept at a time.
        both = merge(self._bucket.list(names.CONTENT), self._bucket.list(names.SEGMENTS), key=_key_of)
        for key, objects in groupby(both, key=_key_of):
            found = list(objects)
            size = sum(one["size"] for one in found if not names.is_manifest(one["path"]))
            yield BlobEntry(key, size, max(one["last_modified"] for one in found))

    def claim(self, owner: str) -> bool:
        """Makes the store somebody's. See `BlobStore.claim`."""
        return self._bucket.create(names.OWNER, owner.encode())

    def address(self) -> Mapping[str, object]:
        """Names the store to another process. See `BlobStore.address`."""
        return {"engine": "objects", **self._section.model_dump(mode="json")}

    def _writing(self, key: str, row: Row | None) -> ObjectBlobWriter:
        writer = ObjectBlobWriter(key, self._bucket, self.syncs, writer=self._ids.new(), row=row)
        self._writers[key] = writer
        return writer

    def _durable(self, key: str, size: int | None = None) -> Row:
        """Gives the pieces of an unfinished blob; none when it was committed."""
        found = self._bucket.list(names.segments_of(checked_key(key)))
        row = row_of((Segment.named(one["path"].rpartition("/")[2]) for one in found), size)
        return () if row and self._bucket.has(names.manifest_of(key)) else row

    def _open_row(self, key: str, row: Row) -> BinaryIO:
        def fetch(segment: Segment, start: int, length: int) -> bytes | None:
            return self._bucket.get_range(names.segment_of(key, segment), start, length)

        return open_row(key, row, fetch)

    def _copied(self, stream: BinaryIO) -> Path:
        if self._section.scratch is not None:
            self._section.scratch.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix="content-", dir=self._section.scratch)
        try:
            with os.fdopen(descriptor, "wb") as file:
                copyfileobj(stream, file, _PIECE)
        except BaseException:
            Path(name).unlink()
            raise
        return Path(name)


def _key_of(one: "ObjectMeta") -> str:
    return names.key_of(one["path"])
