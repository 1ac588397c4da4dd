"""Routing, put together."""

from functools import partial

from lienthong.chassis.periodic import Periodic
from lienthong.chassis.service import Component, ServiceContext
from lienthong.routing.api.directory import DirectoryApi
from lienthong.routing.api.mailbox import MailboxApi
from lienthong.routing.config import RoutingSection
from lienthong.routing.consumers import subscription
from lienthong.routing.contents import MailboxContents, Renderer
from lienthong.routing.handlers import background
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.expiry import LOOK_SECONDS, EndedLeases
from lienthong.routing.handlers.systems import know_operator
from lienthong.routing.handlers.waits import waits_of
from lienthong.routing.v1 import directory_pb2, mailbox_pb2

OPERATOR_FILE = "operator.json"


def build(context: ServiceContext, section: RoutingSection) -> Component:
    """Puts routing together.

    Args:
        context: What the service stands on.
        section: Its configuration.
    """
    workers: list[Periodic] = []
    desk = Desk(context.directory, context.base.hub, section, lambda: _wake(workers), context.base.metrics.shown)
    units = context.units
    workers += [
        Periodic("routing-steps", partial(background.step, units, desk), section.worker_seconds),
        Periodic("routing-leases", EndedLeases(units, desk).look, LOOK_SECONDS),
        Periodic("routing-cleaning", partial(background.clean, units, desk), section.housekeeping_seconds),
    ]

    def prepare() -> None:
        with units.begin() as work:
            know_operator(work, desk, context.base.keys.folder / OPERATOR_FILE)

    renderer = Renderer(context.base.blobs)
    return Component(
        context,
        [
            (directory_pb2.DESCRIPTOR.services_by_name["Directory"], DirectoryApi(units, desk)),
            (mailbox_pb2.DESCRIPTOR.services_by_name["Mailbox"], MailboxApi(units, desk, renderer)),
        ],
        subscription(desk),
        [MailboxContents(units, desk, renderer)],
        workers,
        waits=waits_of(section),
        prepare=prepare,
    )


def _wake(workers: list[Periodic]) -> None:
    workers[0].wake()
