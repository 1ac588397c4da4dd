"""A clock that was ahead and is set back holds nothing up in routing."""

from pathlib import Path

from sqlalchemy import select, update
from tests.unit.routing.conftest import make

from lienthong.chassis.times import to_micros
from lienthong.chassis.waits import end_stuck
from lienthong.routing.handlers import background
from lienthong.routing.handlers.jobs import FAN_OUT, RENAME, plan
from lienthong.routing.storage.tables import deliveries, items, jobs
from lienthong.testing.service import HCMC, NGHE_AN

HOUR = 3_600_000_000


def test_what_was_written_hours_ahead_waits_no_longer(tmp_path: Path) -> None:
    """Leases, waits for verdicts and jobs that go on later are over; what is planned for a day keeps its day."""
    routing = make(tmp_path, held_seconds=30)
    units, waits = routing.bench.context.units, routing.bench.component.waits
    routing.deliver(HCMC)
    routing.pull(HCMC)
    routing.accept(NGHE_AN)
    with units.begin() as work:
        late = work.database_micros + 5 * HOUR
        work.connection.execute(update(items).values(lease_until=late))
        work.connection.execute(update(deliveries).values(held_until=late))
        for kind in (FAN_OUT, RENAME):
            plan(work, kind, "nothing", "", work.now_micros + 5 * HOUR)
    assert routing.pull(HCMC) == []
    assert not end_stuck("routing", units, waits)
    assert len(routing.pull(HCMC)) == 1
    assert background.release_held(units, routing.desk)
    assert len(routing.pull(NGHE_AN)) == 1
    now = to_micros(routing.bench.clock.now())
    with routing.bench.context.database.read() as connection:
        due = select(jobs.c.kind).where(jobs.c.due_at <= now)
        assert connection.execute(due).scalars().all() == [FAN_OUT]
