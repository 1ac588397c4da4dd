"""Streams look when they are woken, and rest after a look that was dear."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import Int32Value

from lienthong.chassis.errors import AxisError
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc import beginning
from lienthong.chassis.rpc.call import Watch
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.rpc.shares import Shares
from lienthong.chassis.rpc.streams import Streams

LOOK_SECONDS = 0.1
REST_SECONDS = 0.15
HINTS = 200
HINT_SECONDS = 0.005


class Dear:
    """What a stream watches: a number that grows, and is dear to find."""

    def __init__(self) -> None:
        self.now = 0
        self.looks = 0

    def produce(self, cursor: str) -> tuple[Sequence[Message], str]:
        """Finds the number, when it is another one."""
        self.looks += 1
        begun = time.thread_time()
        while time.thread_time() - begun < LOOK_SECONDS:
            pass
        found = self.now
        return ([Int32Value(value=found)] if str(found) != cursor else []), str(found)

    def door(self) -> Any:
        """Lets everybody in."""
        return SimpleNamespace(
            row=SimpleNamespace(method="test.Watch"),
            request=b"",
            admit=lambda: (SimpleNamespace(caller="caller"), Watch("key", "", self.produce)),
            lets_in=lambda _call: True,
            admission=SimpleNamespace(fresh=True),
        )


async def _nothing(*_: object) -> None:
    """Takes the headers of a stream."""


def test_a_dear_look_is_followed_by_a_rest() -> None:
    """A watch that is woken all the time rests longer than it looks, and shows the last change all the same."""
    dear, hub, shown = Dear(), Hub(), list[int]()

    async def follow(streams: Streams) -> None:
        async for message in streams._feed(dear.door(), SimpleNamespace(send_initial_metadata=_nothing)):  # type: ignore[arg-type]
            shown.append(Int32Value.FromString(message).value)
            if shown[-1] == HINTS:
                return

    async def main() -> float:
        hub.bind(asyncio.get_running_loop())
        with ThreadPoolExecutor(2) as executor:
            streams = Streams(hub, Metrics(), executor, Shares("watches", 10))
            begun = time.monotonic()
            following = asyncio.create_task(follow(streams))
            for number in range(1, HINTS + 1):
                dear.now = number
                hub.wake("key")
                await asyncio.sleep(HINT_SECONDS)
            await asyncio.wait_for(following, 10)
            streams.close()
            return time.monotonic() - begun

    seconds = asyncio.run(main())
    assert shown[-1] == HINTS
    assert dear.looks <= 2 + seconds / (LOOK_SECONDS + REST_SECONDS)


@pytest.mark.parametrize(
    ("cursor", "told"),
    [("WzFd", "WzFd"), ("", ""), ("x" * 8192, "")],
    ids=["a place", "what there is", "more than headers carry"],
)
def test_the_headers_of_a_stream_tell_where_it_begins(cursor: str, told: str) -> None:
    """They come before any message; one that begins with what there is has no place that could be told."""
    hub, headers = Hub(), list[Any]()

    async def keep(metadata: Any) -> None:
        headers.extend(metadata)
        hub.close()

    async def main() -> None:
        hub.bind(asyncio.get_running_loop())
        with ThreadPoolExecutor(2) as executor:
            streams = Streams(hub, Metrics(), executor, Shares("watches", 10))
            door = Dear().door()
            door.admit = lambda: (SimpleNamespace(caller="caller"), Watch("key", cursor, lambda _: ([], cursor)))
            with pytest.raises(AxisError, match="goes down"):
                await anext(streams._feed(door, SimpleNamespace(send_initial_metadata=keep)))  # type: ignore[arg-type]
            streams.close()

    asyncio.run(main())
    assert beginning.read(headers) == told
    assert len(headers) == bool(told)
