"""Many small things at once: what is copied one by one over a network waits more than it works."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

WORKERS = 8
_AHEAD = 4 * WORKERS
"""Begun and not yet asked for, at most."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(action: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Does something to each item, several at once, and gives the results in order, in constant memory.

    Raises:
        Exception: Whatever `action` raised first.
    """
    with ThreadPoolExecutor(WORKERS, "moving") as pool:
        begun: deque[Future[Result]] = deque()
        for item in items:
            begun.append(pool.submit(action, item))
            if len(begun) == _AHEAD:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
