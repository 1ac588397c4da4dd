"""Changes of the directory that would contradict others, before they are told to anybody."""

from datetime import UTC, timedelta

import pytest
from tests.unit.routing.conftest import Routing, refusal
from tests.unit.routing.test_directory import create, get, merge, retire

from lienthong.chassis.errors import AxisError
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1 import directory_pb2
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryFailed
from lienthong.events.v1.routing_directory_pb2 import AgencyChanged
from lienthong.routing.v1 import directory_pb2 as pb
from lienthong.testing.service import HCMC, NGHE_AN, VPCP


def rename(routing: Routing, name: str, key: str, **changes: list[str]) -> directory_pb2.Agency:
    """Adds and ends codes now."""
    request = pb.RenameAgencyRequest(name=name, request_id=key, **changes)  # type: ignore[arg-type] # lists of codes
    answer: directory_pb2.Agency = routing.directory.rename_agency(request, routing.call(None))
    return answer


def test_agencies_do_not_take_over_from_each_other(routing: Routing) -> None:
    """Whoever is announced to go into another one cannot have that one go into itself: nobody would be left."""
    next_year = routing.bench.clock.now() + timedelta(days=400)
    middle = create(routing, "H29.15")
    retire(routing, "agencies/H29", middle.name, at=next_year)
    retire(routing, middle.name, "agencies/H41", at=next_year + timedelta(days=1))
    with pytest.raises(AxisError) as caught:
        retire(routing, "agencies/H41", "agencies/H29")
    assert refusal(caught) == ("FAILED_PRECONDITION", "SUCCESSOR_ENDS_HERE")
    assert f"agencies/{NGHE_AN.id}" in caught.value.message
    assert not get(routing, "agencies/H41").HasField("retire_time")


def test_an_agency_named_twice_ends_once(routing: Routing) -> None:
    """Joining names an agency by any of its codes, and twice does no harm."""
    merge(routing, [HCMC, HCMC, NGHE_AN], VPCP)
    told = [event.agency.name for event in routing.told(AgencyChanged)]
    assert sorted(told) == sorted([f"agencies/{HCMC.id}", f"agencies/{NGHE_AN.id}"])


def test_a_code_that_it_has_is_not_added_again(routing: Routing) -> None:
    """Adding a code that is in force changes nothing about it; one that has ended begins anew."""
    made = create(routing, "H29.15", "H29.16")
    assert [code.code for code in rename(routing, made.name, "a", add_codes=["H29.15"]).codes] == ["H29.15", "H29.16"]
    rename(routing, made.name, "b", end_codes=["H29.16"])
    again = rename(routing, made.name, "c", add_codes=["H29.16"])
    assert [code.code for code in again.codes] == ["H29.15", "H29.16", "H29.16"]


def test_a_code_that_was_another_agencys(routing: Routing) -> None:
    """A code that has ended elsewhere is free from then on, and the refusal says from when."""
    made = create(routing, "H29.15", "H29.16")
    rename(routing, made.name, "end", end_codes=["H29.16"])
    with pytest.raises(AxisError) as caught:
        create(routing, "H29.16", name="Sở Tài chính")
    assert refusal(caught) == ("ALREADY_EXISTS", "CODE_IN_FORCE")
    assert routing.bench.clock.now().astimezone(UTC).isoformat() in caught.value.message
    assert "valid_from" in caught.value.message
    since = directory_pb2.AgencyCode(code="H29.16", valid_from=to_timestamp(routing.bench.clock.now()))
    agency = directory_pb2.Agency(display_name="Sở Tài chính", codes=[since])
    request = pb.CreateAgencyRequest(agency=agency, request_id="since")
    assert routing.directory.create_agency(request, routing.call(None)).name == get(routing, "agencies/H29.16").name


def test_agencies_are_listed_by_their_superior_under_a_code(routing: Routing) -> None:
    """The superior of a filter is named as everywhere: by identifier or by a code."""
    made = create(routing, "H29.15", parent="agencies/H29")
    for parent in (f"agencies/{HCMC.id}", "agencies/H29", "agencies/000.00.00.H29"):
        request = pb.ListAgenciesRequest(filter=f'parent = "{parent}"')
        found = routing.directory.list_agencies(request, routing.call(None)).agencies
        assert [one.name for one in found] == [made.name], parent


def failed(routing: Routing) -> list[tuple[str, str]]:
    """Recipient and reason of each delivery that failed so far."""
    return [(event.reference.recipient_agency, event.reason) for event in routing.told(DeliveryFailed)]


def test_what_was_taken_over_fails_with_who_took_it_over(routing: Routing) -> None:
    """An agency that ends without a successor takes along what waits in the mailboxes that it had taken over."""
    routing.deliver(NGHE_AN)
    merge(routing, [NGHE_AN], HCMC)
    routing.deliver(HCMC)
    retire(routing, "agencies/H29")
    routing.step()
    assert sorted(failed(routing)) == [(HCMC.id, "RECIPIENT_RETIRED"), (NGHE_AN.id, "RECIPIENT_RETIRED")]


def test_the_backlog_of_a_predecessor_comes_first(routing: Routing) -> None:
    """Oldest first over all mailboxes that one has: places count in each of them by itself."""
    for _ in range(3):
        routing.deliver(NGHE_AN)
        routing.take(NGHE_AN)
    old = routing.deliver(NGHE_AN)
    routing.bench.clock.advance(minutes=1)
    merge(routing, [NGHE_AN], HCMC)
    routing.bench.clock.advance(minutes=1)
    new = routing.deliver(HCMC)
    assert [one.document for one in routing.pull(HCMC, max_items=1)] == [f"documents/{old}"]
    assert [one.document for one in routing.pull(HCMC, max_items=1)] == [f"documents/{new}"]


def test_what_another_copy_delivered_in_the_same_moment_fails_too(
    routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that has not heard of an end yet delivers to nobody: seconds later that fails as well."""
    before = routing.desk.directory.get()
    retire(routing, "agencies/H41")
    routing.step()
    with monkeypatch.context() as unheard:
        unheard.setattr(routing.desk.directory, "get", lambda: before)
        routing.deliver(NGHE_AN)
    assert failed(routing) == []
    routing.step()
    assert failed(routing) == []
    routing.bench.clock.advance(minutes=1)
    routing.step()
    assert failed(routing) == [(NGHE_AN.id, "RECIPIENT_RETIRED")]


def test_a_name_that_is_announced_is_looked_at_now(routing: Routing) -> None:
    """When its day has come there is nobody to be told that it is none, or too long."""
    later = routing.bench.clock.now() + timedelta(days=1)
    for name in ("   ", "x" * 501):
        request = pb.RenameAgencyRequest(
            name="agencies/H29", display_name=name, effective_time=to_timestamp(later), request_id=name[:9]
        )
        with pytest.raises(AxisError) as caught:
            routing.directory.rename_agency(request, routing.call(None))
        assert refusal(caught) == ("INVALID_ARGUMENT", "FIELD_INVALID")


def test_a_successor_that_ends_first_leaves_nobody(routing: Routing) -> None:
    """A merger that was announced, into an agency that ended before it without a successor, is an end without one."""
    routing.deliver(NGHE_AN)
    now = routing.bench.clock.now()
    retire(routing, "agencies/H41", "agencies/H29", at=now + timedelta(days=30))
    retire(routing, "agencies/H29", at=now + timedelta(days=10))
    routing.bench.clock.advance(days=20)
    routing.step()
    assert failed(routing) == []
    routing.bench.clock.advance(days=20)
    routing.step()
    assert failed(routing) == [(NGHE_AN.id, "RECIPIENT_RETIRED")]


def test_the_day_of_a_merger_is_put_off(routing: Routing) -> None:
    """Until the day has come, the same command names another day, or another successor."""
    routing.deliver(NGHE_AN)
    now = routing.bench.clock.now()
    retire(routing, "agencies/H41", at=now + timedelta(days=10))
    again = retire(routing, f"agencies/{NGHE_AN.id}", "agencies/H29", at=now + timedelta(days=40))
    assert again.successors == [f"agencies/{HCMC.id}"]
    routing.bench.clock.advance(days=20)
    routing.step()
    assert failed(routing) == []
    assert len(routing.waiting(NGHE_AN)) == 1
    routing.bench.clock.advance(days=20)
    routing.step()
    assert failed(routing) == []
    assert len(routing.waiting(HCMC)) == 1


def test_a_successor_is_named_later(routing: Routing) -> None:
    """Who took over is decided after the end: what the agency had received is read by its successor from then on."""
    routing.deliver(NGHE_AN)
    (item,) = routing.take(NGHE_AN)
    ended = retire(routing, "agencies/H41")
    routing.step()
    routing.bench.clock.advance(days=30)
    with pytest.raises(AxisError) as caught:
        routing.delivery(HCMC, item.delivery)
    assert refusal(caught)[0] == "NOT_FOUND"
    again = retire(routing, f"agencies/{NGHE_AN.id}", "agencies/H29")
    assert again.retire_time == ended.retire_time
    assert list(again.successors) == [f"agencies/{HCMC.id}"]
    assert routing.delivery(HCMC, item.delivery).recipient == f"agencies/{NGHE_AN.id}"
    with pytest.raises(AxisError) as caught:
        retire(routing, "agencies/000.00.00.H41", "agencies/G22")
    assert refusal(caught) == ("FAILED_PRECONDITION", "AGENCY_RETIRED")
