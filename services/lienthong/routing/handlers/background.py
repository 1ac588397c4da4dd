"""Steps of the background workers; each is one transaction and tells whether more is to do at once."""

from collections.abc import Mapping

from lienthong.chassis.engines.sql import MOMENT
from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import UnitsOfWork
from lienthong.routing.handlers.agencies import rename_when_due
from lienthong.routing.handlers.desk import Desk, micros
from lienthong.routing.handlers.fanout import fan_out_chunk
from lienthong.routing.handlers.jobs import FAN_OUT, RECALL, RENAME, RETIRE, VERDICT, Chunk, advance, take
from lienthong.routing.handlers.parking import park_exhausted
from lienthong.routing.handlers.recalls import recall_chunk
from lienthong.routing.handlers.retirement import retire_chunk
from lienthong.routing.handlers.verdicts import release_due, verdict_chunk
from lienthong.routing.storage.deliveries import any_due
from lienthong.routing.storage.items import any_exhausted, expire_statuses
from lienthong.routing.storage.jobs import due_job, keep_place

CHUNKS: Mapping[str, Chunk] = {
    FAN_OUT: fan_out_chunk,
    RECALL: recall_chunk,
    VERDICT: verdict_chunk,
    RETIRE: retire_chunk,
    RENAME: rename_when_due,
}
"""What is done in chunks."""

_DAY_SECONDS = 86_400
RETRY_SECONDS = 5.0
"""How long a job that failed steps back."""


def step(units: UnitsOfWork, desk: Desk) -> bool:
    """Does one piece of what is due: a chunk of a job, held deliveries, exhausted leases."""
    worked = [work_off(units, desk), release_held(units, desk), park_due(units, desk)]
    return any(worked)


def work_off(units: UnitsOfWork, desk: Desk) -> bool:
    """Does a chunk of the job that has been due longest. One that fails steps back, so that others go on."""
    with units.database.look() as connection:
        identifier = due_job(connection, to_micros(units.clock.now()))
    if identifier is None:
        return False
    try:
        with units.begin() as work:
            job = take(work, identifier)
            if job is not None:
                advance(work, desk, job, CHUNKS[job.kind])
    except Exception:
        _step_back(units, identifier)
        raise
    return True


def release_held(units: UnitsOfWork, desk: Desk) -> bool:
    """Shows deliveries that waited long enough for their verdict."""
    with units.database.look() as connection:
        if not any_due(connection, MOMENT):
            return False
    with units.begin() as work:
        return release_due(work, desk) > 0


def park_due(units: UnitsOfWork, desk: Desk) -> bool:
    """Parks items whose last lease expired."""
    with units.database.look() as connection:
        if not any_exhausted(connection, MOMENT, desk.limits.lease_attempts):
            return False
    with units.begin() as work:
        return park_exhausted(work, desk, work.database_micros) > 0


def clean(units: UnitsOfWork, desk: Desk) -> bool:
    """Ends old statuses."""
    with units.begin() as work:
        before = work.now_micros - micros(desk.limits.status_items_days * _DAY_SECONDS)
        ended = expire_statuses(work.connection, before, desk.limits.chunk)
    return ended > 0


def _step_back(units: UnitsOfWork, identifier: str) -> None:
    with units.begin() as work:
        job = take(work, identifier)
        if job is not None:
            keep_place(work.connection, identifier, job.place, work.now_micros + micros(RETRY_SECONDS))
