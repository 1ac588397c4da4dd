"""What waits in routing until a stored time. The effective dates of the directory are none of it."""

from datetime import timedelta

from lienthong.chassis.waits import Wait
from lienthong.routing.config import RoutingSection
from lienthong.routing.handlers.background import RETRY_SECONDS
from lienthong.routing.handlers.jobs import PLANNED
from lienthong.routing.storage.tables import HELD, LEASED, deliveries, items, jobs


def waits_of(section: RoutingSection) -> list[Wait]:
    """Names leases, deliveries held for their verdict, and jobs that go on later."""
    return [
        Wait(items.c.lease_until, timedelta(seconds=section.lease_seconds_at_most), LEASED),
        Wait(deliveries.c.held_until, timedelta(seconds=section.held_seconds), HELD),
        Wait(jobs.c.due_at, timedelta(seconds=RETRY_SECONDS), jobs.c.kind.not_in(PLANNED), domain=True),
    ]
