"""Clean-up: what nobody asks for any more."""

from datetime import timedelta

from lienthong.chassis.events.outbox import forget_published
from lienthong.chassis.idempotency import forget_answers
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import UnitsOfWork
from lienthong.notification.storage.circuits import remove_idle_circuits
from lienthong.notification.storage.notices import remove_old

_BATCH = 500


def sweep(units: UnitsOfWork, keep: timedelta) -> bool:
    """Removes notices that were made longer ago than `keep` and wait for nothing; tells whether more may be due."""
    with units.begin() as work:
        removed = remove_old(work.connection, to_micros(work.now - keep), _BATCH)
        remove_idle_circuits(work.connection, work.now_micros)
        forget_published(work.connection, work.now_micros)
        forget_answers(work.connection, work.now_micros)
    return removed == _BATCH
