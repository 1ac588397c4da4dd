"""Lists, watches and their cursors."""

import time
from typing import Literal
from unicodedata import normalize

import pytest
from sqlalchemy import update
from tests.plans import plans_of
from tests.unit.routing.conftest import Routing, refusal

from lienthong.chassis.engines.sql import database_now
from lienthong.chassis.errors import AxisError
from lienthong.routing.api.cursor import LOOKED, write_cursor
from lienthong.routing.handlers.background import release_held
from lienthong.routing.storage.tables import items
from lienthong.routing.v1 import mailbox_pb2 as pb
from lienthong.testing.service import HCMC, NGHE_AN

Listed = pb.ListDeliveriesRequest


def documents(routing: Routing, text: str = "", **more: object) -> list[str]:
    """Lists the documents that Ho Chi Minh City received."""
    answer = routing.mailbox.list_deliveries(Listed(filter=text, **more), routing.call(HCMC))  # type: ignore[arg-type] # fields
    return [one.document.removeprefix("documents/") for one in answer.deliveries]


def test_deliveries_are_listed_newest_first(routing: Routing) -> None:
    """Only what the caller's agency received, newest first, with all that a delivery says."""
    first = routing.deliver(HCMC)
    routing.deliver(NGHE_AN)
    second = routing.deliver(HCMC, NGHE_AN)
    assert documents(routing) == [second, first]
    (item,) = [one for one in routing.waiting(HCMC) if one.document.endswith(second)]
    delivery = routing.delivery(HCMC, item.delivery)
    assert (delivery.transport_state, delivery.header.number) == ("AVAILABLE", "7816")
    assert delivery.content_size == item.content_size
    assert not delivery.HasField("open_time")


def test_deliveries_are_found_by_number_identifier_and_words(routing: Routing) -> None:
    """Exact fields and words of the subject with accents folded, joined by AND."""
    wanted = routing.deliver(HCMC, number="12", subject="Kế hoạch chuyển đổi số", document_id="X-1")
    other = routing.deliver(HCMC, number="13", subject="Kế hoạch đào tạo")
    assert documents(routing, 'number = "12"') == [wanted]
    assert documents(routing, 'document_id = "X-1"') == [wanted]
    assert documents(routing, 'notation = "VPCP-TTĐT" AND number != "12"') == [other]
    assert documents(routing, 'subject : "chuyen doi"') == [wanted]
    assert documents(routing, 'subject : "KẾ HOẠCH"') == [other, wanted]
    assert documents(routing, 'subject : "ke hoach" AND number = "14"') == []
    with pytest.raises(AxisError) as caught:
        documents(routing, 'colour = "red"')
    assert refusal(caught) == ("INVALID_ARGUMENT", "FILTER_INVALID")


Form = Literal["NFC", "NFD"]


@pytest.mark.parametrize(("sent", "asked"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_notation_is_found_however_its_letters_are_composed(routing: Routing, sent: Form, asked: Form) -> None:
    """Both ways to compose the letters of Vietnamese are typed; what was sent in one is found by the other."""
    wanted = routing.deliver(HCMC, notation=normalize(sent, "TB-TƯ"))
    other = routing.deliver(HCMC, notation="TB-TU")
    assert documents(routing, f'notation = "{normalize(asked, "TB-TƯ")}"') == [wanted]
    assert documents(routing, f'notation != "{normalize(asked, "TB-TƯ")}"') == [other]


def test_pages_follow_on_and_tokens_belong_to_their_list(routing: Routing) -> None:
    """Each delivery once; a token of another caller or filter is INVALID_ARGUMENT."""
    sent = [routing.deliver(HCMC, NGHE_AN) for _ in range(5)]
    seen: list[str] = []
    token = ""
    for _ in range(3):
        answer = routing.mailbox.list_deliveries(Listed(page_size=2, page_token=token), routing.call(HCMC))
        seen += [one.document.removeprefix("documents/") for one in answer.deliveries]
        token = answer.next_page_token or token
    assert seen == sent[::-1]
    with pytest.raises(AxisError) as caught:
        routing.mailbox.list_deliveries(Listed(page_size=2, page_token=token), routing.call(NGHE_AN))
    assert refusal(caught) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")


def test_items_are_listed_in_pages_without_their_leases(routing: Routing) -> None:
    """Listing leases nothing and tells nobody's lease."""
    for _ in range(3):
        routing.deliver(HCMC)
    routing.pull(HCMC, max_items=1)
    request = pb.ListItemsRequest(page_size=2)
    first = routing.mailbox.list_items(request, routing.call(HCMC))
    request.page_token = first.next_page_token
    second = routing.mailbox.list_items(request, routing.call(HCMC))
    assert [len(first.items), len(second.items), second.next_page_token] == [2, 1, ""]
    assert {item.lease for item in (*first.items, *second.items)} == {""}
    assert [item.state for item in first.items] == [pb.ITEM_STATE_LEASED, pb.ITEM_STATE_AVAILABLE]


def test_a_watch_hints_from_its_cursor_on(routing: Routing) -> None:
    """Nothing when nothing is new; a hint with the count when something came; any replica resumes the cursor."""
    routing.deliver(HCMC)
    watch = routing.mailbox.watch_mailbox(pb.WatchMailboxRequest(), routing.call(HCMC))
    assert watch.key == f"mailbox:{HCMC.id}"
    assert watch.produce(watch.cursor)[0] == []
    routing.deliver(HCMC)
    (hint,), following = watch.produce(watch.cursor)
    assert (hint.waiting, hint.cursor) == (2, following)
    resumed = routing.mailbox.watch_mailbox(pb.WatchMailboxRequest(cursor=hint.cursor), routing.call(HCMC))
    assert resumed.produce(resumed.cursor)[0] == []
    older = routing.mailbox.watch_mailbox(pb.WatchMailboxRequest(cursor=watch.cursor), routing.call(HCMC))
    assert len(older.produce(older.cursor)[0]) == 1
    with pytest.raises(AxisError) as caught:
        routing.mailbox.watch_mailbox(pb.WatchMailboxRequest(cursor="nonsense"), routing.call(HCMC))
    ahead = write_cursor({HCMC.id: 1000, LOOKED: 2**62})
    restored = routing.mailbox.watch_mailbox(pb.WatchMailboxRequest(cursor=ahead), routing.call(HCMC))
    messages, _cursor = restored.produce(restored.cursor)
    assert [one.waiting for one in messages] == [hint.waiting], "the database was restored since"
    assert refusal(caught) == ("INVALID_ARGUMENT", "CURSOR_INVALID")


def test_a_watch_hints_at_what_becomes_free_again(routing: Routing) -> None:
    """A lease that ran out and an earlier item that ended both make room: nobody waits for a hint in vain."""
    document = routing.deliver(HCMC)
    (item,) = routing.pull(HCMC)
    watch = routing.mailbox.watch_mailbox(pb.WatchMailboxRequest(), routing.call(HCMC))
    end_lease(routing, item)
    (_hint,), cursor = watch.produce(watch.cursor)
    (item,) = routing.pull(HCMC)
    routing.recall(document)
    (_hint,), cursor = watch.produce(cursor)
    assert watch.produce(cursor)[0] == []
    routing.acknowledge(HCMC, item)
    assert len(watch.produce(cursor)[0]) == 1


def end_lease(routing: Routing, item: pb.Item) -> None:
    """Lets a lease run out within a millisecond, by the database's clock."""
    with routing.bench.context.database.write() as connection:
        end = database_now(connection) + 1000
        connection.execute(update(items).where(items.c.lease == item.lease).values(lease_until=end))
    deadline = time.monotonic() + 10
    while True:
        with routing.bench.context.database.read() as connection:
            if database_now(connection) >= end:
                return
        assert time.monotonic() < deadline


FILTERS = ("", 'number = "7816"', 'notation = "VPCP"', 'document_id = "x"', 'subject : "ket noi"', 'number != "1"')


@pytest.mark.parametrize("condition", FILTERS)
def test_lists_of_deliveries_use_their_indexes(routing: Routing, condition: str) -> None:
    """Growth must not slow a list: each is searched along an index that has its order."""
    routing.deliver(HCMC)
    plans = plans_of(routing.bench.context.database, lambda: documents(routing, condition))
    assert plans.lines
    assert not plans.scans
    assert len(plans.sorts) <= (condition.startswith("subject"))


def test_queues_use_their_indexes(routing: Routing) -> None:
    """Pulling, listing what waits and looking for what is due are searched, never sorted."""
    routing.deliver(HCMC)

    def ask() -> None:
        routing.pull(HCMC)
        routing.waiting(HCMC)
        release_held(routing.bench.context.units, routing.desk)

    plans = plans_of(routing.bench.context.database, ask)
    assert plans.lines
    assert not plans.scans
