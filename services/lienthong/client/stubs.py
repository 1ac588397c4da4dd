"""Calls with deadlines, identity and safe retries, made from the service descriptors."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from typing import Any, Self

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from lienthong.chassis.rpc import beginning
from lienthong.client.errors import (
    DEADLINE_PASSED,
    MESSAGE_BYTES_AT_MOST,
    AxisUnavailableError,
    NotFoundError,
    call_error,
    from_axis_error,
    message_too_large,
)

DEFAULT_SECONDS = 30.0
ATTEMPTS = 5
PATIENCE_SECONDS = 60.0
"""A transfer may stand still for so long: a server starts again meanwhile."""

_ON_ITS_WAY = frozenset({"SYSTEM_NOT_KNOWN_YET", "REQUEST_RUNNING"})
"""Who calls was registered, and each service hears of it soon, or an answer is being made: worth the whole
deadline."""
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 2.0

Metadata = tuple[tuple[str, str | bytes], ...]


class Stub:
    """The calls of one service, by their names as the contract spells them."""

    def __init__(self, channel: grpc.Channel, service: ServiceDescriptor, metadata: Metadata) -> None:
        for method in service.methods:
            make = _stream if method.server_streaming else _unary
            setattr(self, method.name, make(channel, method, metadata))


def retried(action: Callable[[float], Any], *, seconds: float, safe: bool) -> Any:
    """Does something, again when that is safe and the axis could not answer.

    Args:
        action: Takes the seconds that are left, and does it.
        seconds: Deadline of all attempts together.
        safe: Whether doing it twice is like doing it once.

    Raises:
        AxisCallError: The last failure; the one before when the deadline cut the last attempt off.
    """
    end = time.monotonic() + seconds
    delay = _FIRST_DELAY
    told: AxisUnavailableError | None = None
    for attempt in count(1):
        try:
            return action(max(0.001, end - time.monotonic()))
        except AxisUnavailableError as error:
            if told is not None and error.reason == DEADLINE_PASSED:
                raise told from error
            told, pause = error, _pause(error, delay)
            enough = attempt >= ATTEMPTS and error.reason not in _ON_ITS_WAY
            if not safe or enough or time.monotonic() + pause >= end:
                raise
        time.sleep(pause)
        delay = min(delay * 2, _LONGEST_DELAY)
    raise AssertionError("unreachable: the last attempt returns or raises")


def persisted(
    action: Callable[[float], Any], moved: Callable[[], int], *, seconds: float, patience: float = PATIENCE_SECONDS
) -> Any:
    """Does something long that goes on where it stood, again as long as it comes forward.

    Args:
        action: Takes the seconds that are left, and goes on.
        moved: How far it is; any change counts as coming forward.
        seconds: Deadline of all attempts together.
        patience: So long may nothing come forward.

    Raises:
        AxisCallError: It is refused, stands still for too long, or the deadline passed.
    """
    begun = stood_since = time.monotonic()
    place, delay = moved(), _FIRST_DELAY
    while True:
        try:
            return action(max(0.001, begun + seconds - time.monotonic()))
        except AxisUnavailableError as error:
            now = time.monotonic()
            if moved() != place:
                place, delay, stood_since = moved(), _FIRST_DELAY, now
            pause = _pause(error, delay)
            if now + pause > min(stood_since + patience, begun + seconds):
                raise
        time.sleep(pause)
        delay = min(delay * 2, _LONGEST_DELAY)


def _pause(error: AxisUnavailableError, delay: float) -> float:
    return max(_jittered(delay), error.retry_after.total_seconds() if error.retry_after else 0.0)


def _jittered(delay: float) -> float:
    return delay * (0.5 + random.random())  # noqa: S311 -- spreads retries, keeps no secret


def _unary(channel: grpc.Channel, method: MethodDescriptor, metadata: Metadata) -> Callable[..., Message]:
    call = channel.unary_unary(
        _path(method),
        request_serializer=_serialise,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    keyed = "request_id" in method.input_type.fields_by_name

    def perform(request: Message, timeout: float = DEFAULT_SECONDS) -> Message:
        def once(left: float) -> Message:
            try:
                return call(request, timeout=left, metadata=metadata)
            except grpc.RpcError as error:
                raise call_error(error, left) from error

        size = request.ByteSize()
        if size > MESSAGE_BYTES_AT_MOST:
            raise from_axis_error(message_too_large(f"the request has {size}"))
        safe = not keyed or bool(getattr(request, "request_id"))  # noqa: B009 -- a field that only keyed messages have
        answer: Message = retried(once, seconds=timeout, safe=safe)
        return answer

    return perform


def _stream(channel: grpc.Channel, method: MethodDescriptor, metadata: Metadata) -> Callable[..., "Stream"]:
    call = channel.unary_stream(
        _path(method),
        request_serializer=_serialise,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )

    def perform(request: Message, timeout: float | None = None) -> Stream:
        return Stream(call(request, timeout=timeout, metadata=metadata), timeout)

    return perform


class Stream:
    """An open stream, as gRPC gives it, with the errors of the axis."""

    def __init__(self, call: Any, seconds: float | None) -> None:
        self._call = call
        self._messages = _messages(call, seconds)

    def initial_metadata(self) -> Metadata:
        """Waits until the stream has begun, gives its headers; none when it failed, and its messages tell why."""
        headers: Metadata = self._call.initial_metadata()
        return headers

    def close(self) -> None:
        """Ends it."""
        self._call.cancel()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message:
        return next(self._messages)


def _messages(call: Any, seconds: float | None) -> Iterator[Message]:
    try:
        yield from call
    except grpc.RpcError as error:
        raise call_error(error, seconds) from error
    finally:
        call.cancel()


def resumed(
    open_stream: Callable[[str], Any],
    cursor: str,
    *,
    give_up_seconds: float = 60.0,
    absent_seconds: float = 0.0,
) -> Iterator[Any]:
    """Follows a stream for ever: after a break it goes on from the last cursor.

    Args:
        open_stream: Opens the stream at a cursor; its messages have a field `cursor`, its headers may have one.
        cursor: Where to begin.
        give_up_seconds: The break may last so long.
        absent_seconds: What was made just now may be not found for so long: another service hears of it by an event.

    Raises:
        AxisCallError: The axis refuses, or is away for too long.
    """
    gap = _Gap(give_up_seconds)
    absent_until = time.monotonic() + absent_seconds
    while True:
        try:
            with closing(open_stream(cursor)) as stream:
                if begin := beginning.read(stream.initial_metadata()):
                    gap.over()
                    cursor = begin
                for message in stream:
                    gap.over()
                    cursor = message.cursor
                    yield message
            gap.wait()
        except NotFoundError:
            if cursor or time.monotonic() > absent_until:
                raise
            gap.wait()
        except AxisUnavailableError as error:
            gap.wait(error)


class _Gap:
    """A break of a stream: how long it lasts already, and when the stream is opened again."""

    def __init__(self, seconds_at_most: float) -> None:
        self._seconds_at_most = seconds_at_most
        self._since: float | None = None
        self._delay = _FIRST_DELAY

    def over(self) -> None:
        """Notes that the stream has opened well, or told something."""
        self._since, self._delay = None, _FIRST_DELAY

    def wait(self, error: AxisUnavailableError | None = None) -> None:
        """Waits until the stream may be opened again; longer each time, and as long as the axis asks for.

        Raises:
            AxisUnavailableError: The given one, when the axis is away for too long.
        """
        pause = _jittered(self._delay) if error is None else _pause(error, self._delay)
        if error is not None:
            now = time.monotonic()
            self._since = now if self._since is None else self._since
            if now + pause > self._since + self._seconds_at_most:
                raise error
        time.sleep(pause)
        self._delay = min(self._delay * 2, _LONGEST_DELAY)


def _serialise(message: Message) -> bytes:
    return message.SerializeToString()


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"
