"""Threads are shared fairly between systems."""

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lienthong.chassis.errors import AxisError
from lienthong.chassis.rpc.fairness import FairPool


def test_systems_take_turns() -> None:
    """A system with many calls waits for itself: the other's calls pass in between."""
    gate = threading.Event()
    order: list[str] = []

    async def main() -> None:
        with ThreadPoolExecutor(1) as executor:
            pool = FairPool(executor, 1, 100, 100)
            first = asyncio.create_task(pool.run("blocker", gate.wait))
            await asyncio.sleep(0)
            greedy = [asyncio.create_task(pool.run("greedy", order.append, f"greedy-{n}")) for n in range(4)]
            modest = [asyncio.create_task(pool.run("modest", order.append, f"modest-{n}")) for n in range(2)]
            await asyncio.sleep(0)
            gate.set()
            await asyncio.gather(first, *greedy, *modest)

    asyncio.run(main())
    assert order == ["greedy-0", "modest-0", "greedy-1", "modest-1", "greedy-2", "greedy-3"]


def test_queues_are_bounded() -> None:
    """More than a system may have waiting is refused with a time to retry; others are still taken."""
    gate = threading.Event()

    async def main() -> str:
        with ThreadPoolExecutor(1) as executor:
            pool = FairPool(executor, 1, 10, 1)
            first = asyncio.create_task(pool.run("one", gate.wait))
            await asyncio.sleep(0)
            second = asyncio.create_task(pool.run("one", gate.is_set))
            await asyncio.sleep(0)
            with pytest.raises(AxisError) as refused:
                await pool.run("one", gate.is_set)
            other = asyncio.create_task(pool.run("other", gate.is_set))
            await asyncio.sleep(0)
            gate.set()
            await asyncio.gather(first, second, other)
            return refused.value.reason

    assert asyncio.run(main()) == "SYSTEM_BUSY"


def test_who_is_refused_leaves_nothing_behind() -> None:
    """A full queue refuses systems that have nothing waiting: whoever comes after them has its turn all the same."""
    gates = [threading.Event(), threading.Event()]

    async def main() -> tuple[bool, int]:
        with ThreadPoolExecutor(1) as executor:
            pool = FairPool(executor, 1, 1, 1)
            first = asyncio.create_task(pool.run("first", gates[0].wait, 10.0))
            await asyncio.sleep(0)
            second = asyncio.create_task(pool.run("second", gates[1].wait, 10.0))
            await asyncio.sleep(0)
            with pytest.raises(AxisError, match="as many calls as it can hold"):
                await pool.run("refused", gates[0].is_set)
            gates[0].set()
            await first
            third = asyncio.create_task(pool.run("third", gates[0].is_set))
            await asyncio.sleep(0)
            gates[1].set()
            await second
            return await asyncio.wait_for(third, 5.0), pool.waiting

    assert asyncio.run(main()) == (True, 0)


def test_a_caller_that_leaves_gives_its_place_back() -> None:
    """A call that is cancelled while it waits neither runs nor keeps a thread."""
    gate = threading.Event()

    async def main() -> tuple[int, bool]:
        with ThreadPoolExecutor(1) as executor:
            pool = FairPool(executor, 1, 10, 10)
            first = asyncio.create_task(pool.run("one", gate.wait))
            await asyncio.sleep(0)
            second = asyncio.create_task(pool.run("two", gate.is_set))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.gather(second, return_exceptions=True)
            gate.set()
            await first
            return pool.waiting, await pool.run("three", gate.is_set)

    assert asyncio.run(main()) == (0, True)


def test_a_thread_is_free_when_its_work_has_ended() -> None:
    """A caller that leaves while its call runs frees no thread: the next call waits in its queue until there is one."""
    begun, gate = threading.Event(), threading.Event()
    running: list[str] = []

    def work(name: str) -> None:
        running.append(name)
        begun.set()
        gate.wait(10)
        running.remove(name)

    async def main() -> tuple[int, list[str]]:
        with ThreadPoolExecutor(2) as executor:
            pool = FairPool(executor, 1, 10, 10)
            first = asyncio.create_task(pool.run("hasty", work, "first"))
            await asyncio.to_thread(begun.wait, 10)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            second = asyncio.create_task(pool.run("hasty", work, "second"))
            await asyncio.sleep(0)
            seen = pool.waiting, list(running)
            gate.set()
            await second
            return seen

    assert asyncio.run(main()) == (1, ["first"])


def test_one_system_never_has_all_threads() -> None:
    """Whatever the calls of one system wait for, a thread is left for those of others; its own go on in turn."""
    gate = threading.Event()

    async def main() -> tuple[str, int]:
        with ThreadPoolExecutor(4) as executor:
            pool = FairPool(executor, 4, 10, 10, of_one=3)
            stuck = [asyncio.create_task(pool.run("stuck", gate.wait, 10)) for _ in range(5)]
            await asyncio.sleep(0)
            answer = await asyncio.wait_for(pool.run("other", lambda: "answered"), 5)
            waiting = pool.waiting
            gate.set()
            await asyncio.gather(*stuck)
            return answer, waiting

    assert asyncio.run(main()) == ("answered", 2)


def test_an_error_that_nobody_waits_for_is_no_line_of_the_log() -> None:
    """What a call whose caller has left was refused is nobody's: it is no defect of the program."""
    gate, begun = threading.Event(), threading.Event()
    told: list[object] = []

    def work() -> None:
        begun.set()
        gate.wait(10)
        raise ValueError("refused")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context["message"]))
        with ThreadPoolExecutor(1) as executor:
            pool = FairPool(executor, 1, 10, 10)
            call = asyncio.create_task(pool.run("hasty", work))
            await asyncio.to_thread(begun.wait, 10)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            gate.set()
            await pool.run("other", str)
        gc.collect()

    asyncio.run(main())
    assert told == []
