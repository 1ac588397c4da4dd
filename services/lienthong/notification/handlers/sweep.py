"""Clean-up: what nobody asks for any more."""

from lienthong.chassis.uow import UnitsOfWork
from lienthong.notification.storage.circuits import remove_idle_circuits


def sweep(units: UnitsOfWork) -> bool:
    """Removes circuits of endpoints that may be called and for which nothing waits."""
    with units.begin() as work:
        remove_idle_circuits(work.connection, work.now_micros)
    return False
