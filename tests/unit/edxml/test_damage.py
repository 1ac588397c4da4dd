"""Damaged files: never anything but a result or a refusal, and the same one however the file is cut up."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.edxml import EdxmlError, MemorySpools, ReadResult, Reason, read

FILES = sorted((Path(__file__).parents[2] / "corpus" / "edxml").glob("*.edxml"))
_MARKS = b"< > & / = ]]> &#10; <![CDATA[ <!-- --> ContentTransferEncoded <?x?> <a> </a> \x00 \xff".split(b" ")
DAMAGE = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(_MARKS)), min_size=1, max_size=3)


def _outcome(data: bytes, step: int) -> ReadResult | set[Reason]:
    try:
        return read((data[at : at + step] for at in range(0, len(data), step)), MemorySpools())
    except EdxmlError as error:
        return {problem.reason for problem in error.problems}


@settings(max_examples=150)
@given(st.sampled_from(FILES), DAMAGE, st.sampled_from([1, 3, 17, 64]))
def test_damage_is_refused_or_read(path: Path, damage: list[tuple[float, int, bytes]], step: int) -> None:
    """No damage leads to another error than a refusal, and chunks do not decide between the two."""
    data = path.read_bytes()
    for share, deleted, inserted in damage:
        at = int(share * len(data))
        data = data[:at] + inserted + data[at + deleted :]
    whole, pieces = _outcome(data, len(data) or 1), _outcome(data, step)
    assert whole == pieces or not (isinstance(whole, ReadResult) or isinstance(pieces, ReadResult))
