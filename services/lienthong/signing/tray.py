"""What a worker has in hand: documents being verified, and those that are done and wait to be written down."""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from lienthong.chassis.pace import Pace
from lienthong.chassis.workers import WorkerError
from lienthong.signing.domain import File, SizeClass
from lienthong.signing.handlers.settle import Outcome, PutOff, Verified
from lienthong.signing.storage import StoredJob
from lienthong.signing.verification.report import FileReport

_PACE = Pace(least=0.025, most=0.1)


@dataclass
class InHand:
    """A document being verified."""

    job: StoredJob
    trust: str
    anchored: bool
    missing: int
    files: list[File] = field(default_factory=list)
    interrupted: str = ""


class Tray:
    """Thread-safe: pools report from threads of their own."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._in_hand: dict[str, InHand] = {}
        self._done: list[Outcome] = []
        self._due: set[SizeClass] = set(SizeClass)
        self._stopping = False
        self._begun = 0.0

    def wake(self) -> None:
        """Says that there are jobs to claim."""
        with self._changed:
            self._due.update(SizeClass)
            self._changed.notify_all()

    def stop(self) -> None:
        """Says that no more jobs are to be claimed."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping

    def wait(self, rooms: dict[SizeClass, int], seconds: float) -> None:
        """Waits until there is something to write down or to claim, at most for `seconds`; then the turn begins."""
        with self._changed:
            rested = time.monotonic() + _PACE.rest(time.monotonic() - self._begun)
            self._changed.wait_for(lambda: self._stopping or self._done or self._claimable(rooms), seconds)
            self._changed.wait_for(lambda: self._stopping, rested - time.monotonic())
            self._begun = time.monotonic()

    def rooms(self, rooms: dict[SizeClass, int]) -> dict[SizeClass, int]:
        """Takes up what is due: how many documents of each class there is room for. Classes without are left out.

        What is in hand takes as much room as it has files left: one with many keeps others waiting as long as many.
        """
        with self._changed:
            free = {size: self._free(size, room) for size, room in rooms.items() if size in self._due}
            self._due -= {size for size, room in free.items() if room}
            return {size: room for size, room in free.items() if room}

    def more(self, size: SizeClass) -> None:
        """Says that more jobs of a class may be there than there was room for."""
        with self._changed:
            self._due.add(size)

    def begin(self, in_hand: InHand) -> bool:
        """Puts a document into the tray; one with no file missing is done at once.

        Returns:
            False when it is in the tray already: its lease ended while the database was away.
        """
        with self._changed:
            if in_hand.job.document in self._held():
                return False
            self._in_hand[in_hand.job.document] = in_hand
            self._end_if_complete(in_hand)
            return True

    def put_off(self, job: StoredJob, reason: str) -> None:
        """Puts a document into the tray that cannot be verified now."""
        with self._changed:
            self._done.append(PutOff(job, reason))
            self._changed.notify_all()

    def reported(self, in_hand: InHand, ordinal: int, future: Future[FileReport]) -> None:
        """Takes the report on one file; a pool that was closed before that leaves the document for later."""
        with self._changed:
            try:
                in_hand.files.append(File(ordinal, future.result()))
            except WorkerError as error:
                in_hand.interrupted = str(error)
            in_hand.missing -= 1
            self._end_if_complete(in_hand)

    def take(self) -> list[Outcome]:
        """Gives what is done, once."""
        with self._changed:
            done, self._done = self._done, []
            return done

    def put_back(self, done: list[Outcome]) -> None:
        """Takes outcomes back that could not be written down."""
        with self._changed:
            self._done[:0] = done

    def held(self) -> list[str]:
        """Gives the documents in the tray."""
        with self._changed:
            return sorted(self._held())

    def _held(self) -> set[str]:
        return {*self._in_hand, *(one.job.document for one in self._done)}

    def _claimable(self, rooms: dict[SizeClass, int]) -> bool:
        return any(self._free(size, room) > 0 for size, room in rooms.items() if size in self._due)

    def _free(self, size: SizeClass, room: int) -> int:
        return max(0, room - sum(one.missing for one in self._in_hand.values() if one.job.size is size))

    def _end_if_complete(self, in_hand: InHand) -> None:
        if in_hand.missing:
            return
        del self._in_hand[in_hand.job.document]
        if in_hand.interrupted:
            self._done.append(PutOff(in_hand.job, in_hand.interrupted))
        else:
            self._done.append(Verified(in_hand.job, tuple(in_hand.files), in_hand.trust, in_hand.anchored))
        self._changed.notify_all()
