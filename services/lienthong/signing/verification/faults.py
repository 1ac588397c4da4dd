"""How pyHanko and its libraries answer faults of a file."""

from __future__ import annotations

import struct
import zlib

FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pyHanko and its libraries answer faults of a file with, besides their own errors."""
