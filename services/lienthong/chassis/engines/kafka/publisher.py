"""Publishing on Kafka: durable on return, each key in order, whatever breaks in between.

A call that fails is repeated by its caller with the same records, possibly followed by more. What the first call handed
over is remembered: the repeat waits for what is still on its way and sends only what failed. So a broker that was away
leaves nothing doubled.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from kafka import KafkaProducer, errors

from lienthong.chassis import failpoints
from lienthong.chassis.engines.eventlog import NewRecord
from lienthong.chassis.engines.kafka.connection import Trouble, connected, forbidden, missing, options
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, invalid

CLOSE_SECONDS: Final = 5.0

_BATCH_BYTES: Final = 64 * 1024
_METADATA_MS: Final = 2000
_CALLS_REMEMBERED: Final = 16
_RECORD_OVERHEAD: Final = 256
"""What a record adds to its key, value and headers on the wire, in bytes, at most: lengths, and the batch around it."""


@dataclass(slots=True)
class _Call:
    """What was handed over of the records of one call; a future for each, in order."""

    records: Sequence[NewRecord]
    sent: list[Any] = field(default_factory=list)


class Publisher:
    """Hands records to the brokers. Safe for threads."""

    def __init__(self, section: KafkaSection, trouble: Trouble) -> None:
        self._section = section
        self._trouble = trouble
        self._turn = threading.Lock()
        self._producer: KafkaProducer | None = None
        self._options: dict[str, Any] = {}
        self._broken = threading.Event()
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
            producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(CLOSE_SECONDS)
        except errors.KafkaTimeoutError:
            # With a broker that is away, `close` raises and closes nothing.
            _end(producer)

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
        producer = self._ready(deadline)
        for index, record in enumerate(call.records):
            if index < len(call.sent) and not call.sent[index].failed():
                continue
            self._reserve(_size(record), deadline)
            future = self._send(producer, record)
            if future is None:
                return
            if index < len(call.sent):
                call.sent[index] = future
            else:
                call.sent.append(future)
            if future.failed():
                return

    def _ready(self, deadline: float) -> KafkaProducer:
        if self._producer is not None and self._broken.is_set():
            # All futures of the old one are settled before the new one begins: what it gave up is sent first.
            self._producer._sender.join(max(deadline - time.monotonic(), 0))  # noqa: SLF001 -- there is no public way
            if self._producer._sender.is_alive():  # noqa: SLF001 -- as above
                raise self._trouble.away(TimeoutError("the last connection is still closing"))
            _end(self._producer)
            self._producer = None
        if self._producer is None:
            self._broken.clear()
            self._producer = self._made()
        return self._producer

    def _made(self) -> KafkaProducer:
        try:
            self._options = options(self._section)
            return connected(
                KafkaProducer,
                **self._options,
                acks="all",
                enable_idempotence=True,
                allow_auto_create_topics=False,
                batch_size=_BATCH_BYTES,
                max_block_ms=_METADATA_MS,
                max_request_size=self._section.largest_record_bytes + _RECORD_OVERHEAD,
                # A batch that expires while it is tried again resets the producer's identity, and the library never
                # asks for another: nothing would ever be sent again. Deadlines are ours.
                delivery_timeout_ms=2**31 - 1,
                metrics_enabled=False,
            )
        except (errors.KafkaError, OSError) as error:
            raise self._trouble.told(error) from error

    def _reserve(self, size: int, deadline: float) -> None:
        bound = self._section.in_flight_bytes
        with self._room:
            fits = self._room.wait_for(
                lambda: not self._in_flight or self._in_flight + size <= bound, deadline - time.monotonic()
            )
            if not fits:
                raise self._trouble.away(TimeoutError(f"{self._in_flight} bytes are on their way already"))
            self._in_flight += size

    def _send(self, producer: KafkaProducer, record: NewRecord) -> Any:
        name, size = self._section.topic_prefix + record.topic, _size(record)
        headers = [(key, value.encode()) for key, value in record.headers.items()]
        try:
            future = producer.send(name, record.value, record.key, headers)
        except errors.IllegalStateError:
            # Another record failed meanwhile; whoever waits for it is told why.
            self._release(size)
            return None
        except errors.KafkaError as error:
            self._release(size)
            raise self._refused(producer, name, error) from error
        future.add_callback(lambda _: self._release(size))
        future.add_errback(self._failed, producer, size)
        return future

    def _refused(self, producer: KafkaProducer, topic: str, error: Exception) -> AxisError:
        if isinstance(error, errors.KafkaTimeoutError) and _answers(producer) and topic not in _topics(producer):
            return missing(topic)
        return self._trouble.told(error)

    def _failed(self, producer: KafkaProducer, size: int, _error: Exception) -> None:
        """Stops a producer at its first failure, in its own thread, before it sends what comes after.

        One record that is refused makes the library refuse all later ones of any topic, and what failed in between
        would come after them.
        """
        self._broken.set()
        producer._sender.force_close()  # noqa: SLF001 -- there is no public way
        self._release(size)

    def _leave_old_password(self) -> None:
        """Stops a producer whose password was changed: it would show the old one for ever, and never fail."""
        producer = self._producer
        with suppress(AxisError):
            if producer is not None and options(self._section) != self._options:
                self._broken.set()
                producer._sender.force_close()  # noqa: SLF001 -- there is no public way

    def _release(self, size: int) -> None:
        with self._room:
            self._in_flight -= size
            self._room.notify_all()

    def _wait(self, call: _Call, deadline: float) -> None:
        for record, future in zip(call.records, call.sent, strict=False):
            try:
                future.get(max(deadline - time.monotonic(), 0))
            except errors.KafkaTimeoutError as error:
                self._leave_old_password()
                raise self._trouble.away(error) from error
            except errors.KafkaError:
                raise self._cause(call, record, future) from future.exception
        if len(call.sent) < len(call.records):
            raise self._trouble.away(TimeoutError("it was interrupted"))

    def _cause(self, call: _Call, record: NewRecord, future: Any) -> AxisError:
        # Those that were given up with the producer say so; one of them says why.
        pairs = [(one, sent) for one, sent in zip(call.records, call.sent, strict=False) if sent.failed()]
        told = (pair for pair in pairs if not isinstance(pair[1].exception, errors.IllegalStateError))
        record, future = next(told, (record, future))
        error, topic = future.exception, self._section.topic_prefix + record.topic
        if isinstance(error, errors.TopicAuthorizationFailedError):
            return forbidden(self._section, f"topic {topic}")
        if isinstance(error, errors.UnknownTopicOrPartitionError):
            return missing(topic)
        if isinstance(error, errors.MessageSizeTooLargeError | errors.RecordListTooLargeError):
            return invalid(
                "RECORD_TOO_LARGE",
                f"The record with key {_shown(record)} is too large for topic {topic} on the cluster; "
                "`lienthong topics diff` compares its max.message.bytes.",
                topic=topic,
            )
        if isinstance(error, errors.InvalidRecordError | errors.InvalidTimestampError):
            return invalid("RECORD_REFUSED", f"Topic {topic} refused the record with key {_shown(record)}: {error}")
        return self._trouble.told(error)


def _size(record: NewRecord) -> int:
    headers = sum(len(key.encode()) + len(value.encode()) for key, value in record.headers.items())
    return len(record.key) + len(record.value) + headers


def _shown(record: NewRecord) -> str:
    return repr(record.key.decode("utf-8", "replace")[:60])


def _answers(producer: KafkaProducer) -> bool:
    # The only way to tell a missing topic from silence: the library says of both that it waited for so long.
    known = producer._metadata._last_successful_refresh_ms  # noqa: SLF001 -- as above
    return bool(time.monotonic() * 1000 - known < _METADATA_MS)


def _topics(producer: KafkaProducer) -> set[str]:
    return set(producer._metadata.topics())  # noqa: SLF001 -- as above


def _end(producer: KafkaProducer) -> None:
    producer._sender.force_close()  # noqa: SLF001 -- there is no public way
    producer._sender.join(CLOSE_SECONDS)  # noqa: SLF001 -- as above
    with suppress(errors.KafkaError):
        producer.close(0)
