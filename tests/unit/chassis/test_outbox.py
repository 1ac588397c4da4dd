"""The outbox and its relay: written with the state change, published in order, lost never."""

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from structlog.testing import capture_logs

from lienthong.chassis.engines.eventlog import Lag, LogConsumer, NewRecord
from lienthong.chassis.engines.sqlite_log import SqliteEventLog
from lienthong.chassis.errors import AxisError, invalid, unavailable
from lienthong.chassis.events.event import NewEvent
from lienthong.chassis.events.outbox import outbox_state, republish
from lienthong.chassis.events.refused import AGAIN_SECONDS, KEYS_AT_MOST, Refused
from lienthong.chassis.events.tables import outbox
from lienthong.chassis.times import to_micros

from .stage import TOPIC, Stage

_SECOND = timedelta(seconds=1)


class FlakyLog:
    """A log that is away for a number of publications, before or after it stored the records."""

    def __init__(self, inner: SqliteEventLog, failures: int, *, stores: bool = False) -> None:
        self.inner = inner
        self.failures = failures
        self.stores = stores
        self.recovered = threading.Event()

    def publish(self, records: Sequence[NewRecord]) -> None:
        """Stores records, or not."""
        if self.stores or not self.failures:
            self.inner.publish(records)
        if self.failures:
            self.failures -= 1
            raise unavailable("EVENT_LOG_AWAY", "The log is away.", _SECOND)
        self.recovered.set()

    def join(self, group: str, topics: Sequence[str]) -> LogConsumer:
        """Becomes a member."""
        return self.inner.join(group, topics)

    def lag(self, group: str, topics: Sequence[str]) -> Sequence[Lag]:
        """Tells the lag."""
        return self.inner.lag(group, topics)

    def trim(self, now_micros: int) -> int:
        """Trims."""
        return self.inner.trim(now_micros)

    def close(self) -> None:
        """Closes nothing: the inner log is somebody else's."""


class StrictLog(FlakyLog):
    """A log that takes a record, and a batch of them, up to some bytes only."""

    def __init__(self, inner: SqliteEventLog, most: int) -> None:
        super().__init__(inner, 0)
        self.most = most

    def publish(self, records: Sequence[NewRecord]) -> None:
        """Stores records, or refuses all of them."""
        if sum(len(one.value) for one in records) > self.most:
            raise invalid("RECORD_TOO_LARGE", f"{self.most} bytes are the bound.")
        super().publish(records)


def texts(stage: Stage) -> list[tuple[str, int]]:
    """What stands in the log, in order, with the versions of the aggregate."""
    reader = stage.log.join("test", [TOPIC])
    found = [record for _ in range(4) for record in reader.poll(100, 0.0)]
    reader.close()
    return [(StringValue.FromString(record.value).value, int(record.headers["ce_sequence"])) for record in found]


def test_events_are_published_in_order(stage: Stage) -> None:
    """Events of an aggregate are counted 1, 2, 3 and published in the order in which they were written."""
    stage.emit("one", "two")
    stage.emit("three")
    assert stage.relay().publish_once() == 3
    assert texts(stage) == [("one", 1), ("two", 2), ("three", 3)]
    assert all(row.published_at == to_micros(stage.clock.now()) for row in stage.rows(outbox))


def test_a_relay_with_nothing_to_do(stage: Stage) -> None:
    """Without rows nothing is published."""
    assert stage.relay().publish_once() == 0


def test_headers_are_cloud_events(stage: Stage) -> None:
    """Every record carries CloudEvents headers in binary mode."""
    stage.emit("one", subject="thing")
    stage.relay().publish_once()
    (record,) = stage.log.join("test", [TOPIC]).poll(10, 1.0)
    assert record.key == b"thing"
    assert record.headers["ce_source"] == "/lienthong/service"
    assert record.headers["ce_type"] == "google.protobuf.StringValue"
    assert (record.headers["ce_subject"], record.headers["ce_sequence"]) == ("thing", "1")
    assert record.headers["ce_time"].endswith("Z")


def test_a_rolled_back_change_tells_nothing(stage: Stage) -> None:
    """What was told in a transaction that rolled back was never told, and takes no version."""
    with pytest.raises(AxisError):
        _fail(stage)
    stage.emit("after")
    stage.relay().publish_once()
    assert texts(stage) == [("after", 1)]


@pytest.mark.parametrize("stores", [False, True], ids=["before it stored", "after it stored"])
def test_nothing_is_lost_when_the_log_fails(stage: Stage, *, stores: bool) -> None:
    """A failed publication is repeated: perhaps twice in the log, never lost, never out of order."""
    stage.emit("one", "two")
    relay = stage.relay(FlakyLog(stage.log, 1, stores=stores))
    with pytest.raises(AxisError):
        relay.publish_once()
    assert [row.published_at for row in stage.rows(outbox)] == [None, None]
    assert relay.publish_once() == 2
    once = [("one", 1), ("two", 2)]
    assert texts(stage) == (once * 2 if stores else once)
    assert relay.publish_once() == 0


def test_the_thread_goes_on_after_a_failure(stage: Stage) -> None:
    """A running relay tries again by itself, and publishes what is left before it stops."""
    log = FlakyLog(stage.log, 1)
    relay = stage.relay(log)
    stage.emit("one")
    relay.start()
    assert log.recovered.wait(10.0)
    stage.emit("two")
    relay.stop(10.0)
    assert texts(stage) == [("one", 1), ("two", 2)]


def test_the_state_of_the_outbox(stage: Stage) -> None:
    """An operator sees how many events wait, how old the oldest is, and how many are kept."""
    stage.emit("one")
    stage.clock.advance(seconds=5)
    stage.emit("two")
    now = to_micros(stage.clock.now())
    with stage.database.read() as connection:
        assert outbox_state(connection, now) == (2, 5_000_000, 0)
    stage.relay().publish_once()
    with stage.database.read() as connection:
        assert outbox_state(connection, now) == (0, 0, 2)


def test_kept_rows_fill_a_lost_log_again(stage: Stage) -> None:
    """Rows written since a time are published again with their first identity."""
    stage.emit("one")
    stage.clock.advance(hours=1)
    since = to_micros(stage.clock.now())
    stage.emit("two")
    relay = stage.relay()
    relay.publish_once()
    with stage.database.write() as connection:
        assert republish(connection, since) == (1, None)
    relay.publish_once()
    assert texts(stage) == [("one", 1), ("two", 2), ("two", 2)]


def test_a_long_outbox_is_published_again_in_batches(stage: Stage) -> None:
    """No statement marks much more than a batch and tells where the next begins; what was written at once stays one."""
    for texts_at_once in (("1", "2", "3"), ("4",), ("5", "6"), ("7",)):
        stage.emit(*texts_at_once)
        stage.clock.advance(seconds=1)
    stage.relay().publish_once()
    marked: list[int] = []
    since: int | None = 0
    while since is not None:
        with stage.database.write() as connection:
            count, since = republish(connection, since, batch=2)
        marked.append(count)
    assert marked == [3, 1, 2, 1]
    assert stage.relay().publish_once() == 7


def test_what_the_log_refuses_holds_back_its_key_alone(stage: Stage) -> None:
    """All else is published; once the log takes it, it goes out with what waits behind it, in order.

    A topic whose bound somebody lowered refuses what was written before: it held back everything behind it.
    """
    log, clock = StrictLog(stage.log, 20), Seconds()
    relay = stage.relay(log)
    relay.refused = Refused("service", clock)
    stage.emit("a1", "a2 is larger than that log takes", "a3")
    stage.emit("b1", subject="b")
    with capture_logs() as logs:
        assert relay.publish_once() == 2
        stage.emit("b2", subject="b")
        assert relay.publish_once() == 1
    assert sorted(texts(stage)) == [("a1", 1), ("b1", 1), ("b2", 2)]
    assert [(one["key"], one["detail"]) for one in logs] == [("a", "20 bytes are the bound.")]
    assert relay.refused.reasons == {"a": "20 bytes are the bound."}
    log.most = 1000
    assert relay.publish_once() == 0
    clock.now += AGAIN_SECONDS
    assert relay.publish_once() == 2
    assert [text[:2] for text, _ in texts(stage) if text.startswith("a")] == ["a1", "a2", "a3"]
    assert relay.refused.reasons == {}


def test_a_log_that_refuses_everything(stage: Stage) -> None:
    """So many keys are not kept apart: everything waits, and the operator is told."""
    for number in range(KEYS_AT_MOST + 1):
        stage.emit("too large", subject=f"{number}")
    with pytest.raises(AxisError, match="1 bytes are the bound"):
        stage.relay(StrictLog(stage.log, 1)).publish_once()


class Seconds:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        """Tells the time."""
        return self.now


def _fail(stage: Stage) -> None:
    with stage.units.begin() as work:
        work.emit(NewEvent(TOPIC, "a", "a", StringValue(value="never")))
        raise unavailable("X", "x", _SECOND)
