"""A clock that was ahead and is set back holds nothing up in notification."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from lienthong.chassis.waits import end_stuck
from lienthong.notification.component import build
from lienthong.notification.config import NotificationSection
from lienthong.notification.domain import Circuit, Kind
from lienthong.notification.domain.notices import Channel
from lienthong.notification.sending.book import Book, rules_of
from lienthong.notification.storage.circuits import keep_circuit
from lienthong.notification.storage.notices import NewNotice, add_notice
from lienthong.notification.storage.tables import notices
from lienthong.testing.service import service_bench

HOURS = timedelta(hours=20)
NEW = NewNotice("n", "e", "s", "a", Channel.WEBHOOK, "a there", Kind.TASK_ASSIGNED, "t", "t", "", "", 1)


def test_what_was_written_hours_ahead_waits_no_longer(tmp_path: Path) -> None:
    """Notices to be tried in hours or claimed for hours are due; endpoints left alone for hours are called again."""
    section = NotificationSection()
    bench, rules = service_bench(tmp_path, "notification", build, section), rules_of(section)
    units = bench.context.units
    book = Book(Channel.WEBHOOK, rules, bench.context.directory, lambda _channel, _age: None)
    with units.begin() as work:
        add_notice(work.rows, replace(NEW, created_at=work.now_micros))
        late = HOURS // timedelta(microseconds=1)
        times = {"next_attempt_at": work.now_micros + late, "lease_until": work.database_micros + late}
        work.connection.execute(update(notices).values(times))
        keep_circuit(work.connection, "a there", Circuit(9, 9, work.now + HOURS, work.now + HOURS), rules.circuit)
        assert not book.anything_due(work.connection, work.now_micros)
    assert not end_stuck("notification", units, bench.component.waits)
    bench.clock.advance(seconds=rules.circuit.probe_timeout.total_seconds())
    with units.begin() as work:
        (task,) = book.take(work, 5)
    assert task.notice.id == "n"
