"""How members of a group share its partitions: among themselves, or as the brokers say."""

from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import KafkaError

from lienthong.chassis.engines.kafka.connection import RETRY, code_of
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code, precondition, unavailable

_HEARTBEAT_MS: Final = 500
"""Members learn by their heartbeats that one comes or goes, and until the last of them knows nobody is given anything.
A copy that starts costs two such rounds: four together stood still for nine seconds while a heartbeat took two."""

MOVING: Final = frozenset(
    {KafkaError.REBALANCE_IN_PROGRESS, KafkaError.ILLEGAL_GENERATION, KafkaError.STALE_MEMBER_EPOCH}
)
"""What brokers answer to a commit while partitions go from one member to another."""


def sharing(section: KafkaSection) -> Mapping[str, Any]:
    """Gives the settings of a consumer that say how partitions are shared, and how long a silent member keeps them."""
    if section.group_protocol == "consumer":
        # Partitions of one number stay together: what is said of a document is read where the document is. The brokers'
        # other way, `uniform`, balances numbers over all topics, as the one below does.
        return {"group.protocol": "consumer", "group.remote.assignor": "range"}
    return {
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": round(section.session_seconds * 1000),
        "heartbeat.interval.ms": _HEARTBEAT_MS,
    }


def fenced(error: Exception, section: KafkaSection, group: str) -> AxisError | None:
    """Says that another process took our place, when that is what happened."""
    if not _is(error, KafkaError.FENCED_INSTANCE_ID):
        return None
    return AxisError(
        Code.ABORTED,
        "EVENT_LOG_FENCED",
        f"Another process joined group {group} as {section.member}. Give each process a name of its own in "
        "engines.kafka.member.",
    )


def refused(error: Exception, section: KafkaSection, group: str) -> AxisError | None:
    """Says why brokers let nobody share partitions in this way, when that is what happened."""
    if _is(error, KafkaError.UNRELEASED_INSTANCE_ID):
        return unavailable(
            "EVENT_LOG_NAME_IN_USE",
            f"A process is in group {group} as {section.member} already. If it was killed, its place is free when the "
            "brokers' session is over; if it runs, give each process a name of its own in engines.kafka.member.",
            RETRY,
        )
    if _is(error, KafkaError.UNSUPPORTED_VERSION) or _is(error, KafkaError.UNSUPPORTED_ASSIGNOR):
        return precondition(
            "EVENT_LOG_PROTOCOL_UNKNOWN",
            "The brokers do not share partitions by themselves: that needs Kafka 4.0 or later, its feature "
            "group.version, and range among group.consumer.assignors. Without them set engines.kafka.group_protocol to "
            "classic.",
        )
    return None


def _is(error: Exception, code: int) -> bool:
    """Tells whether a failure has a code; of what is fatal to it the library tells the code in words only."""
    fatal = code_of(error) == KafkaError._FATAL  # noqa: SLF001 -- a public constant
    return code_of(error) == code or (fatal and KafkaError(code).str() in str(error))
