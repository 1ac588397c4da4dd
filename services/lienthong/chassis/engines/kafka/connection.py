"""How the brokers are reached, and what is said when they are not."""

import logging
import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from kafka import KafkaConsumer, errors
from kafka.net import manager
from kafka.net.compat import KafkaNetClient
from kafka.net.connection import KafkaConnection

from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code, precondition, unavailable

_RETRY: Final = timedelta(seconds=1)
_CAUSE: Final = re.compile(r"Connection (?:failed|lost): (.*)|Got error produce response .* left\): (\w+)")
_TOO_FEW: Final = "NotEnoughReplicas"
_FORBIDDEN: Final = (
    (errors.TopicAuthorizationFailedError, "topic {}"),
    (errors.GroupAuthorizationFailedError, "group {}"),
    (errors.ClusterAuthorizationFailedError, "the cluster"),
)
_SILENCE: Final = re.compile("disconnected|timed out")
_REFUSAL: Final = re.compile(r"SSL|Sasl|Handshake")


class Causes(logging.Handler):
    """Keeps why connections failed: the library's errors say only that they timed out, its log says why.

    Of connections the log itself, several lines for each try, goes no further; what is raised names the cause.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.forget()

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a line that names a cause."""
        found = _CAUSE.search(record.getMessage())
        if not found:
            return
        cause = found[1] or found[2] or ""
        self._last = (cause, time.monotonic())
        if _REFUSAL.search(cause):
            self._refused = self._last

    def forget(self) -> None:
        """Begins anew."""
        self._last = self._refused = ("", 0.0)

    def last(self, seconds: float) -> str:
        """Gives the cause of the last failure within so many seconds, or nothing.

        A refusal goes before all else: after one the next tries find only a closed door.
        """
        since = time.monotonic() - seconds
        return next((text for text, at in (self._refused, self._last) if at > since), "")


_causes = Causes()
for _name in ("kafka.net", "kafka.cluster"):
    logging.getLogger(_name).addHandler(_causes)
    logging.getLogger(_name).propagate = False
logging.getLogger("kafka.producer").addHandler(_causes)


class _Connection(KafkaConnection):  # type: ignore[misc] # untyped in kafka-python
    """Lets requests fail with errors of the library alone.

    Its loops, which keep a member in its group and know where partitions are, end for good with any other: a handshake
    with a broker that is just killed raises what the socket says.
    """

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends what waits for an answer. See the library's."""
        super().connection_lost(errors.KafkaConnectionError(repr(exc)) if isinstance(exc, OSError) else exc)


manager.KafkaConnection = _Connection


def options(section: KafkaSection) -> dict[str, Any]:
    """Gives the arguments that every client of the library takes.

    Raises:
        AxisError: FAILED_PRECONDITION when a file cannot be read.
    """
    for file in (section.ca_file, section.certificate_file, section.key_file):
        _read(file)
    answer_ms = round(section.answer_seconds * 1000)
    return {
        "bootstrap_servers": list(section.servers),
        "bootstrap_timeout_ms": answer_ms,
        "request_timeout_ms": answer_ms,
        # By default the pause between two tries grows to 30 s: the cluster would be back long before its clients.
        "reconnect_backoff_max_ms": 1000,
        # A topic that is made while we run is seen soon.
        "metadata_max_age_ms": 3000,
        **_security(section),
    }


def _security(section: KafkaSection) -> dict[str, Any]:
    if section.security == "plaintext":
        return {"security_protocol": "PLAINTEXT"}
    tls = {"ssl_cafile": str(section.ca_file)}
    if section.security == "tls":
        passphrase = section.key_passphrase_file
        return {
            **tls,
            "security_protocol": "SSL",
            "ssl_certfile": str(section.certificate_file),
            "ssl_keyfile": str(section.key_file),
            "ssl_password": _first_line(passphrase) if passphrase else None,
        }
    return {
        **tls,
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": section.username,
        "sasl_plain_password": _first_line(section.password_file),
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

    def away(self, error: Exception) -> AxisError:
        """Says that the brokers do not answer, and why as far as it is known."""
        servers = ", ".join(self._section.servers)
        cause = self._explained(_causes.last(2 * self._section.answer_seconds) or str(error))
        return unavailable("EVENT_LOG_AWAY", f"Kafka at {servers} does not answer: {cause}", _RETRY)

    def _explained(self, cause: str) -> str:
        if _TOO_FEW in cause:
            return f"fewer brokers than min.insync.replicas keep up ({cause}); start those that are away"
        if self._section.security == "scram" and _SILENCE.search(cause):
            # What the broker says of a wrong password is lost at times: it closes the connection right behind it.
            return f"{cause}; a wrong user or password looks like this as well"
        return cause

    def told(self, error: Exception) -> AxisError:
        """Says what any failure means."""
        if isinstance(error, AxisError):
            return error
        if isinstance(error, errors.UnknownTopicOrPartitionError):
            return missing(_named(error))
        for kind, what in _FORBIDDEN:
            if isinstance(error, kind):
                return forbidden(self._section, what.format(_named(error)))
        if isinstance(error, errors.InconsistentGroupProtocolError):
            return precondition(
                "EVENT_LOG_GROUP_TAKEN",
                "Another program is in a consumer group of the axis, and shares partitions in another way. Stop it, or "
                "choose another engines.kafka.group_prefix.",
            )
        return self.away(error)


def forbidden(section: KafkaSection, what: str) -> AxisError:
    """Says that the cluster does not let us."""
    who = section.username or section.certificate_file or "this process"
    return AxisError(
        Code.PERMISSION_DENIED,
        "EVENT_LOG_FORBIDDEN",
        f"Kafka does not let {who} use {what}. `lienthong topics rights` lists the rights of each service.",
        {"resource": what},
    )


def _named(error: errors.KafkaError) -> str:
    what = error.args[0] if error.args else ""
    return ", ".join(sorted(what)) if isinstance(what, set) else str(what)


def missing(topic: str) -> AxisError:
    """Says that a topic does not exist on the cluster."""
    return precondition(
        "TOPIC_MISSING",
        f"Topic {topic} does not exist on the Kafka cluster. Make it with `lienthong topics apply`.",
        topic=topic,
    )


def connected(kind: Callable[..., Any], **settings: Any) -> Any:
    """Makes a client of the library; one that could not be made leaves nothing open.

    Raises:
        KafkaError: It cannot reach a broker, or is not let in.
        OSError: A file of a certificate cannot be read.
    """
    _causes.forget()
    nets: list[KafkaNetClient] = []

    def net(**config: Any) -> KafkaNetClient:
        nets.append(KafkaNetClient(**config))
        return nets[-1]

    try:
        return kind(kafka_client=net, **settings)
    except BaseException:
        for one in nets:
            one.close()
        raise


def insist_on(consumer: KafkaConsumer, topics: Sequence[str], section: KafkaSection) -> None:
    """Makes sure that topics are there, before joining: those that are missing or refused would stay silent for ever.

    Raises:
        AxisError: FAILED_PRECONDITION, PERMISSION_DENIED.
        KafkaError: The brokers do not say.
    """
    cluster, answer_ms = consumer._cluster, round(section.answer_seconds * 1000)  # noqa: SLF001 -- no public way
    cluster.set_topics(topics)
    absent = topics
    for _ in range(2):
        # Twice: the first answer may be to a question from before.
        consumer._net.run(consumer._manager.wait_for, cluster.request_update(), answer_ms)  # noqa: SLF001 -- as above
        absent = [topic for topic in topics if not cluster.partitions_for_topic(topic)]
        if not absent:
            return
    raise forbidden(section, f"topic {absent[0]}") if absent[0] in cluster.unauthorized_topics else missing(absent[0])
