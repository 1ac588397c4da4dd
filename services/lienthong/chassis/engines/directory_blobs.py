"""The embedded engine of the blob store: a directory."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from lienthong.chassis import failpoints
from lienthong.chassis.engines.blobs import BlobEntry, checked_key, no_room
from lienthong.chassis.errors import not_found
from lienthong.chassis.ids import IdSource
from lienthong.chassis.tally import Tally


class DirectoryBlobs:
    """Blobs as files: written to a temporary name, fsynced, renamed, the folder fsynced."""

    def __init__(self, root: Path, ids: IdSource) -> None:
        """Opens or makes the folder.

        Args:
            root: The folder.
            ids: Gives the random keys.
        """
        self._root = root
        self._ids = ids
        self.syncs = Tally()
        """Waits for the disk: one for a file, one for its folder."""
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def create(self, key: str = "") -> "FileBlobWriter":
        """Starts a blob. See `BlobStore.create`."""
        key = checked_key(key) if key else self._ids.new()
        return FileBlobWriter(key, self._incoming / key, self._place(key), self.syncs)

    def resume(self, key: str, size: int) -> "FileBlobWriter":
        """Goes on with a blob. See `BlobStore.resume`."""
        incoming = self._partial(key, size) if size else self._incoming / checked_key(key)
        return FileBlobWriter(key, incoming, self._place(key), self.syncs, size)

    def open_partial(self, key: str) -> BinaryIO:
        """Opens an unfinished blob. See `BlobStore.open_partial`."""
        return self._partial(key, 0).open("rb")

    def open(self, key: str) -> BinaryIO:
        """Opens a blob. See `BlobStore.open`."""
        return self._committed(key).open("rb")

    def local(self, key: str, opened: BinaryIO | None = None) -> AbstractContextManager[Path]:  # noqa: ARG002 -- it is on this disk
        """Gives the file of a blob itself. See `BlobStore.local`."""
        return nullcontext(self._committed(key))

    def delete(self, key: str) -> None:
        """Removes a blob. See `BlobStore.delete`."""
        for place in (self._place(checked_key(key)), self._incoming / key):
            place.unlink(missing_ok=True)

    def entries(self) -> Iterator[BlobEntry]:
        """Lists all blobs. See `BlobStore.entries`."""
        for place in (*self._root.glob("??/*"), *self._incoming.iterdir()):
            with suppress(FileNotFoundError):
                status = place.stat()
                yield BlobEntry(place.name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def claim(self, owner: str) -> bool:
        """Makes the store somebody's. See `BlobStore.claim`."""
        place, unfinished = self._root / "owner", self._root / f"owner-{owner}"
        try:
            if not place.exists():
                unfinished.write_text(owner, "utf-8")
                with suppress(FileExistsError):
                    place.hardlink_to(unfinished)
                unfinished.unlink()
            return place.read_text("utf-8") == owner
        except OSError as error:
            raise no_room(error) from error

    def address(self) -> Mapping[str, object]:
        """Names the store to another process. See `BlobStore.address`."""
        return {"engine": "directory", "root": str(self._root.absolute())}

    def _committed(self, key: str) -> Path:
        place = self._place(checked_key(key))
        if not place.exists():
            raise not_found(f"content {key}")
        return place

    def _partial(self, key: str, size: int) -> Path:
        incoming = self._incoming / checked_key(key)
        if not incoming.is_file() or incoming.stat().st_size < size:
            raise not_found(f"unfinished content {key}")
        return incoming

    def _place(self, key: str) -> Path:
        # The last characters of a UUIDv7 are random; the first ones would put a day into one folder.
        return self._root / key[-2:] / key


class FileBlobWriter:
    """Writes one blob to a file. See `BlobWriter`."""

    def __init__(self, key: str, incoming: Path, place: Path, syncs: Tally, size: int = 0) -> None:
        self.key = key
        # Texts, not paths: a small document's time goes into files, and paths cost as much as their system calls.
        self._incoming, self._place = str(incoming), str(place)
        self._syncs = syncs
        self._durable = size
        try:
            self._file = open(self._incoming, "r+b" if size else "wb")  # noqa: PTH123, SIM115 -- as above; closed by `close`
        except OSError as error:
            raise no_room(error) from error  # a disk has room for so many files, too
        if size:
            self._file.truncate(size)
            self._file.seek(size)

    def write(self, data: bytes) -> int:
        """Appends bytes.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when the disk is full.
        """
        try:
            return self._file.write(data)
        except OSError as error:
            self._give_up()
            raise no_room(error) from error

    def flush(self) -> None:
        """Makes what was written readable. See `BlobWriter.flush`.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when the disk is full.
        """
        try:
            self._file.flush()
        except OSError as error:
            raise no_room(error) from error

    def sync(self) -> int:
        """Makes what was written durable. See `BlobWriter.sync`.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when the disk is full.
        """
        try:
            self._sync()
        except OSError as error:
            raise no_room(error) from error
        self._durable = self._file.tell()
        return self._durable

    def commit(self) -> None:
        """Makes the blob durable and visible.

        Raises:
            AxisError: RESOURCE_EXHAUSTED when the disk is full.
        """
        try:
            self._sync()
            self._file.close()
            folder = os.path.dirname(self._place)  # noqa: PTH120 -- as above
            with suppress(FileExistsError):
                os.mkdir(folder)  # noqa: PTH102 -- as above
            failpoints.reach("blob.before-rename")
            os.rename(self._incoming, self._place)  # noqa: PTH104 -- as above
            _sync_folder(folder)
            self._syncs.add()
        except OSError as error:
            self._give_up()
            raise no_room(error) from error
        failpoints.reach("blob.after-rename")

    def _sync(self) -> None:
        self._file.flush()
        failpoints.reach("blob.before-fsync")
        os.fsync(self._file.fileno())
        self._syncs.add()

    def _give_up(self) -> None:
        """Lets go after a failure: what was made durable before can be gone on with, anything else is dropped."""
        if self._durable:
            self.close()
        else:
            self.discard()

    def discard(self) -> None:
        """Drops what was written."""
        self.close()
        with suppress(FileNotFoundError):
            os.unlink(self._incoming)  # noqa: PTH108 -- as above

    def close(self) -> None:
        """Lets go without a commit. See `BlobWriter.close`."""
        with suppress(OSError):
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
