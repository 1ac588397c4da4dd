"""One connection of a publisher: takes records, says of each when it is durable, and ends at the first that fails."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from lienthong.chassis.engines.eventlog import NewRecord
from lienthong.chassis.engines.kafka.connection import Trouble
from lienthong.chassis.engines.kafka.owner import Owner
from lienthong.chassis.engines.kafka.settings import KafkaSection

_STEP_SECONDS: Final = 0.2
_METADATA_MS: Final = 2000
_BATCH_BYTES: Final = 64 * 1024
_LINGER_MS: Final = 2
_RECORD_OVERHEAD: Final = 256
"""What a record adds to its key, value and headers on the wire, in bytes, at most: lengths, and the batch around it."""


class Sender:
    """Hands records to the brokers, in order for each key. Safe for threads."""

    def __init__(self, section: KafkaSection, trouble: Trouble, owner: Owner, settings: Mapping[str, Any]) -> None:
        """Needs no broker yet.

        Raises:
            KafkaException: The library does not take a setting, such as a certificate that is none.
        """
        self.settings = settings
        self._prefix = section.topic_prefix
        self._owner = owner
        self._producer = Producer(
            {
                **settings,
                "error_cb": trouble.heard,
                "acks": "all",
                "enable.idempotence": True,
                # As the Java client does: a key goes to the same partition whoever publishes it.
                "partitioner": "murmur2_random",
                "allow.auto.create.topics": False,
                "linger.ms": _LINGER_MS,
                "batch.size": _BATCH_BYTES,
                "message.max.bytes": section.largest_record_bytes + _RECORD_OVERHEAD,
                # Deadlines are the caller's, who waits again for what is on its way; a bound is kept there as well.
                "message.timeout.ms": 0,
                "queue.buffering.max.messages": 0,
                "queue.buffering.max.kbytes": 2**31 - 1,
                # How long a topic may be unknown before it counts as missing.
                "topic.metadata.propagation.max.ms": _METADATA_MS,
            }
        )
        self._open: set[Future[None]] = set()
        self._ended = threading.Event()
        self.broken = threading.Event()
        """Set when a record failed: nothing more is sent."""

        self._thread = threading.Thread(target=self._serve, name="kafka-publisher", daemon=True)
        self._thread.start()

    def send(self, record: NewRecord) -> "Future[None]":
        """Takes a record; the answer comes when all copies have it, or when it failed for good.

        Raises:
            KafkaException: It is not taken at all.
        """
        answer: Future[None] = Future()
        self._open.add(answer)

        def delivered(error: KafkaError | None, _: Message) -> None:
            self._open.discard(answer)
            if error is None:
                answer.set_result(None)
                return
            self._break()
            answer.set_exception(KafkaException(error))

        headers: list[tuple[str, Any]] = [
            (key, value.encode()) for key, value in self._owner.signed(record.headers).items()
        ]
        try:
            self._producer.produce(
                self._prefix + record.topic, record.value, record.key, headers=headers, on_delivery=delivered
            )
        except BaseException:
            self._open.discard(answer)
            raise
        return answer

    def copies(self, topic: str, seconds: float) -> int:
        """Counts the brokers that keep up with a topic, where they are fewest.

        Raises:
            KafkaException: The brokers do not say in time.
        """
        name = self._prefix + topic
        found = self._producer.list_topics(name, timeout=seconds).topics[name].partitions.values()
        return min((len(one.isrs) for one in found), default=0)

    def flush(self, seconds: float) -> None:
        """Waits until all that was taken is answered, or the time is over."""
        self._producer.flush(seconds)

    def stop(self, seconds: float) -> bool:
        """Gives up what is not answered yet, and lets go; tells whether all was answered in time."""
        self._producer.purge(in_queue=True, in_flight=True)
        deadline = time.monotonic() + seconds
        while len(self._producer) and time.monotonic() < deadline:
            self._poll()
        if len(self._producer):
            return False
        self._ended.set()
        self._thread.join(seconds)
        # Of some nothing is said when the library fails as a whole.
        while self._open:
            self._open.pop().set_exception(KafkaException(KafkaError(KafkaError._PURGE_INFLIGHT)))  # noqa: SLF001 -- public
        return True

    def _serve(self) -> None:
        """Takes the brokers' answers; the library gives them to whoever asks."""
        while not self._ended.is_set():
            self._poll()

    def _poll(self) -> None:
        try:
            self._producer.poll(_STEP_SECONDS)
        except (KafkaException, SystemError):
            # It cannot go on at all: its next user begins anew.
            self._break()

    def _break(self) -> None:
        """Sends nothing more: what comes after a record that failed must not go before it is tried again."""
        self.broken.set()
        self._producer.purge(in_queue=True, in_flight=False, blocking=False)
