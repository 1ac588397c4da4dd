"""Publishing on Kafka: durable on return, each key in order, whatever breaks in between.

A call that fails is repeated by its caller with the same records, possibly followed by more. What the first call handed
over is remembered: the repeat waits for what is still on its way and sends only what failed. So a broker that was away
leaves nothing doubled.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import structlog
from confluent_kafka import KafkaError, KafkaException

from lienthong.chassis import failpoints
from lienthong.chassis.engines.eventlog import NewRecord
from lienthong.chassis.engines.kafka.connection import Trouble, code_of, options
from lienthong.chassis.engines.kafka.made import Standing, Topics
from lienthong.chassis.engines.kafka.owner import Owner
from lienthong.chassis.engines.kafka.sender import Sender
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, invalid

CLOSE_SECONDS: Final = 5.0

_log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 5.0
_LET_GO_SECONDS: Final = 1.0
_COPIES_SECONDS: Final = 1.0
_CALLS_REMEMBERED: Final = 16
_TOO_LARGE: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
_UNWANTED: Final = frozenset({KafkaError.INVALID_RECORD, KafkaError.INVALID_TIMESTAMP})
_GIVEN_UP: Final = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT, KafkaError._FATAL})  # noqa: SLF001 -- public


@dataclass(slots=True)
class _Call:
    """What was handed over of the records of one call; an answer for each, in order."""

    records: Sequence[NewRecord]
    sent: list["Future[None]"] = field(default_factory=list)


class Publisher:
    """Hands records to the brokers. Safe for threads."""

    def __init__(self, section: KafkaSection, trouble: Trouble, owner: Owner, topics: Topics) -> None:
        self._section = section
        self._trouble = trouble
        self._owner = owner
        self._standing = Standing(topics)
        self._turn = threading.Lock()
        self._sender: Sender | None = None
        self._look_at = 0.0
        self._in_flight = 0
        self._room = threading.Condition()
        self._unfinished: deque[_Call] = deque(maxlen=_CALLS_REMEMBERED)

    def publish(self, records: Sequence[NewRecord]) -> None:
        """Appends records. See `EventLog.publish`.

        Raises:
            AxisError: UNAVAILABLE when the brokers do not take them in time, INVALID_ARGUMENT for a record that is
                larger than the rest of the house may assume, FAILED_PRECONDITION when a topic is missing,
                PERMISSION_DENIED.
        """
        for record in records:
            self._check(record)
        deadline = time.monotonic() + self._section.publish_seconds
        with self._my_turn(deadline):
            call = self._begun(records)
            try:
                self._hand_over(call, deadline)
            except BaseException:
                self._unfinished.append(call)
                raise
        failpoints.reach("log.before-commit")
        try:
            self._wait(call, deadline)
        except BaseException:
            self._unfinished.append(call)
            raise
        failpoints.reach("log.after-commit")

    def close(self) -> None:
        """Waits a little for what is on its way, then lets go."""
        with self._turn:
            sender, self._sender = self._sender, None
        if sender is not None:
            sender.flush(CLOSE_SECONDS)
            sender.stop(CLOSE_SECONDS)

    def _check(self, record: NewRecord) -> None:
        size = _size(record)
        if size > self._section.largest_record_bytes:
            raise invalid(
                "RECORD_TOO_LARGE",
                f"The record with key {_shown(record)} for topic {record.topic} has {size} bytes; "
                f"engines.kafka.largest_record_bytes allows {self._section.largest_record_bytes}.",
                topic=record.topic,
            )

    @contextmanager
    def _my_turn(self, deadline: float) -> Iterator[None]:
        if not self._turn.acquire(timeout=max(deadline - time.monotonic(), 0)):
            raise self._trouble.away(TimeoutError("others wait for it already"))
        try:
            yield
        finally:
            self._turn.release()

    def _begun(self, records: Sequence[NewRecord]) -> _Call:
        for call in tuple(self._unfinished):
            if list(call.records) == list(records[: len(call.records)]):
                self._unfinished.remove(call)
                return _Call(records, call.sent)
        return _Call(records)

    def _hand_over(self, call: _Call, deadline: float) -> None:
        sender = self._ready(deadline)
        self._standing.add({self._section.topic_prefix + record.topic for record in call.records})
        for index, record in enumerate(call.records):
            if index < len(call.sent) and _failure(call.sent[index]) is None:
                continue
            if sender.broken.is_set():
                # Another record failed meanwhile; whoever waits for it is told why.
                return
            answer = self._send(sender, record, deadline)
            if index < len(call.sent):
                call.sent[index] = answer
            else:
                call.sent.append(answer)

    def _ready(self, deadline: float) -> Sender:
        self._look(deadline)
        if self._sender is not None and self._sender.broken.is_set():
            self._end(self._sender, deadline)
        if self._sender is None:
            self._sender = self._made()
        return self._sender

    def _look(self, deadline: float) -> None:
        """Begins anew when a certificate or a password was changed, as soon as one can begin with what is there now."""
        sender, now = self._sender, time.monotonic()
        if sender is None or now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        with suppress(AxisError):
            if options(self._section) != sender.settings:
                made = self._made()
                try:
                    self._end(sender, deadline)
                except AxisError:
                    made.stop(_LET_GO_SECONDS)
                    raise
                self._sender = made

    def _end(self, sender: Sender, deadline: float) -> None:
        """Waits until all answers of a sender are there: what it gave up is sent before what comes after it."""
        if not sender.broken.is_set():
            sender.flush(max(deadline - time.monotonic(), 0) / 2)
        if not sender.stop(max(deadline - time.monotonic(), 0)):
            raise self._trouble.away(TimeoutError("the last connection is still closing"))
        self._sender = None

    def _made(self) -> Sender:
        self._standing.begin()
        try:
            return Sender(self._section, self._trouble, self._owner, options(self._section))
        except KafkaException as error:
            raise self._trouble.told(error) from error

    def _send(self, sender: Sender, record: NewRecord, deadline: float) -> "Future[None]":
        size = _size(record)
        self._reserve(size, deadline)
        try:
            answer = sender.send(record)
        except KafkaException as error:
            answer = Future()
            answer.set_exception(error)
        answer.add_done_callback(lambda _: self._release(size))
        return answer

    def _reserve(self, size: int, deadline: float) -> None:
        bound = self._section.in_flight_bytes
        with self._room:
            fits = self._room.wait_for(
                lambda: not self._in_flight or self._in_flight + size <= bound, deadline - time.monotonic()
            )
            if not fits:
                raise self._trouble.away(TimeoutError(f"{self._in_flight} bytes are on their way already"))
            self._in_flight += size

    def _release(self, size: int) -> None:
        with self._room:
            self._in_flight -= size
            self._room.notify_all()

    def _wait(self, call: _Call, deadline: float) -> None:
        for record, answer in zip(call.records, call.sent, strict=False):
            try:
                answer.result(max(deadline - time.monotonic(), 0))
            except TimeoutError as error:
                self._look_at = 0.0
                self._give_up_replaced()
                raise self._trouble.away(error, self._too_few(record.topic)) from error
            except KafkaException as error:
                raise self._cause(call) from error
        if len(call.sent) < len(call.records):
            raise self._trouble.away(TimeoutError("it was interrupted"))

    def _give_up_replaced(self) -> None:
        """Begins anew where topics are other ones than those that the connection began with: it would wait for ever."""
        sender, gone = self._sender, self._standing.replaced()
        if sender is not None and gone:
            _log.warning("topics were made again, or are another cluster's; publishing begins anew", topics=gone)
            sender.broken.set()

    def _too_few(self, topic: str) -> str:
        """Finds out whether fewer brokers keep up than must: the library only tries again and again."""
        sender, wanted = self._sender, self._section.min_insync_replicas
        with suppress(KafkaException):
            if sender is not None and (found := sender.copies(topic, _COPIES_SECONDS)) < wanted:
                return (
                    f"fewer brokers than min.insync.replicas keep up ({found} of {wanted}); start those that are away"
                )
        return ""

    def _cause(self, call: _Call) -> AxisError:
        # Those that were given up with the sender say only that; one of them says why.
        pairs = [(one, error) for one, sent in zip(call.records, call.sent, strict=False) if (error := _failure(sent))]
        told = (pair for pair in pairs if code_of(pair[1]) not in _GIVEN_UP)
        record, error = next(told, pairs[0])
        code, topic = code_of(error), self._section.topic_prefix + record.topic
        if code in _TOO_LARGE:
            return invalid(
                "RECORD_TOO_LARGE",
                f"The record with key {_shown(record)} is too large for topic {topic} on the cluster; "
                "`lienthong topics diff` compares its max.message.bytes.",
                topic=topic,
            )
        if code in _UNWANTED:
            return invalid("RECORD_REFUSED", f"Topic {topic} refused the record with key {_shown(record)}: {error}")
        return self._trouble.told(error, topic)


def _failure(answer: "Future[None]") -> Exception | None:
    found = answer.exception() if answer.done() else None
    return found if isinstance(found, Exception) else None


def _size(record: NewRecord) -> int:
    headers = sum(len(key.encode()) + len(value.encode()) for key, value in record.headers.items())
    return len(record.key) + len(record.value) + headers


def _shown(record: NewRecord) -> str:
    return repr(record.key.decode("utf-8", "replace")[:60])
