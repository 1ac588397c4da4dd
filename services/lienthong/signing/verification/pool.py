"""Verification in child processes: a hostile file can cost its own verdict, never the service.

Built on :mod:`lienthong.chassis.workers`; a child holds one :class:`PadesVerifier` with the whole configuration. Every
outcome is a report: a file that takes too long is TIMED_OUT, one that exhausts memory or crashes its child is FAILED.
"""

from __future__ import annotations

import contextlib
import gc
import io
import time
from concurrent.futures import CancelledError, Future
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lienthong.chassis.workers import JobTimedOutError, PoolClosedError, WorkerPool, WorkerSpec
from lienthong.signing.verification.pades import PadesVerifier
from lienthong.signing.verification.report import FileReport, FileState, from_json, to_json
from lienthong.signing.verification.trust import TrustConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SMALLEST_MEMORY = 512 * 1024 * 1024
"""Bytes of address space below which a child with its libraries cannot be expected to work."""
_COLLECTED_AFTER = 20_000
"""Objects made since the last look for cycles; a signed letter makes about as many."""
_GRACE_SECONDS = 1.0
"""How long after its deadline a caller still waits for the pool, which ends the job at the deadline itself."""


class VerificationPool:
    """Verifies files in up to ``size`` child processes. Thread-safe.

    Args:
        size: Largest number of children, usually the number of cores left for this work.
        trust: What to trust; fixed for the life of the pool. New revocation lists mean a new pool.
        memory_limit_bytes: Address space of a child, at least 512 MiB.
        time_limit_seconds: Longest verification of one file.
        waiting: How many files may wait; more are refused with PoolFullError.

    Raises:
        ValueError: The memory limit is too small, or the trust configuration is damaged.
    """

    def __init__(
        self,
        size: int,
        trust: TrustConfig,
        memory_limit_bytes: int,
        time_limit_seconds: float,
        waiting: int = 1000,
    ) -> None:
        if memory_limit_bytes < SMALLEST_MEMORY:
            raise ValueError(f"a verification child needs {SMALLEST_MEMORY} bytes of memory or more")
        PadesVerifier(trust)  # a damaged configuration must show here, not with the first document
        spec = WorkerSpec(
            factory=f"{__name__}:prepare_child",
            config=trust.to_json(),
            memory_limit_bytes=memory_limit_bytes,
            time_limit_seconds=time_limit_seconds,
        )
        self._pool = WorkerPool(size, spec, waiting)

    def submit(self, path: Path, at: datetime, deadline: float | None = None) -> Future[FileReport]:
        """Queue a file for verification as of ``at`` (aware).

        Args:
            path: A local file that must stay until the future is done.
            at: Time of verification, as reports will state it.
            deadline: Time by which the verdict is wanted, on the scale of ``time.monotonic()``; waiting counts.

        Returns:
            A future that always ends with a report, unless it is cancelled or the pool is closed (PoolClosedError).

        Raises:
            PoolFullError: Too many files wait.
            PoolClosedError: The pool is closed.
        """
        inner = self._pool.submit({"path": str(path), "at": at.isoformat()}, deadline)
        outer: Future[FileReport] = _Linked(inner)
        inner.add_done_callback(lambda done: _settle(outer, done, at))
        return outer

    def verify(self, path: Path, at: datetime, deadline: float) -> FileReport:
        """Verify a file and wait for the report, which is TIMED_OUT when ``deadline`` passes; raises as submit."""
        future = self.submit(path, at, deadline)
        try:
            return future.result(max(0.0, deadline - time.monotonic()) + _GRACE_SECONDS)
        except TimeoutError:
            future.cancel()
            return FileReport(FileState.TIMED_OUT, at, detail="no verdict by the deadline")

    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the children that live now."""
        return self._pool.pids()

    def close(self, drain_seconds: float = 0.0) -> None:
        """End the pool and all its children; see :meth:`WorkerPool.close`."""
        self._pool.close(drain_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Linked(Future[FileReport]):
    """A future whose cancellation reaches the job behind it, which may be waiting still."""

    def __init__(self, inner: Future[Any]) -> None:
        super().__init__()
        self._inner = inner

    def cancel(self) -> bool:
        return self._inner.cancel() and super().cancel()


def _settle(outer: Future[FileReport], done: Future[Any], at: datetime) -> None:
    with contextlib.suppress(CancelledError):
        error = done.exception()
        if isinstance(error, PoolClosedError):
            outer.set_exception(error)
        elif isinstance(error, JobTimedOutError):
            outer.set_result(FileReport(FileState.TIMED_OUT, at, detail=str(error)))
        elif error is not None:
            outer.set_result(FileReport(FileState.FAILED, at, detail=f"{type(error).__name__}: {error}"[:200]))
        else:
            outer.set_result(from_json(done.result()))


def prepare_child(config: Mapping[str, Any]) -> Callable[[Mapping[str, str]], dict[str, Any]]:
    """Return the job function of a child: verifies one file and answers with the report as JSON data."""
    verifier = PadesVerifier(TrustConfig.from_json(config))
    _warm(verifier)
    # What was made so far stays; what a file makes goes with it. Looking for cycles often costs a tenth of the time.
    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER)

    def job(payload: Mapping[str, str]) -> dict[str, Any]:
        return to_json(verifier.verify_path(Path(payload["path"]), datetime.fromisoformat(payload["at"])))

    return job


def _warm(verifier: PadesVerifier) -> None:
    # The first verification imports and compiles much; better before the memory limit and the first caller.
    verifier.verify(io.BytesIO(b"%PDF-1.7\n%%EOF\n"), datetime(2000, 1, 1, tzinfo=UTC))
