"""Which rights each service needs on the cluster, and no more."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.topics import CONSUMED, PUBLISHED


@dataclass(frozen=True, slots=True)
class Right:
    """One entry of an access control list.

    Attributes:
        principal: Who: the service, which is the user of SCRAM and the common name of its certificate.
        kind: Of the thing.
        name: Name of the thing on the cluster, the prefix included.
        operation: What may be done; describing is implied.
    """

    principal: str
    kind: Literal["topic", "group"]
    name: str
    operation: Literal["read", "write"]


def rights(section: KafkaSection) -> Iterator[Right]:
    """Lists the rights of all services."""
    for service in PUBLISHED:
        for topic in PUBLISHED[service]:
            yield Right(service, "topic", section.topic_prefix + topic, "write")
        for topic in CONSUMED[service]:
            yield Right(service, "topic", section.topic_prefix + topic, "read")
        yield Right(service, "group", section.group_prefix + service, "read")
