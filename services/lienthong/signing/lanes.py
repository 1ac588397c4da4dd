"""Two pools of verifiers: small files never wait behind large ones, nor for long behind such as are made to be slow."""

import os
import threading
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path

from lienthong.chassis.workers import WorkerError
from lienthong.signing.config import SigningSection
from lienthong.signing.verification.pool import VerificationPool
from lienthong.signing.verification.report import FileReport, FileState
from lienthong.signing.verification.trust import TrustConfig

_WAITING = 100_000
"""Files that may wait in a pool; how many documents are claimed at once bounds them before that."""


class Lanes:
    """The pools of one trust configuration at a time."""

    def __init__(self, section: SigningSection, trust: TrustConfig, at: datetime) -> None:
        """Starts the pools, and the children for small files, so that the first document finds them warm.

        Args:
            section: Numbers and limits.
            trust: What to trust.
            at: The time; any will do to warm up.

        Raises:
            ValueError: The trust configuration is damaged.
        """
        self._section = section
        self._retiring: list[threading.Thread] = []
        self._open(trust, at)

    def submit(self, path: Path, size: int, at: datetime) -> Future[FileReport]:
        """Queues a file of `size` bytes for verification as of `at`. See `VerificationPool.submit`.

        Raises:
            WorkerError: The lanes are closed, or too many files wait.
        """
        large = self._large
        if size > self._section.small_bytes:
            return large.submit(path, at)
        found: Future[FileReport] = Future()

        def reported(done: Future[FileReport]) -> None:
            try:
                report = done.result()
                slow = report.overall is FileState.TIMED_OUT
                if slow and done is first:
                    large.submit(path, at).add_done_callback(reported)
                else:
                    found.set_result(report)
            except WorkerError as error:
                found.set_exception(error)

        first = self._small.submit(path, at)
        first.add_done_callback(reported)
        return found

    def pids(self) -> tuple[int, ...]:
        """Gives the process ids of the children."""
        return (*self._small.pids(), *self._large.pids())

    def renew(self, trust: TrustConfig, at: datetime) -> None:
        """Verifies all further files under another trust; those in hand end under the one they began with.

        Raises:
            ValueError: The trust configuration is damaged; the old one stays.
        """
        old = (self._small, self._large)
        self._open(trust, at)
        longest = self._section.time_limit_seconds
        self._retiring = [thread for thread in self._retiring if thread.is_alive()]
        for pool in old:
            thread = threading.Thread(target=pool.close, args=(longest,), name="verification-retiring", daemon=True)
            thread.start()
            self._retiring.append(thread)

    def close(self, drain_seconds: float) -> None:
        """Ends the children, after what is in hand or after `drain_seconds`."""
        threads = [
            threading.Thread(target=pool.close, args=(drain_seconds,), name="verification-closing", daemon=True)
            for pool in (self._small, self._large)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _open(self, trust: TrustConfig, at: datetime) -> None:
        memory, longest = self._section.memory_limit_bytes, self._section.time_limit_seconds
        quick = min(self._section.small_seconds, longest)
        small = VerificationPool(self._section.workers, trust, memory, quick, waiting=_WAITING)
        large = VerificationPool(1, trust, memory, longest, waiting=_WAITING)
        for _ in range(self._section.workers):
            small.submit(Path(os.devnull), at)
        self._small, self._large = small, large
