"""Small messages of an upload are joined, and nothing else about them changes."""

from hypothesis import given
from hypothesis import strategies as st

from google.bytestream import bytestream_pb2 as pb
from lienthong.chassis.rpc.gathering import Gathering

MOST = 8


def message(offset: int, data: bytes, *, finish: bool = False) -> pb.WriteRequest:
    """Makes a message."""
    return pb.WriteRequest(write_offset=offset, data=data, finish_write=finish)


@given(st.lists(st.binary(max_size=12)))
def test_the_bytes_stay_the_same(parts: list[bytes]) -> None:
    """Whatever the cuts: the same bytes at the same offsets, in messages that follow on, the last of them finished."""
    gathering, taken, offset = Gathering(MOST), bytearray(), 0
    for number, part in enumerate([*parts, b""]):
        for joined in gathering.add(message(offset, part, finish=number == len(parts))):
            assert joined.write_offset == len(taken)
            taken += joined.data
            assert joined.finish_write == (number == len(parts))
        offset += len(part)
        assert offset - len(taken) < MOST
    assert bytes(taken) == b"".join(parts)


def test_what_does_not_follow_on_passes_as_it_is() -> None:
    """A gap or a repeat is for the upload to judge: what was held back goes first, then it; joining goes on behind."""
    gathering = Gathering(MOST)
    assert gathering.add(message(0, b"ab")) == []
    assert gathering.add(message(7, b"xy")) == [message(0, b"ab"), message(7, b"xy")]
    assert gathering.add(message(9, b"z")) == []
    assert gathering.add(message(10, b"", finish=True)) == [message(9, b"z", finish=True)]


def test_a_resumed_upload_begins_anywhere() -> None:
    """The first message of a stream that goes on behind what is durable passes at once."""
    gathering = Gathering(MOST)
    assert gathering.add(message(100, b"a")) == [message(100, b"a")]
    assert gathering.add(message(101, b"b")) == []
