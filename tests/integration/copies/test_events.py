"""Events of a service that runs in several copies: each takes effect once, whichever copy has it in hand."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text
from tests.integration.copies.conftest import SECONDS
from tests.unit.chassis.stage import TOPIC, Stage, event
from tests.waiting import eventually

from lienthong.chassis.engines.eventlog import Record
from lienthong.chassis.events.held import parked_after
from lienthong.chassis.events.inbox import InboxBatch
from lienthong.chassis.events.tables import outbox, parked, versions
from lienthong.chassis.races import again

Copies = tuple[Stage, Stage]


def record(subject: str, sequence: int) -> Record:
    """A record as a copy gets it."""
    one = event(subject, sequence)
    headers = {"ce_id": one.id, "ce_type": one.type, "ce_subject": subject, "ce_sequence": str(sequence)}
    return Record(TOPIC, 0, sequence, subject.encode(), one.value, {**headers, "ce_time": one.time}, 0)


def park_a_child(maker: Stage, waiter: Stage) -> None:
    """Lets one copy park an event that waits for what the other will make."""
    waiter.parents["child-1"] = maker.parents["child-1"] = "thing:parent"
    maker.releases["parent-1"] = "thing:parent"
    assert waiter.consumer().handle([record("child", 1)])


def test_an_event_in_two_hands_takes_effect_once(copies: Copies) -> None:
    """When partitions move, two copies handle the same events at once: one of them drops them."""
    records = [record(f"thing-{number % 7}", number // 7 + 1) for number in range(70)]
    with ThreadPoolExecutor(2) as threads:
        for done in threads.map(lambda copy: copy.consumer().handle(records), copies):
            assert done
    seen = [*copies[0].seen, *copies[1].seen]
    assert sorted(seen) == sorted(f"thing-{number % 7}-{number // 7 + 1}" for number in range(70))
    assert copies[0].parked() == copies[0].dead() == []


def test_two_copies_count_the_events_of_an_aggregate(copies: Copies) -> None:
    """Versions of one aggregate have no gap and none comes twice, whoever tells; also for its first event."""

    def tell(copy: Stage) -> None:
        for _ in range(25):
            again(lambda: copy.emit("told"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(tell, copies * 2))
    rows = sorted(copies[0].rows(outbox), key=lambda row: row.id)
    assert [row.sequence for row in rows] == list(range(1, 101))
    assert [row.version for row in copies[0].rows(versions)] == [100]


def test_an_event_is_parked_while_its_parent_is_being_made(copies: Copies) -> None:
    """A copy parks what another copy's open transaction is about to release: it is not forgotten."""
    maker, waiter = copies
    waiter.parents["child-1"] = "thing:parent"
    maker.releases["parent-1"] = "thing:parent"
    waiter.made = maker.made
    inside, go_on = threading.Event(), threading.Event()

    def make() -> None:
        with maker.units.begin() as work:
            work.release("thing:parent")
            work.lock("thing:parent")
            inside.set()
            go_on.wait(SECONDS)
            maker.made.add("thing:parent")

    with ThreadPoolExecutor(2) as threads:
        making = threads.submit(make)
        assert inside.wait(SECONDS)
        handling = threads.submit(waiter.consumer().handle, [record("child", 1)])
        eventually(lambda: waiter.parked() == [("child", 1)])
        go_on.set()
        making.result(SECONDS)
        assert handling.result(SECONDS)
    assert waiter.seen == ["child-1"]
    assert waiter.rows(parked) == []


def test_a_later_event_waits_while_the_first_is_being_released(copies: Copies) -> None:
    """A copy gets the second event of an aggregate while another copy's open transaction releases the first."""
    maker, waiter = copies
    park_a_child(maker, waiter)
    with ThreadPoolExecutor(1) as threads:
        with maker.units.begin() as work:
            assert InboxBatch(work, maker.subscription).apply([event("parent", 1)]) == 2
            handling = threads.submit(waiter.consumer().handle, [record("child", 2)])
            eventually(lambda: handling.done() or waits_for_a_lock(waiter))
        assert handling.result(SECONDS)
    assert (maker.seen, waiter.seen) == (["parent-1", "child-1"], ["child-2"])
    assert waiter.parked() == []


def test_nothing_stays_parked_of_an_event_that_was_released_during_a_sweep(copies: Copies) -> None:
    """A copy sweeps and parks an event again while another copy's transaction releases it: no row of it is left."""
    maker, sweeper = copies
    park_a_child(maker, sweeper)
    with ThreadPoolExecutor(1) as threads:
        with sweeper.units.begin() as work:
            InboxBatch(work, sweeper.subscription).look_again(parked_after(work, (0, ""), 10))
            releasing = threads.submit(maker.consumer().handle, [record("parent", 1)])
            eventually(lambda: waits_for_a_lock(maker))
        assert releasing.result(SECONDS)
    assert maker.seen == ["parent-1", "child-1"]
    assert maker.parked() == []


def waits_for_a_lock(copy: Stage) -> bool:
    """Tells whether a transaction waits for another one of the same database."""
    waiting = text(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE NOT granted AND datname = current_database()"
    )
    with copy.database.read() as connection:
        return bool(connection.execute(waiting).scalar_one())


def test_parked_events_are_looked_at_again(copies: Copies) -> None:
    """Whatever held a parked event may have gone without a word; the consumer finds out by itself."""
    copy = copies[0]
    copy.parents["child-1"] = "thing:parent"
    consumer = copy.consumer()
    assert consumer.handle([record("child", 1)])
    assert copy.parked() == [("child", 1)]
    copy.made.add("thing:parent")
    consumer._sweep()
    assert (copy.seen, copy.parked()) == (["child-1"], [])
