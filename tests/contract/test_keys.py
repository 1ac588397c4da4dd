"""What a batch needs is found along keys on every engine, however much there is: nothing of it is ever removed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from tests.contract.databases import DatabaseEngine
from tests.plans import plans_of
from tests.unit.chassis.stage import TOPIC, Stage, event

from lienthong.chassis.events.event import NewEvent
from lienthong.chassis.events.inbox import InboxBatch
from lienthong.chassis.idempotency import content_among
from lienthong.chassis.uow import UnitOfWork
from lienthong.moving.events import _standing

THINGS, OTHERS = ["a", "b", "c"], "others-v1"


def take_in(work: UnitOfWork, stage: Stage) -> None:
    """Applies events of several aggregates and topics."""
    events = [event(name, 1, topic=topic) for name in THINGS for topic in (TOPIC, OTHERS)]
    InboxBatch(work, stage.subscription).apply(events)


def tell(work: UnitOfWork, _stage: Stage) -> None:
    """Tells events of several aggregates."""
    for name in THINGS:
        work.emit(NewEvent(TOPIC, name, name, StringValue(value=name)))


def recall(work: UnitOfWork, _stage: Stage) -> None:
    """Looks for the answers to several requests."""
    content_among(work.connection, [(name, "method", name) for name in THINGS])


def compare(work: UnitOfWork, _stage: Stage) -> None:
    """Looks where the consumer of several aggregates stands."""
    _standing(work.connection, [(topic, name) for name in THINGS for topic in (TOPIC, OTHERS)])


@pytest.mark.parametrize("step", [take_in, tell, recall, compare])
def test_a_batch_is_looked_up_along_its_keys(
    database_engine: DatabaseEngine, tmp_path: Path, step: Callable[[UnitOfWork, Stage], None]
) -> None:
    """No table is read whole because several rows of it are wanted."""
    stage = Stage(tmp_path, shared=database_engine.open())

    def act() -> None:
        with stage.units.begin() as work:
            step(work, stage)

    found = plans_of(stage.database, act)
    assert found.lines
    # Whether anything is parked is told by its first row.
    assert not [line for line in found.scans if "parked_events" not in line]
