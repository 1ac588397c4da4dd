"""What is seen of every service from outside: its outbox, its lag, what is parked or dead."""

import time
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from sqlalchemy import func, select

from lienthong.chassis.engines.sql import database_now
from lienthong.chassis.errors import AxisError
from lienthong.chassis.events.outbox import outbox_waiting
from lienthong.chassis.events.tables import dead_letters, parked
from lienthong.chassis.metrics import Metrics, Patience, Sample
from lienthong.chassis.service import RunningComponent
from lienthong.chassis.times import to_micros

Read: TypeAlias = Callable[[RunningComponent], Iterable[Sample]]

_SECOND = 1_000_000


def observe(metrics: Metrics, running: list[RunningComponent]) -> None:
    """Adds the gauges that every service has."""

    def each(read: Read) -> Callable[[], Iterable[Sample]]:
        return lambda: [sample for one in running for sample in _read(one, read)]

    def add(patience: Patience | None, name: str, text: str, read: Read, *labels: str) -> None:
        metrics.gauge(name, text, ["service", *labels], each(read), patience)

    database, log = metrics.of_database, metrics.of_event_log
    add(database, "lienthong_outbox_waiting", "Events that wait to be published.", _outbox_waiting)
    add(database, "lienthong_outbox_age_seconds", "Age of the oldest of them.", _outbox_age)
    add(database, "lienthong_dead_letters", "Events that could not be handled.", _dead)
    add(database, "lienthong_parked_events", "Events that wait for an earlier one.", _parked)
    add(database, "lienthong_parked_age_seconds", "Age of the oldest of them.", _parked_age)
    add(log, "lienthong_lag_records", "Records not handled yet.", _lag, "topic", "partition")
    add(log, "lienthong_lag_seconds", "Age of the oldest of them.", _lag_seconds, "topic", "partition")
    add(None, "lienthong_consumer_halted", "1 when a consumer stopped by itself.", _halted)
    add(database, "lienthong_clock_skew_seconds", "Clock here less the database's.", _skew)
    add(None, "lienthong_pool_in_use", "Connections to the database in use.", _in_use, "pool")
    add(None, "lienthong_pool_size", "Connections that there may be.", _sizes, "pool")


def _read(one: RunningComponent, read: Read) -> Iterable[Sample]:
    try:
        return list(read(one))
    except AxisError:
        # An engine that is away has no figures; that it is away is told by health and logs.
        return []


def _name(one: RunningComponent) -> str:
    return one.component.context.name


def _now(one: RunningComponent) -> int:
    return to_micros(one.component.context.base.clock.now())


def _outbox(one: RunningComponent) -> tuple[int, int]:
    with one.component.context.database.read() as connection:
        return outbox_waiting(connection, _now(one))


def _outbox_waiting(one: RunningComponent) -> Iterable[Sample]:
    yield (_name(one),), float(_outbox(one)[0])


def _outbox_age(one: RunningComponent) -> Iterable[Sample]:
    yield (_name(one),), _outbox(one)[1] / _SECOND


def _count(one: RunningComponent, table: Any) -> float:
    with one.component.context.database.read() as connection:
        return float(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _dead(one: RunningComponent) -> Iterable[Sample]:
    yield (_name(one),), _count(one, dead_letters)


def _parked(one: RunningComponent) -> Iterable[Sample]:
    yield (_name(one),), _count(one, parked)


def _parked_age(one: RunningComponent) -> Iterable[Sample]:
    with one.component.context.database.read() as connection:
        oldest = connection.execute(select(func.min(parked.c.held_at))).scalar_one()
    yield (_name(one),), (_now(one) - oldest) / _SECOND if oldest else 0.0


def _lags(one: RunningComponent) -> Iterable[tuple[tuple[str, str, str], int, int | None]]:
    subscription = one.component.subscription
    if subscription is None:
        return
    for row in one.component.context.base.log.lag(_name(one), subscription.topics):
        yield (_name(one), row.topic, str(row.partition)), row.records, row.oldest


def _lag(one: RunningComponent) -> Iterable[Sample]:
    for labels, records, _oldest in _lags(one):
        yield labels, float(records)


def _lag_seconds(one: RunningComponent) -> Iterable[Sample]:
    now = _now(one)
    for labels, _records, oldest in _lags(one):
        yield labels, max(0, now - oldest) / _SECOND if oldest else 0.0


def _halted(one: RunningComponent) -> Iterable[Sample]:
    yield (_name(one),), float(bool(one.consumer and one.consumer.halted))


def skew(one: RunningComponent) -> float:
    """Tells by how many seconds the clock here is ahead of the database's; below 0 when it is behind.

    Raises:
        AxisError: The database is away.
    """
    with one.component.context.database.read() as connection:
        begun, there, ended = time.time(), database_now(connection) / _SECOND, time.time()
    # Between the two it is as much as nothing: the answer took that long.
    return min(0.0, ended - there) or max(0.0, begun - there)


def _skew(one: RunningComponent) -> Iterable[Sample]:
    yield (_name(one),), skew(one)


def _in_use(one: RunningComponent) -> Iterable[Sample]:
    for pool in one.component.context.database.pools():
        yield (_name(one), pool.name), float(pool.in_use)


def _sizes(one: RunningComponent) -> Iterable[Sample]:
    for pool in one.component.context.database.pools():
        yield (_name(one), pool.name), float(pool.size)
