"""Equal questions are answered by one look, and never by one that began before the last change."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lienthong.chassis.rpc.singleflight import SingleFlight


def looking(looks: list[str], answer: str, gate: asyncio.Event) -> Callable[[], Awaitable[str]]:
    """A look that is counted, and answers when the gate opens."""

    async def look() -> str:
        looks.append(answer)
        await gate.wait()
        return answer

    return look


def test_equal_questions_are_joined() -> None:
    """Of many who ask the same at once one looks, and all are answered."""

    async def story() -> None:
        flights, looks, gate = SingleFlight[str](), list[str](), asyncio.Event()
        asked = [asyncio.ensure_future(flights.ask("q", 1, looking(looks, "a", gate))) for _ in range(100)]
        await asyncio.sleep(0)
        gate.set()
        assert await asyncio.gather(*asked) == ["a"] * 100
        assert looks == ["a"]

    asyncio.run(story())


def test_a_change_begins_a_new_look() -> None:
    """Who was woken by a change is not answered by a look that began before it."""

    async def story() -> None:
        flights, looks, gate = SingleFlight[str](), list[str](), asyncio.Event()
        old = asyncio.ensure_future(flights.ask("q", 1, looking(looks, "old", gate)))
        new = asyncio.ensure_future(flights.ask("q", 2, looking(looks, "new", gate)))
        await asyncio.sleep(0)
        gate.set()
        assert [await old, await new] == ["old", "new"]

    asyncio.run(story())


def test_who_leaves_takes_nothing_from_the_others() -> None:
    """The first who asked leaves; the others are answered by the look that it began."""

    async def story() -> None:
        flights, looks, gate = SingleFlight[str](), list[str](), asyncio.Event()
        first = asyncio.ensure_future(flights.ask("q", 1, looking(looks, "a", gate)))
        second = asyncio.ensure_future(flights.ask("q", 1, looking(looks, "b", gate)))
        await asyncio.sleep(0)
        first.cancel()
        gate.set()
        assert await second == "a"
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(story())


def test_a_failed_look_is_not_kept() -> None:
    """Each who joined is told of the failure; the next one looks anew."""

    async def story() -> None:
        flights = SingleFlight[str]()

        async def fail() -> str:
            raise OSError("away")

        asked = [asyncio.ensure_future(flights.ask("q", 1, fail)) for _ in range(2)]
        assert [type(error) for error in await asyncio.gather(*asked, return_exceptions=True)] == [OSError, OSError]
        gate = asyncio.Event()
        gate.set()
        assert await flights.ask("q", 1, looking([], "back", gate)) == "back"

    asyncio.run(story())
