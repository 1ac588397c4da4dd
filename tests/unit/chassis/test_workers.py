"""Child processes: limits hold, failures are told, nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from tests.waiting import eventually

from lienthong.chassis import workers
from lienthong.chassis.workers import WorkerPool, WorkerSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.children

MEMORY = 1 << 30
PATIENCE = 20.0


def spec(job: str, **changes: float) -> WorkerSpec:
    """Return a spec whose job function is the Python expression ``job``."""
    settings: dict[str, Any] = {"memory_limit_bytes": MEMORY, "time_limit_seconds": PATIENCE, **changes}
    return WorkerSpec(factory="builtins:eval", config=job, **settings)


@pytest.fixture
def open_pool() -> Iterator[Callable[..., WorkerPool]]:
    """Pools that are closed at the end of the test."""
    pools: list[WorkerPool] = []

    def build(job: str, size: int = 1, waiting: int = 100, **changes: float) -> WorkerPool:
        pools.append(WorkerPool(size, spec(job, **changes), waiting))
        return pools[-1]

    yield build
    for pool in pools:
        pool.close()


EVALUATE = "lambda text: eval(text)"
SLEEP = "__import__('time').sleep(600)"


def test_a_job_is_answered_by_another_process(open_pool: Callable[..., WorkerPool]) -> None:
    """A job runs in a child, and its JSON result comes back whole, in Vietnamese and when it is large."""
    pool = open_pool(EVALUATE)
    assert pool.submit("__import__('os').getpid()").result(PATIENCE) != os.getpid()
    assert pool.submit("'Ủy ban nhân dân ' * 100_000").result(PATIENCE) == "Ủy ban nhân dân " * 100_000


def test_children_start_lazily_and_stay_warm(open_pool: Callable[..., WorkerPool]) -> None:
    """No child exists before the first job; the same child does the next jobs."""
    pool = open_pool("lambda _: __import__('os').getpid()")
    assert pool.pids() == ()
    assert len({pool.submit(None).result(PATIENCE) for _ in range(5)}) == 1


def test_a_child_is_replaced_after_its_share_of_jobs(open_pool: Callable[..., WorkerPool]) -> None:
    """Slow leaks end with the child that has them."""
    pool = open_pool("lambda _: __import__('os').getpid()", jobs_per_child=2)
    assert len({pool.submit(None).result(PATIENCE) for _ in range(4)}) == 2


def test_a_job_that_takes_too_long_is_killed(open_pool: Callable[..., WorkerPool]) -> None:
    """The child is killed at the time limit, the job is told so, and the next job is done by a new child."""
    pool = open_pool(EVALUATE, time_limit_seconds=0.3)
    first = pool.submit("__import__('os').getpid()").result(PATIENCE)
    with pytest.raises(workers.JobTimedOutError):
        pool.submit(SLEEP).result(PATIENCE)
    assert not psutil.pid_exists(first)
    assert pool.submit("1 + 1").result(PATIENCE) == 2


def test_a_deadline_counts_while_a_job_waits(open_pool: Callable[..., WorkerPool]) -> None:
    """A job whose deadline passes in the backlog is answered with a time-out and never runs."""
    pool = open_pool(EVALUATE, time_limit_seconds=0.5)
    running = pool.submit(SLEEP)
    late = pool.submit("1", deadline=time.monotonic() + 0.05)
    with pytest.raises(workers.JobTimedOutError, match="before a child was free"):
        late.result(PATIENCE)
    assert running.done()


def test_a_child_that_stalls_inside_an_answer_is_killed(open_pool: Callable[..., WorkerPool]) -> None:
    """Half an answer is no answer: the time limit holds while the answer is being read."""
    half = "[__import__('os').write(4, bytes((0, 0, 1, 0)) + b'{'), __import__('time').sleep(600)]"
    pool = open_pool(EVALUATE, time_limit_seconds=0.5)
    with pytest.raises(workers.JobTimedOutError):
        pool.submit(half).result(PATIENCE)


@pytest.mark.parametrize("death", ["__import__('os')._exit(3)", "__import__('os').kill(__import__('os').getpid(), 9)"])
def test_a_crash_is_told_and_does_not_spread(open_pool: Callable[..., WorkerPool], death: str) -> None:
    """A child that dies under a job fails that job at once and no other."""
    pool = open_pool(EVALUATE, size=2)
    jobs = [pool.submit(death), *(pool.submit("1 + 1") for _ in range(20))]
    with pytest.raises(workers.ChildCrashedError):
        jobs[0].result(PATIENCE)
    assert [job.result(PATIENCE) for job in jobs[1:]] == [2] * 20


def test_memory_is_limited(open_pool: Callable[..., WorkerPool]) -> None:
    """A job cannot take more memory than its child may have; the next job gets a fresh child."""
    pool = open_pool(EVALUATE)
    before = pool.submit("__import__('os').getpid()").result(PATIENCE)
    with pytest.raises(workers.ChildOutOfMemoryError):
        pool.submit("bytearray(4 << 30) and None").result(PATIENCE)
    assert pool.submit("__import__('os').getpid()").result(PATIENCE) != before


def test_an_error_of_the_job_keeps_the_child(open_pool: Callable[..., WorkerPool]) -> None:
    """An exception in the job is told with its type and text; the child goes on."""
    pool = open_pool(EVALUATE)
    pid = pool.submit("__import__('os').getpid()").result(PATIENCE)
    with pytest.raises(workers.JobFailedError, match="ZeroDivisionError"):
        pool.submit("1 / 0").result(PATIENCE)
    assert pool.submit("__import__('os').getpid()").result(PATIENCE) == pid


def test_a_child_that_cannot_start_is_told(open_pool: Callable[..., WorkerPool]) -> None:
    """Code that cannot be prepared fails each job with the reason, and hangs nobody."""
    pool = open_pool("no such name")
    for _ in range(2):
        with pytest.raises(workers.ChildCannotStartError, match="SyntaxError"):
            pool.submit(None).result(PATIENCE)


def test_prints_of_a_library_do_not_disturb(open_pool: Callable[..., WorkerPool]) -> None:
    """What a job's code prints goes to stderr, never into the protocol."""
    assert open_pool(EVALUATE).submit("print('noise', flush=True)").result(PATIENCE) is None


def test_children_ignore_the_signals_that_stop_the_parent(open_pool: Callable[..., WorkerPool]) -> None:
    """SIGINT, SIGTERM and SIGHUP reach the whole group; the parent must still be able to drain."""
    pool = open_pool(EVALUATE)
    pid = pool.submit("__import__('os').getpid()").result(PATIENCE)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    assert pool.submit("__import__('os').getpid()").result(PATIENCE) == pid


def test_a_child_killed_while_idle_costs_no_job(open_pool: Callable[..., WorkerPool]) -> None:
    """A child found dead is replaced before the next job, which is not to blame."""
    pool = open_pool(EVALUATE)
    pid = pool.submit("__import__('os').getpid()").result(PATIENCE)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: pool.pids() == ())
    assert pool.submit("1 + 1").result(PATIENCE) == 2


def test_a_child_that_waited_and_dies_at_the_hand_over_costs_no_job(
    open_pool: Callable[..., WorkerPool], tmp_path: Path
) -> None:
    """The job is asked of a new child, once; a job that kills that one as well is told so."""
    pool, mark = open_pool(EVALUATE), tmp_path / "died"
    die = "__import__('os').kill(__import__('os').getpid(), 9)"
    assert pool.submit("1 + 1").result(PATIENCE) == 2
    once = (
        f"(lambda mark: 'done' if mark.exists() else (mark.touch(), {die}))(__import__('pathlib').Path({str(mark)!r}))"
    )
    assert pool.submit(once).result(PATIENCE) == "done"
    with pytest.raises(workers.ChildCrashedError):
        pool.submit(die).result(PATIENCE)


def test_the_backlog_is_bounded(open_pool: Callable[..., WorkerPool]) -> None:
    """More jobs than may wait are refused at once, not piled up."""
    pool = open_pool(EVALUATE, waiting=2)
    running = pool.submit(SLEEP)
    eventually(running.running)
    pool.submit("1")
    pool.submit("2")
    with pytest.raises(workers.PoolFullError):
        pool.submit("3")


def test_a_waiting_job_can_be_cancelled(open_pool: Callable[..., WorkerPool]) -> None:
    """A job cancelled while it waits never runs."""
    pool = open_pool(EVALUATE, time_limit_seconds=0.5)
    pool.submit(SLEEP)
    waiting = pool.submit("1")
    assert waiting.cancel()
    with pytest.raises(CancelledError):
        waiting.result(PATIENCE)
    assert pool.submit("2").result(PATIENCE) == 2


def test_closing_ends_children_and_settles_every_job(open_pool: Callable[..., WorkerPool]) -> None:
    """After close no child lives and no caller waits: running and waiting jobs are told."""
    pool = open_pool(EVALUATE)
    pid = pool.submit("__import__('os').getpid()").result(PATIENCE)
    jobs = [pool.submit(SLEEP), pool.submit("1")]
    eventually(jobs[0].running)
    pool.close()
    for job in jobs:
        with pytest.raises(workers.PoolClosedError):
            job.result(0)
    assert not psutil.pid_exists(pid)
    with pytest.raises(workers.PoolClosedError):
        pool.submit("1")


def test_closing_drains_what_can_be_done_in_time(open_pool: Callable[..., WorkerPool]) -> None:
    """Accepted jobs are finished within the drain time."""
    pool = open_pool(EVALUATE)
    jobs = [pool.submit("1 + 1") for _ in range(10)]
    pool.close(drain_seconds=PATIENCE)
    assert [job.result(0) for job in jobs] == [2] * 10


PARENT = """
import sys
from lienthong.chassis.workers import WorkerPool, WorkerSpec
pool = WorkerPool(2, WorkerSpec("builtins:eval", "lambda text: eval(text)", 1 << 30, 600.0))
pids = {pool.submit("__import__('os').getpid()").result() for _ in range(2)}
busy = [pool.submit("__import__('time').sleep(600)") for _ in range(2)]
while len(pool.pids()) < 2 or not all(job.running() for job in busy):
    pass
print(*pool.pids(), flush=True)
sys.stdin.read()
"""


def test_children_do_not_outlive_a_parent_killed_with_sigkill() -> None:
    """When the parent is killed outright, busy children die with it."""
    with subprocess.Popen(  # noqa: S603 - a program written above
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.kill()
    eventually(lambda: not any(_lives(child) for child in children))


def _lives(process: psutil.Process) -> bool:
    # A dead child of a dead parent stays a zombie where process 1 does not reap.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
