"""How the brokers are reached, and what is said when they are not."""

import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code, precondition, unavailable

Place: TypeAlias = tuple[str, int]
"""A partition: topic, with its prefix, and number."""

_SILENT: Final = logging.getLogger(f"{__name__}.library")
_SILENT.disabled = True
_CLOSE_SECONDS: Final = 3.0
RETRY: Final = timedelta(seconds=1)
"""How long a caller waits before it asks the brokers again."""

_LEAST_ANSWER_MS: Final = 1600
"""The library wants its timeout a second longer than a fetch may wait for records, which is half a second."""

_AROUND: Final = re.compile(r"^\S+: (?=[A-Z])| \(after .*\)$")
"""What the library writes around a cause: who was asked, and how long that took."""

_SILENCE: Final = re.compile("[Dd]isconnected|timed out|Timed out")
_FORBIDDEN: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "topic {}",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "group {}",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "the cluster",
}
_REFUSED: Final = frozenset({KafkaError._AUTHENTICATION, KafkaError._SSL})  # noqa: SLF001 -- its public constants
OUT_OF_REACH: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 -- these are public constants
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 -- as above
        KafkaError._TIMED_OUT,  # noqa: SLF001 -- as above
        KafkaError._RESOLVE,  # noqa: SLF001 -- as above
        KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001 -- as above; it joins again by itself
    }
)
"""What a consumer is told while brokers are away; the library goes on by itself."""

_SETTLING: Final = frozenset(
    {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS}
)
"""What brokers answer while one takes over the groups of another."""

_SETTLING_SECONDS: Final = 0.1


def options(section: KafkaSection) -> dict[str, Any]:
    """Gives the settings that every client of the library takes.

    Certificates and passwords are in them as they stand in their files now: the library reads each once, so whoever
    finds other options than those it began with must begin anew.

    Raises:
        AxisError: FAILED_PRECONDITION when a file cannot be read.
    """
    answer_ms = round(section.answer_seconds * 1000)
    return {
        "bootstrap.servers": ",".join(section.servers),
        "socket.timeout.ms": max(answer_ms, _LEAST_ANSWER_MS),
        "socket.connection.setup.timeout.ms": max(answer_ms, _LEAST_ANSWER_MS),
        # By default tries begin at 20 a second, and their pause grows to 10 s: too soon, and then too late.
        "reconnect.backoff.ms": 400,
        "reconnect.backoff.max.ms": 800,
        # By default it looks each five minutes: partitions that were added are not read for so long, and a topic that
        # was made again stays unread for good.
        "topic.metadata.refresh.interval.ms": 5_000,
        # Of connections its log has several lines for each try; what is raised names the cause.
        "log_level": 0,
        "logger": _SILENT,
        **_security(section),
    }


def _security(section: KafkaSection) -> dict[str, Any]:
    if section.security == "plaintext":
        return {"security.protocol": "PLAINTEXT"}
    tls = {"ssl.ca.pem": _read(section.ca_file)}
    if section.security == "tls":
        passphrase = section.key_passphrase_file
        return {
            **tls,
            "security.protocol": "SSL",
            "ssl.certificate.pem": _read(section.certificate_file),
            "ssl.key.pem": _read(section.key_file),
            **({"ssl.key.password": _first_line(passphrase)} if passphrase else {}),
        }
    return {
        **tls,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": section.username,
        "sasl.password": _first_line(section.password_file),
    }


def _first_line(file: Path | None) -> str:
    return _read(file).split("\n")[0].strip()


def _read(file: Path | None) -> str:
    try:
        return file.read_text("utf-8") if file else ""
    except OSError as error:
        raise precondition(
            "EVENT_LOG_FILE_MISSING", f"{file} cannot be read: {error.strerror}. The event log needs it."
        ) from error


class Trouble:
    """Turns failures of the library into errors that a caller can be told."""

    def __init__(self, section: KafkaSection) -> None:
        self._section = section
        self._last = self._refused = ("", 0.0)

    def heard(self, error: KafkaError) -> None:
        """Keeps why a connection failed: what is raised later says only that nothing was answered in time."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 -- a public constant
            return
        self._last = (_AROUND.sub("", error.str()), time.monotonic())
        if error.code() in _REFUSED:
            self._refused = self._last

    def away(self, error: Exception, known: str = "") -> AxisError:
        """Says that the brokers do not answer, and why as far as it is known."""
        servers, why = ", ".join(self._section.servers), known or self._cause() or _words(error)
        return unavailable("EVENT_LOG_AWAY", f"Kafka at {servers} does not answer: {why}", RETRY)

    def _cause(self) -> str:
        """Gives why the last connections failed, or nothing.

        A refusal goes before all else: after one the next tries find only a closed door.
        """
        since = time.monotonic() - 2 * self._section.answer_seconds
        cause = next((text for text, at in (self._refused, self._last) if at > since), "")
        if self._section.security == "scram" and _SILENCE.search(cause):
            # What the broker says of a wrong password is lost at times: it closes the connection right behind it.
            return f"{cause}; a wrong user or password looks like this as well"
        return cause

    def told(self, error: Exception, what: str = "") -> AxisError:
        """Says what any failure means; `what` is the topic or the group that it is about."""
        if isinstance(error, AxisError):
            return error
        code = code_of(error)
        if code == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return missing(what)
        if code in _FORBIDDEN:
            return forbidden(self._section, _FORBIDDEN[code].format(what))
        if code == KafkaError.INCONSISTENT_GROUP_PROTOCOL:
            return precondition(
                "EVENT_LOG_GROUP_TAKEN",
                "Another program is in a consumer group of the axis, and shares partitions in another way. Stop it, or "
                "choose another engines.kafka.group_prefix.",
            )
        return self.away(error)


def code_of(error: BaseException | None) -> int:
    """Gives the library's code of a failure; 0 when it has none."""
    found = error.args[0] if isinstance(error, KafkaException) and error.args else None
    return found.code() if isinstance(found, KafkaError) else 0


def _words(error: Exception) -> str:
    found = error.args[0] if error.args else None
    return found.str() if isinstance(found, KafkaError) else str(error) or "nothing was answered in time"


def forbidden(section: KafkaSection, what: str) -> AxisError:
    """Says that the cluster does not let us."""
    who = section.username or section.certificate_file or "this process"
    return AxisError(
        Code.PERMISSION_DENIED,
        "EVENT_LOG_FORBIDDEN",
        f"Kafka does not let {who} use {what}. `lienthong topics rights` lists the rights of each service.",
        {"resource": what},
    )


def missing(topic: str) -> AxisError:
    """Says that a topic does not exist on the cluster."""
    return precondition(
        "TOPIC_MISSING",
        f"Topic {topic} does not exist on the Kafka cluster. Make it with `lienthong topics apply`.",
        topic=topic,
    )


def partitions(consumer: Consumer, topics: Sequence[str], section: KafkaSection) -> Mapping[str, int]:
    """Counts the partitions of topics, and so makes sure that they are there: one that is not would stay silent.

    Raises:
        KafkaException: The brokers do not say.
        AxisError: FAILED_PRECONDITION when one is missing, PERMISSION_DENIED.
    """
    found: dict[str, int] = {}
    for topic in topics:
        try:
            told = consumer.list_topics(topic, timeout=section.answer_seconds).topics[topic]
        except KafkaException:
            # Why connections failed is told to whoever polls.
            consumer.poll(0)
            raise
        if told.error is not None:
            raise Trouble(section).told(KafkaException(told.error), topic)
        found[topic] = len(told.partitions)
    return found


def every(counted: Mapping[str, int]) -> Sequence[Place]:
    """Names the partitions of topics that were counted."""
    return [(topic, number) for topic, count in counted.items() for number in range(count)]


def committed(consumer: Consumer, asked: Sequence[Place], seconds: float) -> Sequence[TopicPartition]:
    """Asks for the offsets of a consumer's group, again while the group moves from one broker to another.

    Raises:
        KafkaException: The brokers do not say.
    """
    deadline = time.monotonic() + seconds
    while True:
        # Below zero the library would wait without end.
        rest = max(deadline - time.monotonic(), 0.0)
        try:
            return consumer.committed([TopicPartition(*one) for one in asked], timeout=rest)
        except KafkaException as error:
            if code_of(error) not in _SETTLING or time.monotonic() + _SETTLING_SECONDS > deadline:
                _raise_refusal(consumer)
                raise
        time.sleep(_SETTLING_SECONDS)


def _raise_refusal(consumer: Consumer) -> None:
    """Raises why we may not ask, if that is why: the library says so beside the call, which times out."""
    while (found := consumer.poll(0)) is not None:
        refused = found.error()
        if refused is not None and refused.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            raise KafkaException(refused) from None


def places(answered: Sequence[TopicPartition]) -> Mapping[Place, int]:
    """Gives the offsets that brokers answered; those that are none are below zero.

    Raises:
        KafkaException: Of one partition they did not say.
    """
    failed = next((one.error for one in answered if one.error is not None), None)
    if failed is not None:
        raise KafkaException(failed)
    return {(one.topic, one.partition): one.offset for one in answered}


def end(consumer: Consumer) -> None:
    """Closes a consumer, and waits for it a little: the library waits for brokers that hang without a bound."""
    closing = threading.Thread(target=_close, args=(consumer,), name="kafka-closing", daemon=True)
    closing.start()
    closing.join(_CLOSE_SECONDS)


def _close(consumer: Consumer) -> None:
    with suppress(KafkaException, RuntimeError):
        consumer.close()
