"""Gives each service its rights on a cluster."""

from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from lienthong.chassis.engines.kafka.connection import connected, options
from lienthong.chassis.engines.kafka.rights import rights
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.dev.servers import EngineError


def grant(section: KafkaSection) -> None:
    """Gives each service the rights that it needs; those that are there stay.

    Args:
        section: How an administrator reaches the cluster.

    Raises:
        EngineError: The cluster refuses one.
    """
    entries = [
        ACL(
            f"User:{right.principal}",
            "*",
            ACLOperation[right.operation.upper()],
            ACLPermissionType.ALLOW,
            ResourcePattern(ResourceType[right.kind.upper()], right.name),
        )
        for right in rights(section)
    ]
    admin = connected(KafkaAdminClient, **options(section))
    try:
        failed = admin.create_acls(entries)["failed"]
    finally:
        admin.close()
    if failed:
        raise EngineError(f"rights cannot be given: {failed[0]}")
