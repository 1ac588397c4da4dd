"""An upload goes on over breaks as long as it comes forward, by a clock that only waiting and sending move."""

import io
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import grpc
import pytest
from tests.unit.client.patience import Clock

from google.bytestream import bytestream_pb2 as pb
from lienthong.client import AxisUnavailableError, stubs
from lienthong.client.transfers import PIECE, Transfers

PIECES = 5
CONTENT = bytes(PIECES * PIECE)


class _Broken(grpc.RpcError):
    def trailing_metadata(self) -> tuple[()]:
        return ()

    def details(self) -> str:
        return "the line broke"

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE


class Line:
    """A channel to a server that keeps an upload.

    Attributes:
        breaks: Of each attempt that breaks off, how many pieces it takes.
        seconds: How long such an attempt lasts.
        keeps: Whether what was taken is durable.
        kept: Bytes that are.
        attempts: How many there were.
    """

    def __init__(self, clock: Clock, breaks: list[int], seconds: float, *, keeps: bool = True) -> None:
        self.breaks, self.seconds, self.keeps = breaks, seconds, keeps
        self.kept = self.attempts = 0
        self._clock = clock

    def unary_stream(self, *_: object) -> None:
        """Nothing is read."""

    def unary_unary(self, *_: object) -> Callable[..., pb.QueryWriteStatusResponse]:
        """Tells how far the upload is."""
        return lambda _request, **_options: pb.QueryWriteStatusResponse(committed_size=self.kept)

    def stream_unary(self, *_: object) -> Callable[..., None]:
        """Takes it."""
        return self._take

    def _take(self, requests: Iterator[pb.WriteRequest], **_: object) -> None:
        self.attempts += 1
        taken = self.breaks.pop(0) if self.breaks else None
        for request in islice(requests, taken):
            assert request.write_offset >= self.kept
            if self.keeps:
                self.kept = request.write_offset + len(request.data)
        if taken is not None:
            self._clock.now += self.seconds
            raise _Broken


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the client."""
    made = Clock()
    monkeypatch.setattr(stubs, "time", made)
    return made


def upload(line: Any) -> None:
    """Uploads the content."""
    Transfers(line, ()).upload("uploads/1", io.BytesIO(CONTENT), len(CONTENT))


@pytest.mark.parametrize("breaks", [[3], [1, 1, 1]], ids=["once", "again and again"])
def test_an_upload_whose_line_breaks_late_goes_on(clock: Clock, breaks: list[int]) -> None:
    """What an attempt sent is coming forward, also when the server was not asked since: it may have lasted long."""
    line = Line(clock, list(breaks), 90.0)
    upload(line)
    assert (line.kept, line.attempts) == (len(CONTENT), len(breaks) + 1)


@pytest.mark.parametrize(("taken", "seconds"), [(0, 80.0), (1, 100.0)], ids=["nothing", "the same piece"])
def test_an_upload_that_stands_still_ends(clock: Clock, taken: int, seconds: float) -> None:
    """After a minute without anything new; what is sent again and again counts once."""
    line = Line(clock, [taken] * 99, 20.0, keeps=False)
    with pytest.raises(AxisUnavailableError, match="the line broke"):
        upload(line)
    assert seconds - 20.0 <= clock.now <= seconds
