"""The block reader answers exactly as pyHanko's own reader does, on every input."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic

from lienthong.signing.verification import hexreader

PIECES = st.sampled_from([b"0", b"9", b"a", b"F", b"<", b">", b" ", b"\n", b"\x00", b"g", b"<<", b"FEFF1ED0", b"("])


def outcome(reader: Any, content: bytes, start: int) -> tuple[Any, ...]:
    """What a reader answers or raises, and where it leaves the stream when it answers."""
    stream = io.BytesIO(content)
    stream.seek(start)
    try:
        value = reader(stream)
    except Exception as error:  # noqa: BLE001 - whatever the original raises is the rule
        return type(error), str(error)
    return type(value), value, value.original_bytes, stream.tell()


@given(st.lists(PIECES, max_size=30), st.integers(0, 3))
@example([b"3082", b">"], 0)
@example([b"0" * 20_000, b">"], 0)
@example([b"0" * 20_001, b">"], 0)
@example([b"0" * 4095, b">"], 0)
@example([b"0" * 4096, b">rest"], 0)
@example([], 0)
def test_both_readers_agree(pieces: list[bytes], start: int) -> None:
    """Same value of the same type, same place in the stream, same error."""
    content = b"x" * start + b"<" + b"".join(pieces)
    assert hexreader._original is not None
    assert outcome(hexreader.read_hex_string, content, start) == outcome(hexreader._original, content, start)


def test_it_can_be_installed_and_removed() -> None:
    """The remedy is in force after install and gone after uninstall; a pyHanko without the function is left alone."""
    assert hexreader.install()
    assert generic.read_hex_string_from_stream is hexreader.read_hex_string
    hexreader.uninstall()
    assert generic.read_hex_string_from_stream is hexreader._original
    hexreader.install()


def test_another_pyhanko_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyHanko reads these strings elsewhere, nothing is replaced."""
    monkeypatch.setattr(hexreader, "_original", None)
    assert not hexreader.install()
