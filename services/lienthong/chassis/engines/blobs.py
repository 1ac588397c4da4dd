"""The blob store contract.

Content lives once, under a random key, and never changes; SHA-256 and length are attributes kept with the rows that
name it. A writer's bytes are durable when `commit` returns, and gone when it is not called.
"""

import errno
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Protocol, Self

import structlog

from lienthong.chassis.errors import AxisError, Code, not_found, storage_full, unavailable

_log = structlog.get_logger(__name__)

_LATER: Final = timedelta(seconds=30)
_KEY: Final = re.compile(r"[0-9a-z-]{36}")


class BlobWriter(Protocol):
    """Takes the bytes of one blob."""

    key: str

    def write(self, data: bytes) -> int:
        """Appends bytes."""
        ...

    def flush(self) -> None:
        """Makes what was written readable through `open_partial` of this store in this process; not durable yet."""
        ...

    def sync(self) -> int:
        """Makes what was written durable for every process that opens the store; tells how many bytes that are."""
        ...

    def commit(self) -> None:
        """Makes the blob durable and visible under its key, at one moment."""
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
    """Where content stands. Several processes share one."""

    def create(self, key: str = "") -> BlobWriter:
        """Starts a blob under a new random key; under the key that it has elsewhere when it is copied from there."""
        ...

    def resume(self, key: str, size: int) -> BlobWriter:
        """Goes on with a blob that was not committed, after its first `size` bytes; with 0 it begins.

        Raises:
            AxisError: NOT_FOUND when fewer bytes than that are durable.
        """
        ...

    def open_partial(self, key: str) -> BinaryIO:
        """Opens what was written so far of a blob that was not committed; of another process, what is durable."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Opens a blob for reading, seekable.

        Raises:
            AxisError: NOT_FOUND.
        """
        ...

    def local(self, key: str, opened: BinaryIO | None = None) -> AbstractContextManager[Path]:
        """Gives a local file with the content for as long as the block runs, for tools that need one.

        Args:
            key: Key of the blob.
            opened: What `open` gave, where it was asked before: a store that is far away is not asked again.

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

    def claim(self, owner: str) -> bool:
        """Makes the store somebody's unless it is another's already; tells whether it is theirs."""
        ...

    def address(self) -> Mapping[str, object]:
        """Names this store to another process of this machine, as JSON data; secrets only by their files.

        `stores.open_blobs` opens it there.
        """
        ...


def checked_key(key: str) -> str:
    """Gives a key back that may be one.

    Raises:
        AxisError: NOT_FOUND for any other text.
    """
    if not _KEY.fullmatch(key):
        raise not_found(f"content {key}")
    return key


def open_kept(blobs: BlobStore, key: str) -> BinaryIO:
    """Opens a blob that a document names.

    Raises:
        AxisError: UNAVAILABLE when it is gone: no caller has anything to look for, and a backup may bring it back.
    """
    with kept():
        return blobs.open(key)


@contextmanager
def kept() -> Iterator[None]:
    """Tells what is missing in the block as lost: a document names it.

    Raises:
        AxisError: UNAVAILABLE instead of NOT_FOUND.
    """
    try:
        yield
    except AxisError as error:
        if error.code is not Code.NOT_FOUND:
            raise
        key = error.metadata["resource"].removeprefix("content ")
        _log.error("a content that a document names is gone; bring it back from the backup", key=key)
        text = "The axis no longer has this content. Its operators must bring it back from the backup; try again later."
        raise unavailable("CONTENT_GONE", text, _LATER) from error


def damaged(what: str) -> AxisError:
    """Makes an UNAVAILABLE of a content that is other than it was stored: a backup may bring it back."""
    key = what.removeprefix("content ")
    _log.error("a content is not what was stored; bring it back from the backup", key=key)
    text = "The axis has this content damaged. Its operators must bring it back from the backup; try again later."
    return unavailable("CONTENT_DAMAGED", text, _LATER)


def no_room(error: OSError) -> AxisError | OSError:
    """Makes RESOURCE_EXHAUSTED of a full disk, or of a quota that is used up; other failures stay what they are."""
    return storage_full("this content") if error.errno in {errno.ENOSPC, errno.EDQUOT} else error
