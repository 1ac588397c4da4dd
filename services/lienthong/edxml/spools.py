"""Where the content of attachments goes while a file is read, and comes from while one is written."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import BinaryIO, Protocol


class Spool(Protocol):
    """A place for one content. Exactly one of `finish` and `discard` ends the writing."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""

    def finish(self) -> object:
        """End the content and give its handle, opaque to the codec."""

    def discard(self) -> None:
        """Forget the content, finished or not. Repeating it is harmless."""


class Spools(Protocol):
    """A store of contents: new ones are opened, finished ones read by their handle."""

    def open(self) -> Spool:
        """A new, empty content."""

    def reader(self, handle: object, /) -> BinaryIO:
        """A seekable stream over a finished content, at its start; the caller closes it."""


class _MemorySpool:
    """A content in memory."""

    def __init__(self) -> None:
        self._parts = bytearray()

    def write(self, data: bytes) -> None:
        self._parts += data

    def finish(self) -> bytes:
        return bytes(self._parts)

    def discard(self) -> None:
        self._parts = bytearray()


class MemorySpools:
    """Contents in memory, for small files and for tests. A handle is the content itself."""

    def open(self) -> Spool:
        """A new, empty content."""
        return _MemorySpool()

    def reader(self, handle: object) -> BinaryIO:
        """A stream over a finished content.

        Raises:
            TypeError: the handle is none of this store.
        """
        if not isinstance(handle, bytes):
            raise TypeError(f"a memory spool's handle is its content, not {type(handle).__name__}")
        return io.BytesIO(handle)


class _FileSpool:
    """A content in a file of its own."""

    def __init__(self, folder: Path) -> None:
        descriptor, name = tempfile.mkstemp(prefix="spool-", dir=folder)
        self._path = Path(name)
        # Contents arrive in large pieces: a second buffer would only copy them.
        self._file = os.fdopen(descriptor, "wb", buffering=0)

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def finish(self) -> Path:
        self._file.close()
        return self._path

    def discard(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


class FileSpools:
    """Contents as files of a folder (mode 0600). A handle is the path; the folder's owner removes files.

    Nothing is flushed to the disk: a spool is scratch space, durability belongs to the store it is copied to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> Spool:
        """A new, empty content."""
        return _FileSpool(self._folder)

    def reader(self, handle: object) -> BinaryIO:
        """A stream over a finished content.

        Raises:
            TypeError: the handle is none of this store.
        """
        if not isinstance(handle, Path):
            raise TypeError(f"a file spool's handle is a path, not {type(handle).__name__}")
        return handle.open("rb")
