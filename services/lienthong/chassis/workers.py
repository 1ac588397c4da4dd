"""Child processes for heavy or hostile work: limited in memory and time, replaced on failure.

A pool has ``size`` supervisors, threads of the parent, each with at most one child. A supervisor takes a
job from the backlog, starts a child if it has none (start-up is lazy; children stay warm afterwards),
sends the job and waits for the answer until the job's time is over. A child that does not answer in time,
dies, or runs out of memory is killed and reaped, the job's future gets the error that says so, and the
next job gets a new child. A child that had waited and dies under a job is replaced and the job is asked of
the new one, once. No way leads to a future that is never settled.

Children are fresh interpreters (never forked: a gRPC process has threads) and do not outlive the parent,
even when it is killed with SIGKILL. The kernel ties a child to the *thread* that started it; here that is
the supervisor, which lives as long as the pool.

Errors, all settled into the future of a job::

    WorkerError
    ├── JobTimedOutError         the job's time was over, running or waiting
    ├── ChildCrashedError        the child died: a signal, an exit
    ├── ChildOutOfMemoryError    the job needed more than the memory limit
    ├── ChildCannotStartError    the child's code could not be imported or prepared
    ├── JobFailedError           the job's own code raised
    └── PoolClosedError          the pool was closed before the job was done
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from lienthong.chassis.worker_link import (
    Child,
    ChildCannotStartError,
    ChildCrashedError,
    ChildOutOfMemoryError,
    JobFailedError,
    JobTimedOutError,
    PoolClosedError,
    WorkerError,
    WorkerSpec,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ChildCannotStartError",
    "ChildCrashedError",
    "ChildOutOfMemoryError",
    "JobFailedError",
    "JobTimedOutError",
    "PoolClosedError",
    "PoolFullError",
    "WorkerError",
    "WorkerPool",
    "WorkerSpec",
]

_NEVER = float("inf")


class PoolFullError(WorkerError):
    """As many jobs wait as may wait; raised by ``submit`` itself. Keep the job and try later."""


@dataclass
class _Job:
    payload: object
    deadline: float
    future: Future[Any] = field(default_factory=Future)

    def refuse(self, error: WorkerError) -> None:
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


class _Backlog:
    """Jobs that wait, bounded; closing it lets takers finish what is there and then go."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self.stop_at = _NEVER

    def put(self, job: _Job) -> None:
        with self._changed:
            if self.stop_at != _NEVER:
                raise PoolClosedError("the pool is closed")
            if len(self._jobs) >= self._limit:
                raise PoolFullError(f"{self._limit} jobs wait already; try again later")
            self._jobs.append(job)
            self._changed.notify()

    def take(self) -> _Job | None:
        """Return the next job, waiting for one; None when the backlog is closed and empty, or out of time."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self.stop_at != _NEVER)
            if not self._jobs or time.monotonic() >= self.stop_at:
                return None
            return self._jobs.popleft()

    def close(self, stop_at: float) -> None:
        with self._changed:
            self.stop_at = min(self.stop_at, stop_at)
            self._changed.notify_all()

    def rest(self) -> list[_Job]:
        with self._changed:
            jobs = list(self._jobs)
            self._jobs.clear()
            return jobs


class WorkerPool:
    """A fixed number of child processes behind one bounded backlog. Thread-safe.

    Args:
        size: Largest number of children.
        spec: What they run.
        waiting: How many jobs may wait besides those that run.
    """

    def __init__(self, size: int, spec: WorkerSpec, waiting: int = 1000) -> None:
        self._backlog = _Backlog(waiting)
        self._supervisors = [_Supervisor(spec, self._backlog, number) for number in range(size)]
        for supervisor in self._supervisors:
            supervisor.start()

    def submit(self, payload: object, deadline: float | None = None) -> Future[Any]:
        """Queue a job.

        Args:
            payload: JSON data for the job function.
            deadline: Time by which the job must be done, on the scale of ``time.monotonic()``.

        Returns:
            A future of the job's JSON result. It can be cancelled while the job waits.

        Raises:
            PoolFullError: Too many jobs wait.
            PoolClosedError: The pool is closed.
        """
        job = _Job(payload, _NEVER if deadline is None else deadline)
        self._backlog.put(job)
        return job.future

    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the children that live now."""
        return tuple(pid for supervisor in self._supervisors if (pid := supervisor.pid) is not None)

    def close(self, drain_seconds: float = 0.0) -> None:
        """Take no more jobs, go on with those accepted for ``drain_seconds``, then end all children.

        What is not done by then gets PoolClosedError. Returns when no child is left; may be called again.
        """
        self._backlog.close(time.monotonic() + drain_seconds)
        for supervisor in self._supervisors:
            supervisor.wake()
        for supervisor in self._supervisors:
            supervisor.join()
        for job in self._backlog.rest():
            job.refuse(PoolClosedError("the pool was closed before the job began"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Supervisor(threading.Thread):
    """One thread with at most one child; see the module's docstring."""

    def __init__(self, spec: WorkerSpec, backlog: _Backlog, number: int) -> None:
        super().__init__(name=f"worker-supervisor-{number}", daemon=True)
        self._spec = spec
        self._backlog = backlog
        self._child: Child | None = None
        self._wake_read, self._wake_write = os.pipe()
        self._ended = threading.Lock()

    @property
    def pid(self) -> int | None:
        child = self._child
        return child.pid if child is not None and child.alive else None

    def wake(self) -> None:
        """Make the thread look at the backlog's ``stop_at`` while it waits for a child."""
        with self._ended, contextlib.suppress(OSError):
            os.write(self._wake_write, b"x")

    def run(self) -> None:
        try:
            while (job := self._backlog.take()) is not None:
                if job.future.set_running_or_notify_cancel():
                    self._settle(job)
        finally:
            self._end_child()
            with self._ended:
                os.close(self._wake_read)
                os.close(self._wake_write)
                self._wake_write = -1

    def _settle(self, job: _Job) -> None:
        try:
            result = self._perform(job)
        # A supervisor that died would leave callers waiting for ever: whatever goes wrong belongs to this
        # job.
        except Exception as error:  # noqa: BLE001
            job.future.set_exception(error if isinstance(error, WorkerError) else ChildCrashedError(repr(error)))
        else:
            job.future.set_result(result)

    def _perform(self, job: _Job) -> object:
        if time.monotonic() >= job.deadline:
            raise JobTimedOutError("the job's time was over before a child was free")
        try:
            child, answer = self._answer(job)
        except Exception:
            self._end_child()
            if time.monotonic() >= self._backlog.stop_at:
                raise PoolClosedError("the pool was closed before the job was done") from None
            raise
        child.jobs += 1
        if child.jobs >= self._spec.jobs_per_child or "out_of_memory" in answer:
            self._end_child()
        return self._result(answer)

    def _answer(self, job: _Job) -> tuple[Child, dict[str, Any]]:
        """Ask a child. When one that waited dies at the hand-over, the job is hardly to blame: a new one is asked."""
        waited = self._child is not None
        child = self._ready_child(job.deadline)
        try:
            return child, self._ask(child, job)
        except ChildCrashedError:
            if not waited:
                raise
            self._end_child()
            child = self._ready_child(job.deadline)
            return child, self._ask(child, job)

    def _ask(self, child: Child, job: _Job) -> dict[str, Any]:
        limit = self._limit(job.deadline, self._spec.time_limit_seconds)
        return child.ask({"job": job.payload}, limit, self._wake_read)

    def _result(self, answer: dict[str, Any]) -> object:
        if "out_of_memory" in answer:
            raise ChildOutOfMemoryError(f"the job needs more than {self._spec.memory_limit_bytes} bytes of memory")
        if "error" in answer:
            raise JobFailedError(answer["error"])
        return answer.get("result")

    def _ready_child(self, deadline: float) -> Child:
        if self._child is not None and not self._child.alive:
            self._end_child()  # it died while idle; this job is not to blame
        if self._child is None:
            self._child = Child(self._spec)
            self._child.prepare(self._limit(deadline, self._spec.start_limit_seconds), self._wake_read)
        return self._child

    def _limit(self, deadline: float, seconds: float) -> Callable[[], float]:
        until = min(deadline, time.monotonic() + seconds)
        return lambda: min(until, self._backlog.stop_at)

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()
