"""Fan-out: one delivery for each recipient, in chunks, and none stops another."""

import threading
from pathlib import Path

import pytest
from tests.unit.routing.conftest import BROKEN, ORIGINAL, Routing, make

from lienthong.chassis.directory.model import Agency, AgencyCode
from lienthong.common.v1.document_pb2 import DOCUMENT_KIND_UPDATE
from lienthong.events.v1 import intake_documents_pb2 as intake
from lienthong.events.v1 import routing_deliveries_pb2 as events
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.routing.handlers.fanout import accept_document
from lienthong.routing.handlers.verdicts import reach_verdict
from lienthong.routing.storage.items import positions_of
from lienthong.testing.service import HCMC, NGHE_AN, VPCP


def agencies(count: int) -> list[Agency]:
    """Makes agencies."""
    return [
        Agency(f"agency-{number}", f"Xã {number}", (AgencyCode(f"H29.{number}"),), version=1) for number in range(count)
    ]


@pytest.fixture
def small(tmp_path: Path) -> Routing:
    """Routing that works in chunks of three."""
    return make(tmp_path, chunk=3)


def test_a_big_fan_out_goes_on_in_the_background(small: Routing) -> None:
    """The first chunk is made with the event, the rest by the worker; each recipient gets exactly one."""
    everybody = agencies(10)
    small.bench.know(*everybody)
    small.deliver(*everybody)
    assert len(small.told(events.DeliveryCreated)) == 3
    small.step()
    small.step()
    created = small.told(events.DeliveryCreated)
    assert [event.reference.recipient_agency for event in created] == [agency.id for agency in everybody]
    assert {event.delivery_count for event in created} == {10}
    assert all(len(small.waiting(agency)) == 1 for agency in everybody)


def test_chunks_made_after_a_recall_are_born_withdrawn(small: Routing) -> None:
    """A recall between two chunks holds for all deliveries, also for those made later; none is ever shown.

    Of what cannot be delivered workflow is told, which answers the sender.
    """
    everybody = agencies(8)
    small.bench.know(*everybody)
    document = small.deliver(*everybody, "000.00.00.X99")
    small.recall(document)
    small.step()
    assert len(small.told(events.DeliveryCreated)) == 9
    assert len(small.told(events.DeliveryWithdrawn)) == 8
    assert len(small.told(events.RequestDelivered)) == 1
    assert len(small.told(events.DeliveryAvailable)) == 3
    assert all(small.waiting(agency) == [] for agency in everybody)


def test_an_update_waits_until_its_original_is_delivered_everywhere(small: Routing) -> None:
    """An update that comes while its original is still fanned out overtakes it at every recipient, also at the last."""
    everybody = agencies(5)
    small.bench.know(*everybody)
    original = small.deliver(*everybody)
    affected = [intake.AffectedDocument(document=original)]
    changed = small.deliver(*everybody, kind=DOCUMENT_KIND_UPDATE, affected=affected)
    assert len(small.told(events.DeliveryCreated)) == 3
    small.step()
    small.bench.clock.advance(seconds=1)
    small.step()
    assert len(small.told(events.DeliverySuperseded)) == 5
    for agency in everybody:
        assert [item.document for item in small.waiting(agency)] == [f"documents/{changed}"]


def test_a_later_verdict_reaches_every_recipient_in_chunks(small: Routing) -> None:
    """A verdict about many deliveries is told in chunks, once to each."""
    everybody = agencies(7)
    small.bench.know(*everybody)
    document = small.deliver(*everybody)
    small.step()
    small.verdict(document, BROKEN, "không còn nguyên vẹn")
    small.step()
    assert len(small.told(events.DeliveryVerdictChanged)) == 7
    assert all(len(small.waiting(agency)) == 2 for agency in everybody)


def test_an_unknown_recipient_fails_with_the_nearest_codes_and_stops_nobody(routing: Routing) -> None:
    """Looked up again, then FAILED with what to do; the others get theirs."""
    routing.deliver("000.00.00.H28", HCMC)
    (failed,) = routing.told(events.DeliveryFailed)
    assert failed.reason == "RECIPIENT_UNKNOWN"
    assert "000.00.00.H29" in failed.nearest_codes
    assert "000.00.00.H28" in failed.detail
    assert failed.reference.recipient_agency == ""
    assert len(routing.waiting(HCMC)) == 1


def test_a_recipient_that_became_known_meanwhile_is_delivered(routing: Routing) -> None:
    """A code that intake did not know is looked up again on the own directory."""
    routing.deliver("H29")
    assert len(routing.waiting(HCMC)) == 1


def test_an_agency_of_which_another_copy_has_just_heard(routing: Routing) -> None:
    """Before a recipient fails for good, the directory is read anew: another process may have changed it."""
    (late,) = agencies(1)
    routing.desk.directory.get()
    routing.bench.know(late, elsewhere=True)
    routing.deliver(late)
    assert routing.told(events.DeliveryFailed) == []
    assert len(routing.waiting(late)) == 1


def test_a_recipient_is_not_delivered_twice(routing: Routing) -> None:
    """A code that turns out to be another recipient of the document fails as a duplicate."""
    routing.deliver("H29", HCMC)
    assert [event.reason for event in routing.told(events.DeliveryFailed)] == ["RECIPIENT_DUPLICATE"]
    assert len(routing.waiting(HCMC)) == 1


def test_a_recipient_of_an_earlier_chunk_is_not_delivered_twice(small: Routing) -> None:
    """Two codes that intake did not know turn out to be one agency, in different chunks."""
    small.deliver("H29", *agencies(3), "000.00.00.H29")
    small.step()
    assert [event.reason for event in small.told(events.DeliveryFailed)][-1] == "RECIPIENT_DUPLICATE"
    assert len(small.waiting(HCMC)) == 1


def test_places_in_a_mailbox_follow_commit_order(routing: Routing) -> None:
    """A place is taken inside the transaction: a writer that begins later commits later, and gets the later place."""
    first, second = routing.document(HCMC), routing.document(HCMC)
    for accepted in (first, second):
        routing.verdict(accepted.document)
    later = threading.Thread(target=routing.feed_document, args=(second,))
    with routing.bench.context.units.begin() as work:
        accept_document(work, routing.desk, first)
        reach_verdict(work, routing.desk, VerdictReached(document=first.document, verdict=ORIGINAL), 1)
        later.start()
        assert routing.waiting(HCMC) == []
    later.join(timeout=30)
    assert [item.document for item in routing.waiting(HCMC)] == [f"documents/{one.document}" for one in (first, second)]


def test_what_is_rolled_back_leaves_no_gap(routing: Routing) -> None:
    """A cursor never waits for a place that nobody took."""
    accepted = routing.document(HCMC)
    with pytest.raises(ZeroDivisionError):
        _break_off(routing, accepted)
    routing.deliver(HCMC)
    with routing.bench.context.database.read() as connection:
        assert positions_of(connection, [HCMC.id])[0] == {HCMC.id: 1}


def _break_off(routing: Routing, accepted: DocumentAccepted) -> None:
    with routing.bench.context.units.begin() as work:
        accept_document(work, routing.desk, accepted)
        reach_verdict(work, routing.desk, VerdictReached(document=accepted.document, verdict=ORIGINAL), 1)
        raise ZeroDivisionError


def test_a_status_goes_to_whoever_shall_know(routing: Routing) -> None:
    """Forwarded statuses become items; what was kept as history does not, nor for agencies that want none."""
    routing.deliver(HCMC, NGHE_AN)
    delivery = routing.waiting(HCMC)[0].delivery.removeprefix("deliveries/")
    routing.status(delivery, forward=False)
    assert routing.waiting(VPCP) == []
    routing.status(delivery, "04")
    assert [item.status_code for item in routing.waiting(VPCP)] == ["04"]
    quiet = Agency(VPCP.id, VPCP.name, VPCP.codes, status_items_disabled=True, version=2)
    routing.bench.know(quiet)
    routing.status(delivery, "05")
    assert [item.status_code for item in routing.waiting(VPCP)] == ["04"]
