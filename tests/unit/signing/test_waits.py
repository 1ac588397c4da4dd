"""A clock that was ahead and is set back holds nothing up in signing."""

from pathlib import Path

from sqlalchemy import update

from lienthong.chassis.waits import end_stuck
from lienthong.signing import storage
from lienthong.signing.domain import SizeClass
from lienthong.signing.storage.tables import jobs

from .desk import desk_in

HOUR = 3_600_000_000


def test_what_was_written_hours_ahead_waits_no_longer(tmp_path: Path) -> None:
    """A job under a lease of hours, or put off for hours, may be claimed again."""
    desk = desk_in(tmp_path)
    document = desk.accept(b"content")
    units, waits = desk.bench.context.units, desk.bench.component.waits
    with units.begin() as work:
        work.connection.execute(update(jobs).values(due_at=work.database_micros + 5 * HOUR))
        assert not storage.any_due(work.connection, SizeClass)
    assert not end_stuck("signing", units, waits)
    with units.begin() as work:
        (job,) = storage.claim_jobs(work.connection, "lease", SizeClass.SMALL, 10, 60.0)
    assert job.document == document
