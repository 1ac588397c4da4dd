"""The verification worker: claims documents, has their files verified in child processes, writes down what was found.

One thread decides. Each turn is at most one transaction: it writes down every document that is done, claims as many as
there is room for, and renews the leases of what is in hand. So under load many documents share one commit, and with
nothing to do a document goes straight through.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from hashlib import file_digest, sha256
from pathlib import Path

import structlog

from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.blobs import BlobStore, damaged
from lienthong.chassis.errors import AxisError
from lienthong.chassis.seldom import Seldom
from lienthong.chassis.uow import UnitsOfWork
from lienthong.chassis.workers import WorkerError
from lienthong.signing import storage
from lienthong.signing.config import SigningSection
from lienthong.signing.domain import Attachment, File, SizeClass
from lienthong.signing.handlers.reopen import reopen
from lienthong.signing.handlers.settle import Verified, settle
from lienthong.signing.lanes import Lanes
from lienthong.signing.storage import StoredJob
from lienthong.signing.tray import InHand, Tray
from lienthong.signing.trust_folder import TrustFolder
from lienthong.signing.verification.beginnings import HEADER_BYTES, may_be_pdf
from lienthong.signing.verification.report import FileReport, FileState

_log = structlog.get_logger(__name__)

_TICK_SECONDS = 1.0
"""Pause between two looks for delayed jobs and for those of crashed processes; new ones wake the worker."""
_SMALL_ROOM = 32
"""Files of small documents in hand for each child; what is in hand is not shared any more."""
_LARGE_ROOM = 2
_SMALL_BYTES = 1 << 20
"""A file without any PDF in it is read whole only when it is no larger."""
_AWAY_SECONDS = 0.5
_DRAIN_SHARE = 0.7
"""Of the time to stop: how long files in hand may go on."""


class VerificationWorker:
    """Works through the jobs of this service. See `chassis.service.Worker`."""

    def __init__(self, units: UnitsOfWork, blobs: BlobStore, section: SigningSection, folder: TrustFolder) -> None:
        self._units = units
        self._blobs = blobs
        self._section = section
        self._folder = folder
        self._lease = units.ids.new()
        self._rooms = {SizeClass.SMALL: _SMALL_ROOM * section.workers, SizeClass.LARGE: _LARGE_ROOM}
        self._tray = Tray()
        self._lanes: Lanes | None = None
        self._outages = Seldom()
        self._thread = threading.Thread(target=self._run, name="verification", daemon=True)
        self._renewed = self._looked = self._ticked = time.monotonic()
        self._stop_by = float("inf")

    def wake(self) -> None:
        """Says that jobs were written."""
        self._tray.wake()

    def start(self) -> None:
        """Begins."""
        self._lanes = Lanes(self._section, self._folder.trust.config, self._units.clock.now())
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Ends what is in hand and stops, within `timeout` seconds; what is not done by then is given back."""
        self._stop_by = time.monotonic() + timeout * _DRAIN_SHARE
        self._tray.stop()
        self._thread.join(timeout)

    def pids(self) -> tuple[int, ...]:
        """Gives the process ids of the children."""
        return self._lanes.pids() if self._lanes else ()

    @property
    def alive(self) -> bool:
        """Whether the thread that leads the children runs."""
        return self._thread.is_alive()

    @property
    def busy(self) -> bool:
        """Whether documents are in hand."""
        return bool(self._tray.held())

    def _run(self) -> None:
        self._guard(self._reopen)
        while not self._tray.stopping:
            self._guard(self._turn)
        if self._lanes:
            self._lanes.close(max(0.0, self._stop_by - time.monotonic()))
        self._guard(self._give_back)

    def _guard(self, step: Callable[[], None]) -> None:
        try:
            step()
        except AxisError as error:
            if self._outages.is_news(error.reason):
                _log.warning("an engine is away; verification waits", reason=error.reason)
            time.sleep(_AWAY_SECONDS)
        except Exception:  # noqa: BLE001 -- the worker outlives whatever a step raises; it is logged
            _log.exception("a step of verification failed; it is tried again")
            time.sleep(_AWAY_SECONDS)

    def _turn(self) -> None:
        self._tray.wait(self._rooms, _TICK_SECONDS)
        self._look_at_trust()
        self._look_for_due()
        for job in self._commit(self._tray.rooms(self._rooms)):
            self._begin(job)

    def _commit(self, rooms: dict[SizeClass, int]) -> list[StoredJob]:
        done = self._tray.take()
        renewing = time.monotonic() - self._renewed > self._section.lease_seconds / 3
        held = self._tray.held() if renewing else []
        if not (done or rooms or held):
            return []
        claimed: list[StoredJob] = []
        try:
            with self._units.begin() as work:
                settle(work, self._lease, done, self._section)
                for size, room in rooms.items():
                    claimed += storage.claim_jobs(work.connection, self._lease, size, room, self._section.lease_seconds)
                storage.renew_leases(work.connection, self._lease, held, self._section.lease_seconds)
        except BaseException:
            self._tray.put_back(done)
            self._tray.wake()
            raise
        if renewing:
            self._renewed = time.monotonic()
        for size, room in rooms.items():
            if sum(job.size is size for job in claimed) == room:
                self._tray.more(size)
        return claimed

    def _begin(self, job: StoredJob) -> None:
        known: list[File] = []
        waiting: list[tuple[Attachment, Path, ExitStack]] = []
        with ExitStack() as undo:
            try:
                for one in job.attachments:
                    files = undo.enter_context(ExitStack())
                    found = self._laid_out(job, one, files)
                    if isinstance(found, FileReport):
                        known.append(File(one.ordinal, found))
                    else:
                        waiting.append((one, found, files))
            except Exception as error:  # noqa: BLE001 -- whatever the store raises, the document waits with it
                self._tray.put_off(job, f"{type(error).__name__}: {error}")
                return
            trust = self._folder.trust
            in_hand = InHand(job, trust.fingerprint, trust.anchored, len(waiting), known)
            if self._tray.begin(in_hand):
                for one, path, files in waiting:
                    self._submit(in_hand, one, path, files.pop_all())

    def _laid_out(self, job: StoredJob, attachment: Attachment, files: ExitStack) -> FileReport | Path:
        """Gives a local file, which stays as long as `files`; the report where there is nothing to verify."""
        now = self._units.clock.now()
        if job.attempts > self._section.attempts:
            return FileReport(FileState.FAILED, now, detail=f"given up after {self._section.attempts} attempts")
        with self._blobs.open(attachment.blob) as stream:
            if not may_be_pdf(stream.read(HEADER_BYTES)):
                if attachment.size <= _SMALL_BYTES:
                    stream.seek(0)
                    _insist_on_sent(attachment, sha256(stream.read()).digest())
                return FileReport(FileState.NOT_A_PDF, now)
            if attachment.size > self._section.largest_bytes:
                return FileReport(FileState.TOO_LARGE, now, detail=f"{attachment.size} bytes")
            path = files.enter_context(self._blobs.local(attachment.blob, stream))
        with path.open("rb") as file:
            _insist_on_sent(attachment, file_digest(file, "sha256").digest())
        return path

    def _submit(self, in_hand: InHand, attachment: Attachment, path: Path, files: ExitStack) -> None:
        """Hands a file to the children; what keeps it there is let go when its report has come."""
        if self._lanes is None:
            raise RuntimeError("the worker was not started")
        try:
            future = self._lanes.submit(path, attachment.size, self._units.clock.now())
        except WorkerError as error:
            future = Future()
            future.set_exception(error)

        def reported(done: Future[FileReport]) -> None:
            files.close()
            self._tray.reported(in_hand, attachment.ordinal, done)

        future.add_done_callback(reported)

    def _look_at_trust(self) -> None:
        if self._lanes is None or time.monotonic() - self._looked < self._section.trust_seconds:
            return
        self._looked = time.monotonic()
        try:
            if not self._folder.changed():
                return
        except ConfigError as error:
            _log.error("the trust folder cannot be used; what was trusted before stays in force", reason=str(error))
            return
        self._lanes.renew(self._folder.trust.config, self._units.clock.now())
        self._reopen()

    def _look_for_due(self) -> None:
        if time.monotonic() - self._ticked < _TICK_SECONDS:
            return
        self._ticked = time.monotonic()
        with self._units.database.look() as connection:
            if storage.any_due(connection, SizeClass):
                self._tray.wake()

    def _reopen(self) -> None:
        while reopen(self._units, self._folder.trust.fingerprint, self._section):
            self._tray.wake()

    def _give_back(self) -> None:
        done = [outcome for outcome in self._tray.take() if isinstance(outcome, Verified)]
        with self._units.begin() as work:
            settle(work, self._lease, done, self._section)
            storage.release_jobs(work.connection, self._lease)


def _insist_on_sent(attachment: Attachment, found: bytes) -> None:
    """Makes sure that a file is what was sent: a verdict on other bytes would blame whoever signed.

    Raises:
        AxisError: UNAVAILABLE when it is not.
    """
    if found != attachment.sha256:
        raise damaged(attachment.blob)
