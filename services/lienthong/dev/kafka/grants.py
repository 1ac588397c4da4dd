"""Gives each service its rights on a cluster."""

from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from lienthong.chassis.engines.kafka.connection import options
from lienthong.chassis.engines.kafka.rights import rights
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.dev.servers import EngineError

_SECONDS: Final = 30.0


def grant(section: KafkaSection) -> None:
    """Gives each service the rights that it needs; those that are there stay.

    Args:
        section: How an administrator reaches the cluster.

    Raises:
        EngineError: The cluster refuses one.
    """
    entries = [
        AclBinding(
            ResourceType[right.kind.upper()],
            right.name,
            ResourcePatternType.LITERAL,
            f"User:{right.principal}",
            "*",
            AclOperation[right.operation.upper()],
            AclPermissionType.ALLOW,
        )
        for right in rights(section)
    ]
    admin = AdminClient(options(section))
    try:
        for answer in admin.create_acls(entries).values():
            answer.result(_SECONDS)
    except (KafkaException, TimeoutError) as error:
        raise EngineError(f"rights cannot be given: {error}") from error
