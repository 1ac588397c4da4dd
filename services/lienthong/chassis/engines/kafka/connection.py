"""How the brokers are reached, and what is said when they are not."""

import logging
import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from kafka import errors
from kafka.net.compat import KafkaNetClient

from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code, precondition, unavailable

_RETRY: Final = timedelta(seconds=1)
_CAUSE: Final = re.compile(r"Connection (?:failed|lost): (.*)")
_SILENCE: Final = re.compile("disconnected|timed out")
_REFUSAL: Final = re.compile(r"SSL|Sasl|Handshake")


class Causes(logging.Handler):
    """Keeps why connections failed: the library's errors say only that they timed out, its log says why.

    The log itself, several lines for each try, goes no further; what is raised names the cause.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.forget()

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a line that names a cause."""
        found = _CAUSE.search(record.getMessage())
        if not found:
            return
        self._last = (found[1], time.monotonic())
        if _REFUSAL.search(found[1]):
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
        cause = _causes.last(2 * self._section.answer_seconds) or str(error)
        if self._section.security == "scram" and _SILENCE.search(cause):
            # What the broker says of a wrong password is lost at times: it closes the connection right behind it.
            cause += "; a wrong user or password looks like this as well"
        return unavailable("EVENT_LOG_AWAY", f"Kafka at {servers} does not answer: {cause}", _RETRY)

    def told(self, error: Exception) -> AxisError:
        """Says what any failure means."""
        if isinstance(error, AxisError):
            return error
        if isinstance(error, errors.UnknownTopicOrPartitionError):
            return missing(_named(error))
        if isinstance(error, errors.TopicAuthorizationFailedError):
            return forbidden(self._section, f"topic {_named(error)}")
        if isinstance(error, errors.GroupAuthorizationFailedError):
            return forbidden(self._section, f"group {_named(error)}")
        if isinstance(error, errors.ClusterAuthorizationFailedError):
            return forbidden(self._section, "the cluster")
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
