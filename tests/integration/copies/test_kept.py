"""Kept statuses are looked at again while another copy handles events of the same deliveries."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from tests.engines import postgres_database
from tests.integration.copies.conftest import SECONDS
from tests.integration.workflow.conftest import World
from tests.waiting import eventually

from lienthong.testing import service
from lienthong.testing.service import HCMC, service_bench
from lienthong.workflow import storage
from lienthong.workflow.component import build
from lienthong.workflow.config import WorkflowSection
from lienthong.workflow.handlers import reports
from lienthong.workflow.handlers.kept import match_again
from lienthong.workflow.handlers.matching import NOTHING


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Workflow on PostgreSQL, with two deliveries and a status of each that was kept, of the second first."""
    monkeypatch.setattr(service, "open_database", postgres_database)
    made = World(service_bench(tmp_path, "workflow", build, WorkflowSection()))
    with closing(made.bench.context.database):
        for number in ("1", "2"):
            made.deliver(f"d{number}", f"doc{number}")
        with monkeypatch.context() as blind:
            blind.setattr(reports, "match", lambda *_: NOTHING)
            for number in ("2", "1"):
                made.say(HCMC, "03", f"d{number}")
                made.clock.advance(seconds=1)
        yield made


def test_kept_statuses_and_events_do_not_wait_for_each_other(world: World) -> None:
    """Whoever holds the first delivery gets the second one, though kept statuses of both are being matched."""
    units = world.bench.context.units
    holding, matching = threading.Event(), threading.Event()

    def handle() -> None:
        with units.begin() as work:
            storage.delivery_by_id(work.rows, "d1")
            holding.set()
            assert matching.wait(SECONDS)
            eventually(lambda: waiting(world))
            storage.delivery_by_id(work.rows, "d2")

    with ThreadPoolExecutor(1) as threads:
        handling = threads.submit(handle)
        assert holding.wait(SECONDS)
        matching.set()
        match_again(units, world.api._desk)
        handling.result(SECONDS)
    assert (world.state("d1", "doc1"), world.state("d2", "doc2")) == ("ACCEPTED", "ACCEPTED")
    assert deadlocks(world) == 0


def waiting(world: World) -> bool:
    """Tells whether a session of the database waits for a lock."""
    with world.bench.context.database.read() as connection:
        return bool(connection.exec_driver_sql("SELECT 1 FROM pg_locks WHERE NOT granted").first())


def deadlocks(world: World) -> int:
    """Counts transactions that the database gave up because they waited for each other."""
    with world.bench.context.database.read() as connection:
        asked = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(connection.exec_driver_sql(asked).scalar_one())
