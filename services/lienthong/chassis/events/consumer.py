"""The consumer: takes what others published, in batches, and commits offsets after the database.

Offsets are committed now and then, and when nothing comes: what is read again after a crash is dropped.

A batch is one transaction. When it fails it is bisected until the bad event stands alone; that one is retried with
growing delays, then kept as a dead letter. Too many dead letters in an hour stop the consumer: a bad release must not
drain a topic into them.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from lienthong.chassis import failpoints
from lienthong.chassis.engines.eventlog import EventLog, LogConsumer, Record
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.events.event import Event, event_of, unreadable
from lienthong.chassis.events.held import bury, parked_after, parked_for
from lienthong.chassis.events.inbox import InboxBatch, ParkingFullError, Subscription
from lienthong.chassis.races import again
from lienthong.chassis.seldom import Seldom
from lienthong.chassis.uow import UnitsOfWork

_log = structlog.get_logger(__name__)

_AWAY = frozenset({Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED})
_HOUR_SECONDS = 3600.0
_BEGINNING = (0, "")


@dataclass(frozen=True, slots=True)
class ConsumerLimits:
    """Bounds of a consumer.

    Attributes:
        batch: Records handled in one transaction, at most.
        poll_seconds: How long one poll waits.
        attempts: How often a bad event is tried.
        retry_seconds: Delay before the second attempt; doubles with each further one.
        away_seconds: Delay while an engine is away.
        dead_letters_an_hour: More than this stop the consumer.
        sweep_seconds: Pause between two looks at parked events.
        commit_seconds: While events come without a pause, offsets are committed this often.
    """

    batch: int = 200
    poll_seconds: float = 1.0
    attempts: int = 3
    retry_seconds: float = 0.2
    away_seconds: float = 0.5
    dead_letters_an_hour: int = 100
    sweep_seconds: float = 60.0
    commit_seconds: float = 0.5


class Consumer:
    """Handles the events of one service, in a thread of its own."""

    def __init__(
        self, service: str, log: EventLog, units: UnitsOfWork, subscription: Subscription, limits: ConsumerLimits
    ) -> None:
        self._service = service
        self._event_log = log
        self._units = units
        self._subscription = subscription
        self._limits = limits
        self._stopping = threading.Event()
        self._outages = Seldom()
        self._deaths: deque[float] = deque()
        self._thread = threading.Thread(target=self._run, name=f"{service}-consumer", daemon=True)
        self._sweep_at = time.monotonic() + limits.sweep_seconds
        self._place = _BEGINNING
        self._commit_at = 0.0
        self._uncommitted = False
        self.halted = ""
        """Why the consumer stopped by itself; empty while it runs."""

    def start(self) -> None:
        """Begins to consume where the group left off."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Finishes the batch in hand and ends, within `timeout` seconds."""
        self._stopping.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not (self._stopping.is_set() or self.halted):
            consumer = self._event_log.join(self._service, self._subscription.topics)
            try:
                while not self._stopping.is_set():
                    self._turn(consumer)
            except (ParkingFullError, DeadLetterFloodError) as error:
                self.halted = str(error)
                _log.critical("the consumer stopped; an operator must look", service=self._service, reason=str(error))
            except AxisError as error:
                self._tell_away(error)
                self._stopping.wait(self._limits.away_seconds)
            except Exception:  # noqa: BLE001 -- a consumer that ended would hold its service back until the next start
                _log.exception("the consumer failed; it begins again after its last commit", service=self._service)
                self._stopping.wait(self._limits.away_seconds)
            finally:
                consumer.close()

    def _turn(self, consumer: LogConsumer) -> None:
        records = consumer.poll(self._limits.batch, min(self._limits.poll_seconds, 0.5))
        begun = time.monotonic()
        if records and self.handle(records):
            consumer.done(records)
            self._uncommitted = True
        if self._uncommitted and (not records or begun >= self._commit_at):
            self._commit_at, self._uncommitted = begun + self._limits.commit_seconds, False
            consumer.commit()
            failpoints.reach("consumer.after-offsets")
        if begun >= self._sweep_at:
            self._sweep_at = begun + self._limits.sweep_seconds
            self._sweep()
        if records:
            self._stopping.wait(self._subscription.pace.rest(time.monotonic() - begun))

    def _sweep(self) -> None:
        """Looks again at some parked events, each time at others: whatever held them may have gone unnoticed."""
        try:
            rows = again(self._look_again)
        except AxisError as error:
            self._tell_away(error)
        except Exception:  # noqa: BLE001 -- they are parked still; the others go on
            _log.exception("parked events could not be looked at", service=self._service)
        else:
            self._place = (rows[-1].held_at, rows[-1].id) if len(rows) == self._limits.batch else _BEGINNING

    def _look_again(self) -> Sequence[Any]:
        with self._units.begin() as work:
            rows = parked_after(work, self._place, self._limits.batch)
            InboxBatch(work, self._subscription).look_again(rows)
            return rows

    def handle(self, records: Sequence[Record]) -> bool:
        """Handles records until each took effect, was dropped, parked, or kept as a dead letter.

        Returns:
            False when the consumer was asked to stop before that.

        Raises:
            ParkingFullError: Too much is parked.
            DeadLetterFloodError: Too much is dead.
        """
        failpoints.reach("consumer.before-transaction")
        done = self._handle_events(self._read(records))
        failpoints.reach("consumer.after-commit")
        return done

    def _read(self, records: Sequence[Record]) -> list[Event]:
        events: list[Event] = []
        for record in records:
            try:
                events.append(event_of(record))
            except ValueError as error:
                self._bury(unreadable(record), error)
        return events

    def _handle_events(self, events: Sequence[Event]) -> bool:
        error = self._attempt(events) if events else None
        if error is None:
            return True
        if self._stopping.is_set():
            return False
        if len(events) > 1:
            half = len(events) // 2
            return self._handle_events(events[:half]) and self._handle_events(events[half:])
        return self._last_resort(events[0], error)

    def _attempt(self, events: Sequence[Event]) -> Exception | None:
        while True:
            try:
                again(lambda: self._apply(events))
            except ParkingFullError:
                raise
            except AxisError as error:
                if error.code not in _AWAY or self._stopping.is_set():
                    return error
                self._tell_away(error)
                self._stopping.wait(self._limits.away_seconds)
            except Exception as error:  # noqa: BLE001 -- a handler may raise anything; the event is kept with it
                return error
            else:
                self._outages.forget()
                return None

    def _tell_away(self, error: AxisError) -> None:
        if self._outages.is_news(error.reason):
            _log.warning(
                "an engine is away; events wait", service=self._service, reason=error.reason, detail=error.message
            )

    def _apply(self, events: Sequence[Event]) -> None:
        with self._units.begin() as work:
            batch = InboxBatch(work, self._subscription)
            batch.apply(events)
        if batch.awaited and not self._units.database.exclusive:
            # Another copy may have made what they wait for at the same moment, and did not see them parked.
            with self._units.begin() as work:
                InboxBatch(work, self._subscription).look_again(parked_for(work, batch.awaited))

    def _last_resort(self, event: Event, error: Exception) -> bool:
        delay = self._limits.retry_seconds
        for _ in range(self._limits.attempts - 1):
            if self._stopping.wait(delay):
                return False
            delay *= 2
            again = self._attempt([event])
            if again is None:
                return True
            error = again
        self._bury(event, error)
        return True

    def _bury(self, event: Event, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        with self._units.begin() as work:
            kept = bury(work, event, reason, self._limits.attempts)
        if not kept:
            _log.info("an event that was given up came again", type=event.type, subject=event.subject)
            return
        _log.error("event kept as a dead letter", type=event.type, subject=event.subject, exc_info=error)
        now = time.monotonic()
        self._deaths.append(now)
        while self._deaths and self._deaths[0] < now - _HOUR_SECONDS:
            self._deaths.popleft()
        if len(self._deaths) > self._limits.dead_letters_an_hour:
            raise DeadLetterFloodError(f"{len(self._deaths)} dead letters in an hour; the last: {reason}")


class DeadLetterFloodError(Exception):
    """Too many events of the last hour are dead letters."""
