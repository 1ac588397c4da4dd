"""Intake, put together."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

from lienthong.chassis.belonging import is_ours
from lienthong.chassis.checks import Check, of_store
from lienthong.chassis.errors import AxisError
from lienthong.chassis.periodic import Periodic
from lienthong.chassis.sealing import SealKey
from lienthong.chassis.service import Component, ServiceContext
from lienthong.intake.api import IntakeApi
from lienthong.intake.config import IntakeSection
from lienthong.intake.consumers import subscription
from lienthong.intake.contents import IntakeContents
from lienthong.intake.handlers.accept import open_desk
from lienthong.intake.handlers.prepare import limits_of
from lienthong.intake.handlers.submit import Counter
from lienthong.intake.handlers.sweep import sweep_orphans, sweep_uploads
from lienthong.intake.reading import Readers
from lienthong.intake.v1 import intake_pb2

_ORPHANS_SECONDS = timedelta(hours=6).total_seconds()


def build(context: ServiceContext, section: IntakeSection) -> Component:
    """Makes the component.

    Raises:
        KeyFileError: The seal key is missing.
    """
    units, blobs = context.units, context.base.blobs
    readers = Readers(section, limits_of(section), blobs, units.ids)
    desk = open_desk(units, blobs, SealKey(context.base.keys, "intake"), readers)
    counter = Counter(desk, context.directory, section)

    def orphans() -> bool:
        sweep_orphans(units, blobs)
        return False

    def examine() -> Iterable[Check]:
        # That an engine is away is told for itself.
        with suppress(AxisError):
            yield of_store(ours=is_ours(units, blobs))

    return Component(
        context,
        apis=[(intake_pb2.DESCRIPTOR.services_by_name["Intake"], IntakeApi(counter))],
        subscription=subscription(context.directory),
        doors=[IntakeContents(units, blobs, section)],
        examine=examine,
        workers=[
            readers,
            Periodic("intake-uploads", lambda: sweep_uploads(units, blobs, section), section.sweep_seconds),
            Periodic("intake-orphans", orphans, _ORPHANS_SECONDS),
        ],
    )
