"""The blob store contract.

Content lives once, under a random key, and never changes; SHA-256 and length are attributes kept with the rows that
name it. A writer's bytes are durable when `commit` returns, and gone when it is not called.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self


class BlobWriter(Protocol):
    """Takes the bytes of one blob."""

    key: str

    def write(self, data: bytes) -> int:
        """Appends bytes."""
        ...

    def flush(self) -> None:
        """Makes what was written readable through `open_partial`; not durable yet."""
        ...

    def sync(self) -> int:
        """Makes what was written durable, and tells how many bytes that are."""
        ...

    def commit(self) -> None:
        """Makes the blob durable and visible under its key."""
        ...

    def discard(self) -> None:
        """Drops what was written."""
        ...

    def close(self) -> None:
        """Lets go without a commit; what was made durable stays for `BlobStore.resume`."""
        ...

    def __enter__(self) -> Self:
        """Commits at the end of the block, or discards when it raises."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class BlobEntry:
    """A blob as the store lists it."""

    key: str
    size: int
    modified: datetime


class BlobStore(Protocol):
    """Where content stands."""

    def create(self) -> BlobWriter:
        """Starts a blob under a new random key."""
        ...

    def resume(self, key: str, size: int) -> BlobWriter:
        """Goes on with a blob that was not committed, after its first `size` bytes; with 0 it begins.

        Raises:
            AxisError: NOT_FOUND when fewer bytes than that are durable.
        """
        ...

    def open_partial(self, key: str) -> BinaryIO:
        """Opens what was written so far of a blob that was not committed."""
        ...

    def partial_path(self, key: str) -> Path:
        """Gives the local file in which a blob is written before it is committed, for another process to write.

        `resume` goes on with what stands there; `delete` removes it.
        """
        ...

    def open(self, key: str) -> BinaryIO:
        """Opens a blob for reading, seekable.

        Raises:
            AxisError: NOT_FOUND.
        """
        ...

    def path(self, key: str) -> Path:
        """Gives a local file with the content, for tools that need one.

        Raises:
            AxisError: NOT_FOUND.
        """
        ...

    def delete(self, key: str) -> None:
        """Removes a blob, committed or not; one that is gone already is no error."""
        ...

    def entries(self) -> Iterator[BlobEntry]:
        """Lists all blobs, committed or not, for the sweeper of orphans."""
        ...
