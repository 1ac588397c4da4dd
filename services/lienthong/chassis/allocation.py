"""Memory that was freed goes back to the system.

The C library takes a large block that was freed for a sign that more will come, and keeps such blocks from then on, in
each thread by itself. Pieces of contents pass through many threads: a service that carried one large attachment went on
holding a hundred MiB that nobody used.
"""

import ctypes
from typing import Final

LARGE_BYTES: Final = 256 * 1024
"""Blocks from this length on are mapped one by one, and unmapped when they are freed: pieces of contents, and not what
ordinary documents are made of."""

SPARE_BYTES: Final = 2 * 1024 * 1024
"""What a heap keeps of smaller ones for the next, at most."""

ARENAS: Final = 2
"""Heaps that all threads share: what is free in one helps no thread of another."""

# Names and numbers of <malloc.h>.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8


def return_freed() -> None:
    """Sets fixed bounds for this process; a C library that knows none, such as musl, is left as it is."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, SPARE_BYTES)
        library.mallopt(_M_ARENA_MAX, ARENAS)
