"""The inbox and its consumer: once in effect, in the order of the aggregate, whatever comes when."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.plans import plans_of
from tests.waiting import eventually

from lienthong.chassis.engines.eventlog import NewRecord, Record
from lienthong.chassis.errors import unavailable
from lienthong.chassis.events import inbox
from lienthong.chassis.events.consumer import Consumer
from lienthong.chassis.events.event import DIRECTORY, Event, event_of
from lienthong.chassis.events.tables import dead_letters, parked

from .stage import LIMITS, TOPIC, Stage, event, headers_of

_examples = itertools.count()


def test_older_events_are_dropped(stage: Stage) -> None:
    """An event that took effect takes none again, in whichever batch it repeats."""
    assert stage.apply(event("a", 1), event("a", 1), event("a", 2)) == 2
    assert stage.apply(event("a", 1), event("a", 2)) == 0
    assert stage.seen == ["a-1", "a-2"]


def test_later_events_are_parked(stage: Stage) -> None:
    """An event that came before its predecessor waits for it; other aggregates do not."""
    assert stage.apply(event("a", 3), event("b", 1), event("a", 2)) == 1
    assert stage.parked() == [("a", 2), ("a", 3)]
    assert stage.apply(event("a", 1)) == 3
    assert stage.seen == ["b-1", "a-1", "a-2", "a-3"]
    assert stage.parked() == []


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_order_and_any_repeats(stage: Stage, data: st.DataObject) -> None:
    """In whatever order and how often events arrive, each takes effect once, in the order of its aggregate."""
    prefix = f"{next(_examples)}-"
    all_events = [event(f"{prefix}{name}", number) for name in "ab" for number in range(1, 5)]
    arriving = data.draw(st.permutations(all_events)) + data.draw(st.lists(st.sampled_from(all_events), max_size=6))
    stage.seen.clear()
    while arriving:
        cut = data.draw(st.integers(1, len(arriving)))
        stage.apply(*arriving[:cut])
        arriving = arriving[cut:]
    for name in "ab":
        mine = [text for text in stage.seen if text.startswith(f"{prefix}{name}")]
        assert mine == [f"{prefix}{name}-{number}" for number in range(1, 5)]
    assert not [subject for subject, _sequence in stage.parked() if subject.startswith(prefix)]


def test_an_event_waits_for_its_parent(stage: Stage) -> None:
    """An event whose parent is not known is parked, the next ones behind it; the parent's coming releases all."""
    stage.parents["child-1"], stage.releases["parent-1"] = "document:1", "document:1"
    assert stage.apply(event("child", 1), event("child", 2)) == 0
    assert stage.parked() == [("child", 1), ("child", 2)]
    assert stage.apply(event("parent", 1)) == 3
    assert stage.seen == ["parent-1", "child-1", "child-2"]


def test_what_is_looked_at_again_has_waited_since_it_came(stage: Stage) -> None:
    """Parked again it is the same one, as old as before: how long something waits is told, and rings a bell."""
    stage.apply(event("a", 2))
    (before,) = stage.rows(parked)
    stage.clock.advance(hours=5)
    with stage.units.begin() as work:
        inbox.InboxBatch(work, stage.subscription).look_again(stage.rows(parked))
    (after,) = stage.rows(parked)
    assert (after.id, after.held_at) == (before.id, before.held_at)


def test_a_repeat_of_a_parked_event(stage: Stage) -> None:
    """A repeat of what is parked parks nothing twice."""
    stage.apply(event("a", 2), event("a", 2))
    stage.apply(event("a", 2))
    assert stage.parked() == [("a", 2)]


@pytest.mark.parametrize(
    "foreign",
    [
        {"ce_subject": "a" * 3000},
        {"ce_subject": "a\0b"},
        {"ce_id": "\0"},
        {"ce_sequence": "0"},
        {"ce_sequence": str(2**63)},
        {"ce_sequence": "một"},
        {"ce_type": "x" * 501},
    ],
    ids=["long", "nul", "nul alone", "none", "beyond", "a word", "long type"],
)
def test_a_record_that_no_database_could_keep(stage: Stage, foreign: dict[str, str]) -> None:
    """A foreign record, with headers that fit nowhere, becomes a dead letter; what comes after it is handled."""
    good = event("a", 1)
    headers = {**headers_of(good), "ce_time": "\0" * 1000, "traceparent": "\0" * 1000, **foreign}
    strange = Record(TOPIC, 0, 7, b"", b"", headers, 0)
    consumer = stage.consumer()
    assert consumer.handle([strange, Record(TOPIC, 0, 8, b"a", good.value, headers_of(good), 0)])
    assert stage.seen == ["a-1"]
    assert stage.dead() == [("unreadable/0/7", 1)]


def test_a_reason_with_a_nul(stage: Stage) -> None:
    """What an error repeats of an event is kept as far as a database can."""
    stage.poison["a-1"] = ValueError("nửa\0nửa")
    assert stage.consumer().handle([Record(TOPIC, 0, 0, b"a", event("a", 1).value, headers_of(event("a", 1)), 0)])
    assert [row.reason for row in stage.rows(dead_letters)] == ["ValueError: nửanửa"]


def test_types_without_a_handler_count(stage: Stage) -> None:
    """A type that the service does not take is counted, so that the next one is no gap."""
    stage.apply(replace(event("a", 1), type="lienthong.events.v1.Other"), event("a", 2))
    assert stage.seen == ["a-2"]


def test_the_directory_is_never_parked(stage: Stage) -> None:
    """Events of the directory carry whole states: they are applied whatever their version."""
    stage.apply(event("agency", 7, topic=DIRECTORY), event("agency", 3, "again", topic=DIRECTORY))
    assert stage.seen == ["agency-7", "again"]
    assert stage.parked() == []


def test_parking_has_a_bound(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the bound is reached the consumer stops instead of dropping."""
    monkeypatch.setattr(inbox, "PARKED_AT_MOST", 2)
    consumer = stage.consumer()
    stage.publish(*(event("a", number) for number in range(2, 6)))
    with running(consumer):
        eventually(lambda: consumer.halted)
    assert "parked" in consumer.halted
    assert stage.seen == []


def test_one_bad_event_does_not_stop_the_others(stage: Stage) -> None:
    """The batch is bisected: the bad event alone is kept with its reason, what follows it waits, the rest goes on."""
    stage.poison["b-2"] = ValueError("không đọc được")
    stage.publish(*(event(name, number) for number in range(1, 4) for name in "abc"))
    with running(stage.consumer()):
        eventually(lambda: len(stage.seen) == 7)
    assert stage.dead() == [("b", 2)]
    assert stage.parked() == [("b", 3)]
    (row,) = stage.rows(dead_letters)
    assert (row.reason, row.attempts) == ("ValueError: không đọc được", 2)
    assert row.value == event("b", 2).value


def test_an_event_that_recovers_is_no_dead_letter(stage: Stage) -> None:
    """A handler that fails once and then succeeds leaves nothing behind."""
    first = threading.Event()

    class Once(dict[str, Exception]):
        def __contains__(self, key: object) -> bool:
            if key == "a-1" and not first.is_set():
                first.set()
                return True
            return False

    stage.poison = Once({"a-1": KeyError("một lần")})
    stage.publish(event("a", 1))
    with running(stage.consumer()):
        eventually(lambda: stage.seen == ["a-1"])
    assert stage.dead() == []


def test_an_engine_that_is_away_is_waited_for(stage: Stage) -> None:
    """UNAVAILABLE is no fault of the event: it waits, however often, and is never kept as dead."""
    stage.poison["a-1"] = unavailable("DATABASE_AWAY", "away", timedelta(seconds=1))
    stage.publish(event("a", 1))
    with running(stage.consumer()):
        eventually(
            lambda: stage.log.lag("service", [TOPIC])[0].records + stage.log.lag("service", [TOPIC])[1].records == 1
        )
        assert stage.dead() == []
        stage.poison.clear()
        eventually(lambda: stage.seen == ["a-1"])
    assert stage.dead() == []


def test_unreadable_headers(stage: Stage) -> None:
    """A record whose headers cannot be read is kept raw with its error; the others go on."""
    good = event("a", 1)
    for headers in ({}, headers_of(good) | {"ce_sequence": "một"}):
        stage.log.publish([NewRecord(TOPIC, b"a", b"raw", headers)])
    stage.publish(good)
    with running(stage.consumer()):
        eventually(lambda: stage.seen == ["a-1"])
    rows = stage.rows(dead_letters)
    assert [row.value for row in rows] == [b"raw", b"raw"]
    assert all(row.reason.startswith("ValueError") for row in rows)


def test_unreadable_values(stage: Stage) -> None:
    """A value that is no message of its type is kept as a dead letter with its bytes."""
    stage.publish(replace(event("a", 1), value=b"\xff\xff\xff"), event("b", 1))
    with running(stage.consumer()):
        eventually(lambda: stage.seen == ["b-1"] and stage.dead() == [("a", 1)])


def test_a_flood_of_dead_letters_stops_the_consumer(stage: Stage) -> None:
    """More dead letters than the bound stop the consumer; what was not handled stays in the log."""
    for number in range(5):
        stage.poison[f"{number}-1"] = ValueError("hỏng")
    stage.publish(*(event(str(number), 1) for number in range(5)))
    consumer = stage.consumer(replace(LIMITS, dead_letters_an_hour=2, batch=1))
    with running(consumer):
        eventually(lambda: consumer.halted)
    assert "3 dead letters in an hour" in consumer.halted
    assert len(stage.dead()) == 3
    assert sum(lag.records for lag in stage.log.lag("service", [TOPIC])) == 3


def test_offsets_come_after_the_database(stage: Stage) -> None:
    """A consumer that ends goes on where it left off: nothing is lost and nothing takes effect twice."""
    stage.publish(event("a", 1))
    with running(stage.consumer()):
        eventually(lambda: stage.seen == ["a-1"])
    stage.publish(event("a", 2), event("a", 1))
    with running(stage.consumer()):
        eventually(lambda: sum(lag.records for lag in stage.log.lag("service", [TOPIC])) == 0)
    assert stage.seen == ["a-1", "a-2"]


def test_an_event_and_its_record() -> None:
    """Headers that are missing or malformed are named."""
    record = Record(TOPIC, 0, 0, b"a", b"", {"ce_id": "1", "ce_type": "x"}, 0)
    with pytest.raises(ValueError, match="ce_sequence, ce_subject"):
        event_of(record)
    full: Event = event_of(replace(record, headers=headers_of(event("a", 4))))
    assert (full.subject, full.sequence) == ("a", 4)


@contextmanager
def running(consumer: Consumer) -> Iterator[None]:
    """Runs a consumer for the length of a block."""
    consumer.start()
    yield
    consumer.stop(10.0)


@pytest.mark.parametrize("parent", ["", "document:1"], ids=["a gap", "a parent"])
def test_what_waits_is_parked_together(stage: Stage, parent: str) -> None:
    """A batch of ninety events that wait asks the database as often as one of ten, and no more of what is parked."""

    def asked(*events: Event) -> list[str]:
        stage.parents |= {f"{one.subject}-{one.sequence}": parent for one in events}
        return plans_of(stage.database, lambda: stage.apply(*events)).lines

    sequence = 1 if parent else 2
    few = asked(*(event(f"few-{number}", sequence) for number in range(10)))
    assert len(asked(*(event(f"many-{number}", sequence) for number in range(90)))) == len(few)
    assert len(stage.parked()) == 100


def test_what_is_parked_of_others_holds_up_nobody(stage: Stage) -> None:
    """While something is parked, a batch of ninety events of other aggregates asks as often as one of ten."""
    stage.apply(event("waiting", 2))
    few = plans_of(stage.database, lambda: stage.apply(*(event(f"few-{number}", 1) for number in range(10)))).lines
    many = plans_of(stage.database, lambda: stage.apply(*(event(f"many-{number}", 1) for number in range(90)))).lines
    assert len(many) == len(few)
    assert (len(stage.seen), stage.parked()) == (100, [("waiting", 2)])
