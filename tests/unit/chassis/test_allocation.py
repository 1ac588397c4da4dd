"""Memory that was freed goes back to the system."""

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import psutil
import pytest

from lienthong.chassis.allocation import return_freed

THREADS = 12
SIZES_MIB = (8, 6, 4, 7, 5)
PATIENCE_SECONDS = 60.0


def nothing() -> None:
    """Leaves the C library as it is."""


@pytest.mark.parametrize(("prepare", "least", "most"), [(return_freed, 0, 16), (nothing, 32, 1000)])
def test_many_threads_keep_nothing_of_large_blocks(prepare: Callable[[], None], least: float, most: float) -> None:
    """Whatever passed through the threads of a process is given back; the C library as it comes keeps much of it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        assert least <= apart.submit(kept_mib, prepare).result(PATIENCE_SECONDS) < most


def kept_mib(prepare: Callable[[], None]) -> float:
    """Measures what a process has more after large blocks came and went in many threads at once."""
    prepare()
    own, barrier = psutil.Process(), threading.Barrier(THREADS, timeout=PATIENCE_SECONDS)
    before = own.memory_full_info().uss
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda _thread: pass_blocks(barrier), range(THREADS)))
        return float(own.memory_full_info().uss - before) / 2**20


def pass_blocks(barrier: threading.Barrier) -> None:
    """Writes blocks and frees each; all threads are there while it happens."""
    barrier.wait()
    for size in SIZES_MIB:
        block = b"x" * (size << 20)
        del block
    barrier.wait()
