"""The parent's end of one child of :mod:`lienthong.chassis.workers`: start it, ask it, end it.

Nothing here waits without a limit. Both pipes are non-blocking, so that a child that stops reading, or
stops in the middle of an answer, costs its job's time and no more.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lienthong.chassis.worker_child import LARGEST_FRAME, LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 16


class WorkerError(Exception):
    """A job was not done; the subclass says why."""


class JobTimedOutError(WorkerError):
    """The job's time was over, while it ran or while it waited."""


class ChildCrashedError(WorkerError):
    """The child died under the job."""


class ChildOutOfMemoryError(WorkerError):
    """The job needed more memory than the limit."""


class ChildCannotStartError(WorkerError):
    """The child's code could not be imported or prepared."""


class JobFailedError(WorkerError):
    """The job's own code raised; the message carries the type and text of what it raised."""


class PoolClosedError(WorkerError):
    """The pool was closed before the job was done."""


@dataclass(frozen=True)
class WorkerSpec:
    """What a child runs and within which limits.

    Attributes:
        factory: ``module:function``; called once in the child with ``config``, returns the job function.
        config: JSON data for the factory.
        memory_limit_bytes: Address space of the child (RLIMIT_AS) while it works, its libraries included.
        time_limit_seconds: Longest run of a job; the start-up of a child is not counted.
        start_limit_seconds: Longest start-up of a child.
        jobs_per_child: A child is replaced after so many jobs, against slow leaks.
    """

    factory: str
    config: Any
    memory_limit_bytes: int
    time_limit_seconds: float
    start_limit_seconds: float = 60.0
    jobs_per_child: int = 10_000


class Child:
    """One child process, started at once, ready after :meth:`prepare`."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec
        command = (sys.executable, "-m", "lienthong.chassis.worker_child")
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, nothing from outside
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise ChildCannotStartError("the child has no pipes")
        self._requests = self._process.stdin.fileno()
        self._answers = self._process.stdout.fileno()
        os.set_blocking(self._requests, False)
        os.set_blocking(self._answers, False)
        self.jobs = 0

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once the process has ended."""
        return self._process.poll() is None

    def prepare(self, limit: Callable[[], float], wake: int) -> None:
        """Hand the child its settings and wait until its code is loaded; raises as :meth:`ask`."""
        answer = self.ask(
            {
                "parent": os.getpid(),
                "factory": self._spec.factory,
                "config": self._spec.config,
                "memory_limit_bytes": self._spec.memory_limit_bytes,
            },
            limit,
            wake,
        )
        if "ready" not in answer:
            raise ChildCannotStartError(str(answer.get("cannot_start")))

    def ask(self, message: object, limit: Callable[[], float], wake: int) -> dict[str, Any]:
        """Send one message and return the answer.

        Args:
            message: JSON data.
            limit: Gives the time (``time.monotonic()``) by which the answer must be here; asked again when
            woken.
            wake: A descriptor that becomes readable when ``limit`` may have changed.

        Raises:
            JobTimedOutError: No answer in time. The child must be ended.
            ChildCrashedError: The child died or answered nonsense. The child must be ended.
        """
        try:
            self._send(json.dumps(message, ensure_ascii=False).encode(), limit, wake)
            head = self._receive(LENGTH.size, limit, wake)
            (length,) = LENGTH.unpack(head)
            if length > LARGEST_FRAME:
                raise ChildCrashedError(f"the child announced an answer of {length} bytes")
            answer = json.loads(self._receive(length, limit, wake))
        except (OSError, ValueError) as error:
            raise ChildCrashedError(f"the child died or answered nonsense: {error}") from error
        if not isinstance(answer, dict):
            raise ChildCrashedError("the child answered nonsense")
        return answer

    def end(self) -> int:
        """Kill the child if it lives, reap it, close its pipes; return its exit status (negative: signal)."""
        self._process.kill()
        with self._process:  # closes the pipes and waits
            pass
        return self._process.returncode

    def _send(self, body: bytes, limit: Callable[[], float], wake: int) -> None:
        rest = memoryview(LENGTH.pack(len(body)) + body)
        while rest:
            _wait(self._requests, select.POLLOUT, limit, wake)
            rest = rest[os.write(self._requests, rest[:_CHUNK]) :]

    def _receive(self, length: int, limit: Callable[[], float], wake: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            _wait(self._answers, select.POLLIN, limit, wake)
            part = os.read(self._answers, min(_CHUNK, length - len(parts)))
            if not part:
                raise ChildCrashedError("the child closed its pipe")
            parts += part
        return bytes(parts)


def _wait(descriptor: int, event: int, limit: Callable[[], float], wake: int) -> None:
    poller = select.poll()
    poller.register(descriptor, event)
    poller.register(wake, select.POLLIN)
    while (left := limit() - time.monotonic()) > 0:
        ready = dict(poller.poll(min(left, 3600.0) * 1000 + 1))
        if descriptor in ready:
            return
        if wake in ready:
            poller.unregister(wake)  # one look at the new limit is enough
    raise JobTimedOutError("the job's time was over")
