"""Leases: who holds an item, for how long, and what becomes of it."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from google.protobuf.duration_pb2 import Duration
from tests.unit.routing.conftest import PDF, Routing, leased, make, refusal
from tests.unit.routing.test_lists import end_lease

from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.engines.sql import database_now
from lienthong.chassis.errors import AxisError, not_found, unavailable
from lienthong.chassis.events.tables import audit
from lienthong.chassis.rpc.call import Content
from lienthong.events.v1 import routing_deliveries_pb2 as events
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.routing.contents import Renderer
from lienthong.routing.handlers.background import park_due
from lienthong.routing.handlers.desk import watch_key
from lienthong.routing.handlers.expiry import EndedLeases
from lienthong.routing.v1 import mailbox_pb2 as pb
from lienthong.testing.service import HCMC, NGHE_AN, VPCP

PRECONDITION = 9


def test_a_leased_item_is_nobody_elses_until_the_lease_ends(routing: Routing) -> None:
    """A lease keeps an item; after it expired the item is had again, with the attempts counted."""
    routing.deliver(HCMC)
    (first,) = routing.pull(HCMC)
    assert routing.pull(HCMC) == []
    routing.expire_leases()
    (second,) = routing.pull(HCMC)
    assert (second.name, second.attempts) == (first.name, 2)
    assert second.lease != first.lease
    assert routing.acknowledge(HCMC, first) == [PRECONDITION]
    assert routing.acknowledge(HCMC, second) == [0]


def test_leases_compare_with_the_clock_of_the_database(tmp_path: Path) -> None:
    """The end of a lease is the database's time plus its length, whatever domain time says; then it is over."""
    routing = make(tmp_path, lease_seconds=0.05, lease_seconds_at_least=0.05)
    routing.deliver(HCMC)
    with routing.bench.context.database.read() as connection:
        before = database_now(connection)
    (item,) = routing.pull(HCMC)
    assert 0 <= item.lease_expire_time.ToMicroseconds() - before - 50_000 < 10_000_000
    deadline = time.monotonic() + 10
    while not (pulled := routing.pull(HCMC)):
        assert time.monotonic() < deadline
    assert pulled[0].name == item.name


def test_a_lease_that_ends_wakes_the_watches_of_its_mailbox(routing: Routing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody writes anything when a lease ends; it is looked for, and hinted at once."""
    woken: list[str] = []
    monkeypatch.setattr(routing.desk.hub, "wake", woken.append)
    ended = EndedLeases(routing.bench.context.units, routing.desk)
    routing.deliver(HCMC)
    routing.deliver(NGHE_AN)
    (item,) = routing.pull(HCMC)
    ended.look()
    end_lease(routing, item)
    woken.clear()
    for _ in range(2):
        assert not ended.look()
    assert woken == [watch_key(HCMC.id)]


ENDINGS: dict[str, type[pb.AcknowledgeItemsRequest | pb.FailItemsRequest]] = {
    "acknowledge_items": pb.AcknowledgeItemsRequest,
    "fail_items": pb.FailItemsRequest,
}


@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize("ending", ENDINGS)
def test_only_what_a_watch_can_show_wakes_it(
    routing: Routing, monkeypatch: pytest.MonkeyPatch, ending: str, *, room: bool
) -> None:
    """An item that ends wakes the watches of its mailbox when that lets a later one of its chain out, and only then."""
    woken: list[str] = []
    monkeypatch.setattr(routing.desk.hub, "wake", woken.append)
    document = routing.deliver(HCMC)
    (item,) = routing.pull(HCMC)
    if room:
        routing.recall(document)
    woken.clear()
    end = getattr(routing.mailbox, ending)
    (result,) = end(ENDINGS[ending](items=leased([item])), routing.call(HCMC)).results
    assert result.status.code == 0
    assert woken == ([watch_key(HCMC.id)] if room else [])


def test_parking_what_had_all_its_leases_wakes_who_waits_behind_it(
    routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody acts when the last lease ends; what may be taken then is hinted all the same."""
    woken: list[str] = []
    monkeypatch.setattr(routing.desk.hub, "wake", woken.append)
    document = routing.deliver(HCMC)
    for _ in range(routing.desk.leases.attempts):
        (item,) = routing.pull(HCMC)
        routing.expire_leases()
    routing.recall(document)
    woken.clear()
    assert park_due(routing.bench.context.units, routing.desk)
    assert woken == [watch_key(HCMC.id)]
    (request,) = routing.pull(HCMC)
    assert (request.kind, request.name != item.name) == (pb.ITEM_KIND_REQUEST, True)


def test_a_repeat_answers_with_the_same_items_while_their_leases_last(routing: Routing) -> None:
    """By `request_id`: same items, same leases, nothing counted twice; other content under the key is refused."""
    routing.deliver(HCMC)
    routing.deliver(HCMC)
    first = routing.pull(HCMC, "key", max_items=1)
    assert routing.pull(HCMC, "key", max_items=1) == first
    with pytest.raises(AxisError) as caught:
        routing.pull(HCMC, "key", max_items=2)
    assert refusal(caught) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    routing.expire_leases()
    assert routing.pull(HCMC, "key", max_items=1) == []
    assert len(routing.pull(HCMC, "other")) == 2


def test_an_empty_pull_is_not_remembered(routing: Routing) -> None:
    """Polling leaves nothing behind, so a repeat of an empty pull may find what has come since."""
    assert routing.pull(HCMC, "key") == []
    routing.deliver(HCMC)
    assert len(routing.pull(HCMC, "key")) == 1


def test_acknowledging_again_answers_the_same(routing: Routing) -> None:
    """A repeat of an acknowledgement is OK, and is told once."""
    routing.deliver(HCMC)
    (item,) = routing.pull(HCMC)
    assert [routing.acknowledge(HCMC, item) for _ in range(2)] == [[0], [0]]
    assert routing.acknowledge(HCMC, item, item) == [0, 0]
    assert len(routing.told(events.DeliveryAcknowledged)) == 1


def test_each_item_of_a_batch_has_its_own_answer(routing: Routing) -> None:
    """An item that fails stops no other; the codes stand in the order asked."""
    routing.deliver(HCMC)
    routing.deliver(HCMC)
    one, two = routing.pull(HCMC)
    wrong = pb.Item(name=two.name, lease="of somebody else")
    unknown = pb.Item(name="items/none", lease="x")
    assert routing.acknowledge(HCMC, wrong, unknown, one) == [PRECONDITION, 5, 0]
    assert [item.name for item in routing.waiting(HCMC)] == [two.name]


def test_an_extended_lease_lasts_longer(routing: Routing) -> None:
    """`ExtendItems` tells until when; an expired lease cannot be extended."""
    routing.deliver(HCMC)
    pulled = routing.pull(HCMC)
    request = pb.ExtendItemsRequest(items=leased(pulled), lease_duration=Duration(seconds=3600))
    (result,) = routing.mailbox.extend_items(request, routing.call(HCMC)).results
    assert result.status.code == 0
    assert result.lease_expire_time.seconds - pulled[0].lease_expire_time.seconds > 3000
    routing.expire_leases()
    (result,) = routing.mailbox.extend_items(request, routing.call(HCMC)).results
    assert (result.status.code, "expired" in result.status.message) == (PRECONDITION, True)


def test_many_pull_at_once_and_each_item_goes_to_one(routing: Routing) -> None:
    """Concurrent pulls of one mailbox never hand out an item twice, and none is left behind."""
    for _ in range(12):
        routing.deliver(HCMC)
    with ThreadPoolExecutor(6) as pool:
        batches = list(pool.map(lambda _: routing.pull(HCMC, max_items=2), range(12)))
    names = [item.name for batch in batches for item in batch]
    assert (len(names), len(set(names))) == (12, 12)
    assert len(routing.told(events.DeliveryOpened)) == 12


def test_the_fifth_expired_lease_parks(routing: Routing) -> None:
    """After five leases without an answer the item is parked and told; nobody is handed it again."""
    routing.deliver(HCMC)
    for _ in range(5):
        assert len(routing.pull(HCMC)) == 1
        routing.expire_leases()
    routing.step()
    assert routing.pull(HCMC) == []
    assert [event.reason for event in routing.told(events.DeliveryParked)] == ["LEASES_EXPIRED"]
    (item,) = parked(routing)
    assert routing.delivery(HCMC, item.delivery).transport_state == "PARKED"


def test_a_failed_item_is_parked_and_an_operator_puts_it_back(routing: Routing) -> None:
    """`FailItems` parks, repeats answer the same; redrive has a dry run and is told; twice is refused."""
    routing.deliver(HCMC)
    pulled = routing.pull(HCMC)
    fail = pb.FailItemsRequest(items=leased(pulled, "không đọc được tệp"))
    for _ in range(2):
        assert [one.status.code for one in routing.mailbox.fail_items(fail, routing.call(HCMC)).results] == [0]
    (event,) = routing.told(events.DeliveryParked)
    assert (event.reason, event.detail) == ("FAILED_BY_RECIPIENT", "không đọc được tệp")
    operator = routing.call(None, "lienthong.routing.v1.Mailbox/RedriveItem")
    name = pulled[0].name
    dry = routing.mailbox.redrive_item(pb.RedriveItemRequest(name=name, dry_run=True, request_id="d"), operator)
    assert dry.state == pb.ITEM_STATE_AVAILABLE
    assert len(parked(routing)) == 1
    for _ in range(2):
        routing.mailbox.redrive_item(pb.RedriveItemRequest(name=name, request_id="r"), operator)
    assert len(routing.told(events.DeliveryRedriven)) == 1
    with pytest.raises(AxisError) as caught:
        routing.mailbox.redrive_item(pb.RedriveItemRequest(name=name, request_id="r2"), operator)
    assert refusal(caught) == ("FAILED_PRECONDITION", "ITEM_NOT_PARKED")
    assert [item.name for item in routing.take(HCMC)] == [name]


def test_urgent_items_come_first_then_the_oldest(routing: Routing) -> None:
    """Urgency orders a batch (QD28 Art. 6), then the time of arrival."""
    for priority in (0, 3, 0, 1):
        routing.deliver(HCMC, priority=priority)
    assert [item.priority for item in routing.pull(HCMC, max_items=3)] == [3, 1, 0]
    assert [item.priority for item in routing.pull(HCMC)] == [0]


def test_kinds_can_be_chosen(routing: Routing) -> None:
    """A pull may ask for some kinds only."""
    routing.deliver(HCMC)
    assert routing.pull(HCMC, kinds=[pb.ITEM_KIND_STATUS]) == []
    assert len(routing.pull(HCMC, kinds=[pb.ITEM_KIND_DOCUMENT])) == 1


def test_content_comes_inline_when_asked_and_small_enough(routing: Routing) -> None:
    """Up to the limit asked; lease, opening and the reading's audit entry are committed by then."""
    routing.deliver(HCMC, NGHE_AN)
    (item,) = routing.pull(HCMC, inline_limit=len(PDF))
    assert (item.content, item.content_size > len(PDF)) == (b"", True)
    (item,) = routing.pull(NGHE_AN, inline_limit=1_000_000)
    assert item.content == routing.read(NGHE_AN, f"{item.delivery}/content")
    with routing.bench.context.database.read() as connection:
        actions = [(row.action, row.agency) for row in connection.execute(audit.select())]
    assert actions.count(("content.read", NGHE_AN.id)) == 2
    assert ("content.read", HCMC.id) not in actions


def test_a_store_that_is_away_is_asked_once(routing: Routing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try takes its time: a pull of many leases them all, and does not wait for the store for each of them."""
    for _ in range(3):
        routing.deliver(NGHE_AN)
    asked = []

    def away(_renderer: Renderer, accepted: DocumentAccepted) -> Content:
        asked.append(accepted.document)
        raise unavailable(
            "CONTENT_STORE_AWAY", "The store of contents does not answer. Try again.", timedelta(seconds=1)
        )

    monkeypatch.setattr(Renderer, "document", away)
    items = routing.pull(NGHE_AN, max_items=3, inline_limit=1_000_000)
    assert ([item.content for item in items], len(asked)) == ([b"", b"", b""], 1)


def test_one_content_that_is_gone_is_left_out_alone(routing: Routing, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the store has lost keeps no other content from coming with the same pull."""
    for _ in range(3):
        routing.deliver(NGHE_AN)
    opened = DirectoryBlobs.open
    asked = []

    def open_all_but_the_first(blobs: DirectoryBlobs, key: str) -> BinaryIO:
        asked.append(key)
        if len(asked) == 1:
            raise not_found(f"content {key}")
        return opened(blobs, key)

    monkeypatch.setattr(DirectoryBlobs, "open", open_all_but_the_first)
    items = routing.pull(NGHE_AN, max_items=3, inline_limit=1_000_000)
    assert [bool(item.content) for item in items] == [False, True, True]


def test_bounds_of_batches_and_leases_are_kept(routing: Routing) -> None:
    """Empty and oversized batches and lengths of nothing are INVALID_ARGUMENT."""
    many = [pb.LeasedItem(name=f"items/{number}", lease="x") for number in range(101)]
    for ask in (
        lambda: routing.mailbox.acknowledge_items(pb.AcknowledgeItemsRequest(), routing.call(HCMC)),
        lambda: routing.mailbox.acknowledge_items(pb.AcknowledgeItemsRequest(items=many), routing.call(HCMC)),
        lambda: routing.pull(HCMC, lease_duration=Duration()),
        lambda: routing.pull(HCMC, max_items=-1),
        lambda: routing.mailbox.pull_items(pb.PullItemsRequest(), routing.call(HCMC)),
    ):
        with pytest.raises(AxisError) as caught:
            ask()
        assert refusal(caught)[0] == "INVALID_ARGUMENT"


def test_old_statuses_leave_and_documents_never(tmp_path: Path) -> None:
    """Status items end after 90 days; documents never expire silently."""
    routing = make(tmp_path)
    routing.deliver(HCMC)
    delivery = routing.waiting(HCMC)[0].delivery.removeprefix("deliveries/")
    routing.status(delivery)
    routing.bench.clock.advance(days=89)
    routing.clean()
    assert len(routing.waiting(VPCP)) == 1
    routing.bench.clock.advance(days=2)
    routing.clean()
    assert routing.waiting(VPCP) == []
    assert len(routing.waiting(HCMC)) == 1


def parked(routing: Routing) -> list[pb.Item]:
    """Lists what is parked, as an operator."""
    return list(routing.mailbox.list_parked_items(pb.ListParkedItemsRequest(), routing.call(None)).items)
