"""The server of this process: every API of its services, content and operations behind one port."""

from collections.abc import Sequence

from lienthong.chassis.binding import not_bound
from lienthong.chassis.checks import Examination
from lienthong.chassis.config import ServerSection
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.operations import DIRECTORY_OWNER, OperationsApi
from lienthong.chassis.rpc.bytestream import ByteStream
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.rpc.server import Server, ServerBuilder, ServerLimits
from lienthong.chassis.service import Component
from lienthong.chassis.tls import ServerCertificates
from lienthong.common.v1 import operations_pb2


def build_server(
    section: ServerSection, hub: Hub, metrics: Metrics, components: Sequence[Component], examine: Examination
) -> Server:
    """Makes the server of some components.

    Args:
        section: Its bounds.
        hub: What wakes its streams.
        metrics: What counts its calls.
        components: Whose APIs it serves, at least one; as they are examined.
        examine: Looks at the process.
    """
    limits = ServerLimits(
        section.threads,
        section.queue,
        section.queue_of_one,
        section.transfer_threads,
        section.watches_of_one,
        section.transfers_of_one,
    )
    builder = ServerBuilder(hub, metrics, limits)
    contents = ByteStream(builder.transfers, metrics, section.transfers_of_one)
    for component in components:
        admission = component.context.admission()
        for descriptor, implementation in component.apis:
            builder.add(descriptor, implementation, admission)
        for door in component.doors:
            contents.add(door, admission)
    contents.register(builder)
    named = {component.context.name: component for component in components}
    # Who operates is known there at once; the others hear of it by the event log, which may be what is wrong.
    knowing = named.get(DIRECTORY_OWNER, components[0])
    operations = operations_pb2.DESCRIPTOR.services_by_name["Operations"]
    builder.add(operations, OperationsApi(named, examine), knowing.context.admission())
    return builder.build()


def bind(server: Server, section: ServerSection, certificates: ServerCertificates) -> int:
    """Binds the port of a server; tells which.

    Raises:
        ConfigError: It cannot be bound.
    """
    try:
        return server.listen(section.listen, None if section.insecure else certificates.credentials())
    except RuntimeError as error:
        raise not_bound("server.listen", section.listen) from error
