"""Relays of several copies: each shard of the outbox has one owner, and events keep the order of their key."""

from collections import defaultdict

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import select, update
from tests.unit.chassis.stage import TOPIC, Stage
from tests.waiting import eventually

from lienthong.chassis.engines.eventlog import Record
from lienthong.chassis.engines.sql import database_now
from lienthong.chassis.events.outbox import SHARDS
from lienthong.chassis.events.tables import leases, outbox
from lienthong.chassis.leases import Shards

Copies = tuple[Stage, Stage]
EVENTS = 120


def shards(copy: Stage, owner: str) -> Shards:
    """The shards of one copy."""
    return Shards(copy.database, "service-relay", SHARDS, owner)


def lapse(copy: Stage, owner: str, until: int = 0) -> None:
    """Lets the leases of a copy end, as if it had been paused for long."""
    with copy.database.write() as connection:
        connection.execute(update(leases).where(leases.c.owner == owner).values(until=until))


def published(copy: Stage) -> list[Record]:
    """What a copy published."""
    member = copy.log.join(f"reader-{len(list(copy.folder.iterdir()))}", (TOPIC,))
    found: list[Record] = []
    while batch := member.poll(1000, 0.05):
        found += batch
    member.close()
    return found


def tell(copy: Stage, first: int = 0) -> None:
    """Tells things about 20 subjects in turn."""
    for number in range(first, first + EVENTS):
        copy.emit(str(number), subject=f"thing-{number % 20}")


def by_subject(records: list[Record]) -> dict[bytes, list[int]]:
    """Sequences by key, in the order in which they were published."""
    found = defaultdict(list)
    for record in records:
        found[record.key].append(int(record.headers["ce_sequence"]))
    return found


def all_told(copy: Stage) -> bool:
    """Whether nothing waits in the outbox."""
    with copy.database.read() as connection:
        return connection.execute(select(outbox.c.id).where(outbox.c.published_at.is_(None))).first() is None


def test_copies_share_the_shards_fairly(copies: Copies) -> None:
    """The first has all, the second gets half; who leaves, or is not heard of any more, is followed at once."""
    one, two = shards(copies[0], "one"), shards(copies[1], "two")
    assert one.renew() == tuple(range(SHARDS))
    assert two.renew() == ()
    kept = one.renew()
    taken = two.renew()
    assert (len(kept), len(taken), set(kept) | set(taken)) == (SHARDS // 2, SHARDS // 2, set(range(SHARDS)))
    lapse(copies[0], "one")
    assert two.renew() == tuple(range(SHARDS))
    assert one.renew() == ()
    two.give_back()
    assert one.renew() == tuple(range(SHARDS))


def test_a_lease_from_before_the_clock_was_set_back(copies: Copies) -> None:
    """A copy that died before the database's clock was set back by hours holds nothing for hours."""
    one, two = shards(copies[0], "one"), shards(copies[1], "two")
    one.renew()
    with copies[0].database.read() as connection:
        now = database_now(connection)
    lapse(copies[0], "one", now + 7 * 3600 * 1_000_000)
    assert two.renew() == tuple(range(SHARDS))


def test_two_relays_publish_each_event_once_and_in_order(copies: Copies) -> None:
    """While both live, no event goes out twice, and those of one key go out in their order, whoever wrote them."""
    shards(copies[0], "one").renew()
    shards(copies[1], "two").renew()
    relays = [copy.relay(owner=name) for copy, name in zip(copies, ("one", "two"), strict=True)]
    for relay in relays:
        relay.start()
    tell(copies[0])
    tell(copies[1], EVENTS)
    eventually(lambda: all_told(copies[0]))
    for relay in relays:
        relay.stop(10.0)
    found = [by_subject(published(copy)) for copy in copies]
    assert all(found), "both had a share"
    assert not found[0].keys() & found[1].keys()
    assert all(order == list(range(1, 13)) for part in found for order in part.values())


def test_an_owner_that_was_paused_publishes_again_and_nothing_is_lost(
    copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had read its rows when its lease ended: its successor publishes them, and it does too when it wakes up."""
    paused, successor = copies[0].relay(owner="one"), copies[1].relay(owner="two")
    tell(copies[0])
    publish = copies[0].log.publish

    def sleep_first(records: list[object]) -> None:
        lapse(copies[0], "one")
        while successor.publish_once():
            pass
        publish(records)  # type: ignore[arg-type] # as it came

    monkeypatch.setattr(copies[0].log, "publish", sleep_first)
    assert paused.publish_once() == EVENTS
    again, first = published(copies[0]), published(copies[1])
    assert sorted(r.headers["ce_id"] for r in again) == sorted(r.headers["ce_id"] for r in first)
    assert len(first) == EVENTS
    assert all_told(copies[0])
    reader = copies[1].consumer()
    assert reader.handle([*first, *again])
    assert len(copies[1].seen) == EVENTS
    assert copies[1].parked() == copies[1].dead() == []


def test_a_copy_alone_needs_no_name(copies: Copies) -> None:
    """The same relay works on an engine that nobody else uses."""
    relay = copies[0].relay()
    copies[0].emit("alone")
    assert relay.publish_once() == 1
    assert StringValue.FromString(published(copies[0])[0].value).value == "alone"
