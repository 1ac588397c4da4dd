"""What a reading says of a file, and how much of it."""

from __future__ import annotations

import tracemalloc

import pytest

from lienthong.edxml import Code, EdxmlError, Limits, MemorySpools, Reason, read

_MIB = 1 << 20


def _deep(elements: int) -> bytes:
    """Elements without a place, each within twenty with long names."""
    name = "é".encode() * 60
    opening = b"".join(b"<%s%d>" % (name, depth) for depth in range(20))
    closing = b"".join(b"</%s%d>" % (name, depth) for depth in reversed(range(20)))
    return opening + b"<e/>" * elements + closing


def test_a_report_of_deep_elements_is_bounded(small_file: bytes) -> None:
    """Paths stand in a report in part, their beginning and their end; what is not told takes no memory."""
    at = small_file.index(b"    </edXML:MessageHeader>")
    data = small_file[:at] + _deep(40_000) + small_file[at:]
    tracemalloc.start()
    result = read([data], MemorySpools())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    told = sum(len(f"{one.path}{one.found}{one.taken}".encode()) for one in result.warnings)
    paths = [one.path for one in result.warnings if one.code is Code.ELEMENT_UNKNOWN]
    assert told < 2 * _MIB
    assert paths[-1].startswith("edXML/edXMLEnvelope/")
    assert "…" in paths[-1]
    assert paths[-1].endswith("]")
    assert max(map(len, (one.path for one in result.unread))) <= 300
    assert peak < 40 * _MIB


def test_the_path_of_a_problem_is_bounded(small_file: bytes) -> None:
    """What refuses a file is told with its path in part."""
    at = small_file.index(b"    </edXML:MessageHeader>")
    nested = b"".join(b"<%s>" % (b"n" * 60) for _ in range(20)) + b"x" * 200
    with pytest.raises(EdxmlError) as refused:
        read([small_file[:at] + nested], MemorySpools(), Limits(text_bytes=100))
    (problem,) = refused.value.problems
    assert problem.reason is Reason.LIMIT_EXCEEDED
    assert len(problem.path) <= 300
