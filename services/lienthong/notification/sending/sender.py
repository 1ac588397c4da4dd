"""Sends what is due on one channel: one thread that keeps the book, and a bounded crew that hands notices over.

Each channel has its own, so that an outage of one never delays another. What the crew finished and what it gets next
is written in one transaction.
"""

import queue
import threading
import time

import structlog

from lienthong.chassis.errors import AxisError
from lienthong.chassis.races import again
from lienthong.chassis.seldom import Seldom
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import UnitsOfWork
from lienthong.notification.channels import Retry
from lienthong.notification.sending.book import Book
from lienthong.notification.sending.couriers import Courier, Outcome, Task

_log = structlog.get_logger(__name__)

_TROUBLE_SECONDS = 1.0
"""Pause after the book could not be kept, such as while the database is away."""
_DRAIN_SHARE = 0.8
"""Part of the time for stopping in which the crew may finish; the rest is for writing it down."""


class Sender:
    """A worker of the component: sends the notices of one channel."""

    def __init__(self, book: Book, courier: Courier, units: UnitsOfWork, *, crew: int, poll_seconds: float) -> None:
        """Prepares the threads.

        Args:
            book: What is due, and how it ended.
            courier: Hands one notice over.
            units: Opens transactions.
            crew: Notices handed over at once.
            poll_seconds: Longest pause between two looks at what is due.
        """
        self._book = book
        self._courier = courier
        self._units = units
        self._size = crew
        self._poll_seconds = poll_seconds
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._unwritten: list[Outcome] = []
        self._in_hand = 0
        self._outages = Seldom()
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._drain_seconds = 0.0
        name = f"notices-{book.channel.lower()}"
        self._keeper = threading.Thread(target=self._run, name=name, daemon=True)
        self._crew = [threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(crew)]

    def start(self) -> None:
        """Begins with what was left due."""
        self._bell.set()
        for thread in (*self._crew, self._keeper):
            thread.start()

    def wake(self) -> None:
        """Says that something is due."""
        self._bell.set()

    def stop(self, timeout: float) -> None:
        """Claims nothing more, lets the crew finish what it has, writes it down; within `timeout` seconds.

        What is still being sent then stays claimed until its lease ends, and is sent again with the same identifier.
        """
        self._drain_seconds = timeout * _DRAIN_SHARE
        self._stopping.set()
        self._bell.set()
        self._keeper.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._bell.wait(self._poll_seconds)
            self._bell.clear()
            self._keep()
        self._drain()

    def _keep(self) -> None:
        try:
            while self._round(claiming=not self._stopping.is_set()):
                pass
        except AxisError as error:
            if self._outages.is_news(error.reason):
                _log.warning("notices wait", channel=self._book.channel, reason=error.reason)
            self._stopping.wait(min(self._poll_seconds, _TROUBLE_SECONDS))
        except Exception:  # noqa: BLE001 -- the keeper outlives whatever a round raises; what is unwritten is kept
            _log.exception("the book of notices could not be kept; it is tried again", channel=self._book.channel)
            self._stopping.wait(min(self._poll_seconds, _TROUBLE_SECONDS))

    def _round(self, *, claiming: bool) -> bool:
        """Writes what is finished and claims more; tells whether more may be due at once."""
        self._collect()
        free = self._size - self._in_hand + len(self._unwritten) if claiming else 0
        if not self._unwritten and not (free and self._due()):
            return False
        # Another process may be at the same notices and endpoints.
        tasks = again(lambda: self._write_and_take(free, claiming=claiming))
        self._in_hand += len(tasks) - len(self._unwritten)
        self._unwritten.clear()
        for task in tasks:
            self._tasks.put(task)
        return bool(tasks)

    def _write_and_take(self, free: int, *, claiming: bool) -> list[Task]:
        with self._units.begin() as work:
            for outcome in self._unwritten:
                self._book.write(work, outcome)
            tasks = self._book.take(work, free) if free else []
            if claiming:
                self._book.give_up(work)
            return tasks

    def _collect(self) -> None:
        while not self._finished.empty():
            self._unwritten.append(self._finished.get())

    def _due(self) -> bool:
        with self._units.database.look() as connection:
            return self._book.anything_due(connection, to_micros(self._units.clock.now()))

    def _drain(self) -> None:
        deadline = time.monotonic() + self._drain_seconds
        while self._in_hand > len(self._unwritten) and (left := deadline - time.monotonic()) > 0:
            try:
                self._unwritten.append(self._finished.get(timeout=left))
            except queue.Empty:
                break
            self._collect()
        self._keep()
        if self._in_hand:
            _log.warning("notices are still being sent; they are sent again later", count=self._in_hand)
        for _ in self._crew:
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                outcome = self._courier.deliver(task)
            except Exception as error:  # noqa: BLE001 -- a defect of ours must neither lose the notice nor the thread
                _log.exception("a notice could not be sent", notice=task.notice.id)
                reason = f"the axis failed: {type(error).__name__}"
                outcome = Outcome(task, to_micros(self._units.clock.now()), Retry(reason))
            self._finished.put(outcome)
            self._bell.set()
