"""Hints: whom they wake, here and in other copies."""

import asyncio

from lienthong.chassis.rpc.hub import Hub


def test_hints_wake_who_watches() -> None:
    """A hint wakes every stream of its key and no other; nothing is kept of streams that left."""

    async def run() -> None:
        hub = Hub()
        hub.publish("before there is a loop")
        hub.bind(asyncio.get_running_loop())
        mine, also, other = hub.watch("a"), hub.watch("a"), hub.watch("b")
        await asyncio.to_thread(hub.publish, "a")
        await asyncio.wait_for(mine.wait(), 5.0)
        await asyncio.wait_for(also.wait(), 5.0)
        assert not other.is_set()
        for key, event in (("a", mine), ("a", also), ("b", other)):
            hub.leave(key, event)
        assert not hub._waiting

    asyncio.run(run())


def test_hints_go_to_other_copies_too() -> None:
    """What is published goes on to the bus; what comes from it, or concerns everything, stays here."""

    async def run() -> None:
        hub, sent = Hub(), Sent()
        hub.bus = sent
        hub.bind(asyncio.get_running_loop())
        mine, other = hub.watch("a"), hub.watch("b")
        hub.publish("a")
        hub.wake("a")
        await asyncio.wait_for(mine.wait(), 5.0)
        assert not other.is_set()
        hub.wake_all()
        await asyncio.wait_for(other.wait(), 5.0)
        assert sent.keys == ["a"]

    asyncio.run(run())


class Sent:
    """A bus that keeps what was sent."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def send(self, key: str) -> None:
        """Keeps a key."""
        self.keys.append(key)
