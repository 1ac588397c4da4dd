"""A watch goes on over breaks from where it began or stood, by a clock that only waiting and streams move."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.client.patience import Clock

from lienthong.chassis.errors import AxisError, invalid, not_found, unavailable
from lienthong.chassis.rpc.beginning import CURSOR_KEY
from lienthong.client import AxisUnavailableError, InvalidRequestError, NotFoundError, stubs
from lienthong.client.errors import from_axis_error
from lienthong.client.stubs import resumed

HOUR = 3600.0
AWAY = unavailable("DATABASE_AWAY", "The database does not answer.", retry_after=None)  # type: ignore[arg-type] # none named
DRAINING = unavailable("SERVER_DRAINING", "The server goes down.", timedelta(seconds=1))


@dataclass
class Stream:
    """A stream as a server gives it.

    Attributes:
        begin: Cursor in its headers; a server of an earlier version sends none.
        told: Cursors of its messages.
        seconds: How long it lasts behind them.
        end: How it ends.
    """

    begin: str = ""
    told: tuple[str, ...] = ()
    seconds: float = 0.0
    end: AxisError | None = AWAY
    closed: bool = False

    def initial_metadata(self) -> tuple[tuple[str, str], ...]:
        """Gives the headers."""
        return (("date", "today"), (CURSOR_KEY, self.begin)) if self.begin else ()

    def close(self) -> None:
        """Ends it."""
        self.closed = True


AWAY_AT_ONCE = Stream()


@dataclass
class Axis:
    """Opens streams in turn, the last one again and again.

    Attributes:
        clock: Moved by streams.
        streams: The streams.
        asked: Cursors at which those were opened that are followed now.
    """

    clock: Clock
    streams: tuple[Stream, ...] = ()
    asked: list[str] = field(default_factory=list)

    def open(self, cursor: str) -> Any:
        """Opens the next stream."""
        stream = self.streams[min(len(self.asked), len(self.streams) - 1)]
        self.asked.append(cursor)
        return _Opened(stream, self.clock)

    def follow(self, *streams: Stream, cursor: str = "", **more: float) -> Iterator[str]:
        """Follows streams: the cursors that were told."""
        self.streams, self.asked = streams, []
        return (message.cursor for message in resumed(self.open, cursor, **more))


class _Opened:
    def __init__(self, stream: Stream, clock: Clock) -> None:
        self.initial_metadata, self.close = stream.initial_metadata, stream.close
        self._stream, self._clock = stream, clock

    def __iter__(self) -> Iterator[SimpleNamespace]:
        yield from (SimpleNamespace(cursor=one) for one in self._stream.told)
        self._clock.now += self._stream.seconds
        if self._stream.end is not None:
            raise from_axis_error(self._stream.end)


@pytest.fixture
def axis(monkeypatch: pytest.MonkeyPatch) -> Axis:
    """Streams by a clock; no pause is spread."""
    clock = Clock()
    monkeypatch.setattr(stubs, "time", clock)
    monkeypatch.setattr(stubs, "random", SimpleNamespace(random=lambda: 0.5))
    return Axis(clock)


def test_a_quiet_watch_outlives_restarts(axis: Axis) -> None:
    """A stream that opened well ended the break before it, also when it told nothing for an hour."""
    quiet = Stream("5", seconds=HOUR, end=DRAINING)
    assert next(axis.follow(quiet, quiet, quiet, Stream("5", ("6",)))) == "6"
    assert axis.asked == ["", "5", "5", "5"]


def test_a_break_before_the_first_message_loses_nothing(axis: Axis) -> None:
    """The watch goes on from where it began, then from what it told, and never begins anew."""
    told = axis.follow(Stream("5"), AWAY_AT_ONCE, Stream("5", ("6", "7")), Stream("8"), Stream("8", ("9",)))
    assert list(islice(told, 3)) == ["6", "7", "9"]
    assert axis.asked == ["", "5", "5", "7", "8"]


def test_a_server_of_an_earlier_version(axis: Axis) -> None:
    """One that does not say where a watch begins is followed as before: only a message ends a break."""
    assert next(axis.follow(Stream(), Stream(), Stream(told=("6",)))) == "6"
    assert axis.asked == ["", "", ""]
    quiet = Stream(seconds=HOUR)
    with pytest.raises(AxisUnavailableError, match="does not answer"):
        next(axis.follow(quiet, quiet, Stream(told=("6",)), cursor="4"))


def test_pauses_grow_until_a_stream_opens(axis: Axis) -> None:
    """From a tenth of a second to two, or what the axis asks for; the first again after a stream that opened well."""
    next(axis.follow(*[AWAY_AT_ONCE] * 6, Stream("5"), Stream(end=DRAINING), Stream("5", ("6",))))
    assert axis.clock.pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 0.1, 1.0])


def test_an_axis_that_is_away_is_given_up(axis: Axis) -> None:
    """After the seconds that a break may last, and never later because of a long pause."""
    for end in (AWAY, DRAINING, unavailable("BUSY", "Come back.", timedelta(minutes=10))):
        begun = axis.clock.now
        with pytest.raises(AxisUnavailableError, match=end.message):
            next(axis.follow(Stream(end=end), give_up_seconds=60.0))
        assert axis.clock.now - begun <= 60.0


def test_refusals_are_told(axis: Axis) -> None:
    """What is refused is not asked again; what was made just now may be not found for a while, and not later."""
    with pytest.raises(InvalidRequestError):
        next(axis.follow(Stream(end=invalid("CURSOR_INVALID", "no"))))
    absent = Stream(end=not_found("documents/1"))
    assert next(axis.follow(absent, absent, Stream(told=("6",)), absent_seconds=30.0)) == "6"
    with pytest.raises(NotFoundError):
        next(axis.follow(Stream("5"), absent, absent_seconds=30.0))
    with pytest.raises(NotFoundError):
        next(axis.follow(absent, absent_seconds=30.0))
    assert axis.clock.now < HOUR


def test_each_stream_is_closed(axis: Axis) -> None:
    """One that ended by itself before the next is opened, one that is followed no more at once."""
    ended, left = Stream("5", end=None), Stream("5", ("6", "7"))
    following = resumed(axis.open, "")
    axis.streams = ended, left
    next(following)
    assert (ended.closed, left.closed) == (True, False)
    following.close()  # type: ignore[attr-defined] # a generator
    assert left.closed
