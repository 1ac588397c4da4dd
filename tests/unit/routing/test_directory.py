"""The directory: agencies over time, and what their changes mean for mailboxes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from tests.unit.routing.conftest import Routing, refusal

from lienthong.chassis.directory.model import Agency
from lienthong.chassis.errors import AxisError
from lienthong.chassis.events.tables import audit
from lienthong.chassis.times import from_timestamp, to_timestamp
from lienthong.common.v1 import directory_pb2
from lienthong.events.v1 import routing_deliveries_pb2 as deliveries
from lienthong.events.v1.routing_directory_pb2 import AgencyChanged
from lienthong.routing.v1 import directory_pb2 as pb
from lienthong.testing.service import HCMC, NGHE_AN, VPCP

Ask = directory_pb2.Agency


def create(routing: Routing, *codes: str, name: str = "Sở Nội vụ", key: str = "", **more: Any) -> Ask:
    """Registers an agency."""
    agency = Ask(display_name=name, codes=[directory_pb2.AgencyCode(code=code) for code in codes], **more)
    request = pb.CreateAgencyRequest(agency=agency, request_id=key or f"create {codes}")
    answer: Ask = routing.directory.create_agency(request, routing.call(None))
    return answer


def get(routing: Routing, name: str) -> Ask:
    """Asks for an agency."""
    answer: Ask = routing.directory.get_agency(pb.GetAgencyRequest(name=name), routing.call(HCMC))
    return answer


def retire(routing: Routing, name: str, *successors: str, at: datetime | None = None) -> Ask:
    """Retires an agency."""
    request = pb.RetireAgencyRequest(
        name=name, successors=successors, effective_time=to_timestamp(at), request_id=f"retire {name}"
    )
    answer: Ask = routing.directory.retire_agency(request, routing.call(None))
    return answer


def merge(routing: Routing, names: list[Agency], successor: Agency, at: datetime | None = None) -> None:
    """Joins agencies."""
    request = pb.MergeAgenciesRequest(
        names=[f"agencies/{one.id}" for one in names],
        successor=f"agencies/{successor.id}",
        effective_time=to_timestamp(at),
        request_id="merge",
    )
    routing.directory.merge_agencies(request, routing.call(None))


def test_an_agency_is_registered_told_and_found(routing: Routing) -> None:
    """Both code styles are taken; the state is told whole, found by identifier and code, and audited."""
    made = create(routing, "000.00.15.H29", "H29.15", parent="agencies/H29", groups=["departments"])
    assert made.parent == f"agencies/{HCMC.id}"
    assert made.version == 1
    assert [code.style for code in made.codes] == [directory_pb2.CODE_STYLE_OLD, directory_pb2.CODE_STYLE_NEW]
    assert get(routing, made.name) == made == get(routing, "agencies/H29.15")
    assert [event.agency for event in routing.told(AgencyChanged)] == [made]
    with routing.bench.context.database.read() as connection:
        rows = connection.execute(audit.select().where(audit.c.resource == made.name)).all()
    assert [row.action for row in rows] == ["agency.create"]


def test_registering_again_gives_the_first_answer(routing: Routing) -> None:
    """A repeat by `request_id` answers the same and tells nothing twice."""
    assert create(routing, "H29.15", key="k") == create(routing, "H29.15", key="k")
    assert len(routing.told(AgencyChanged)) == 1


def test_a_code_of_neither_style_is_refused(routing: Routing) -> None:
    """Codes of test systems are warnings in documents and errors in the directory."""
    with pytest.raises(AxisError) as caught:
        create(routing, "vxp.saas.03", "H29.15")
    assert refusal(caught) == ("INVALID_ARGUMENT", "CODE_STYLE_UNKNOWN")
    assert caught.value.violations[0].field == "agency.codes[0]"
    with pytest.raises(AxisError) as caught:
        create(routing, name="Không có mã")
    assert refusal(caught)[0] == "INVALID_ARGUMENT"


def test_a_code_in_force_elsewhere_is_refused_and_names_the_holder(routing: Routing) -> None:
    """One code, one agency at a time; from when it ended it may be given anew."""
    first = create(routing, "H29.15", name="Sở cũ")
    with pytest.raises(AxisError) as caught:
        create(routing, "H29.15", name="Sở mới", key="second")
    assert refusal(caught) == ("ALREADY_EXISTS", "CODE_IN_FORCE")
    assert caught.value.metadata["agency"] == first.name
    now = to_timestamp(routing.bench.clock.now())
    rename = pb.RenameAgencyRequest(name=first.name, end_codes=["H29.15"], request_id="end")
    routing.directory.rename_agency(rename, routing.call(None))
    code = directory_pb2.AgencyCode(code="H29.15", valid_from=now)
    request = pb.CreateAgencyRequest(agency=Ask(display_name="Sở mới", codes=[code]), request_id="third")
    second = routing.directory.create_agency(request, routing.call(None))
    assert get(routing, "agencies/H29.15").name == second.name


def update(routing: Routing, wanted: Ask, *paths: str, key: str = "update") -> Ask:
    """Changes the fields that are named."""
    request = pb.UpdateAgencyRequest(agency=wanted, update_mask=FieldMask(paths=paths), request_id=key)
    answer: Ask = routing.directory.update_agency(request, routing.call(None))
    return answer


def test_what_the_mask_names_changes(routing: Routing) -> None:
    """Named fields become what is asked for, empty ones too; all else stays, and the directory knows it."""
    made = create(routing, "H77", name="UBND tỉnh")
    below = create(routing, "H77.15", name="Sở Nội vụ", key="second")
    wanted = Ask(name="agencies/H77.15", parent="agencies/H77", groups=["departments"], email="so@example.vn")
    changed = update(routing, wanted, "parent", "groups")
    assert (changed.parent, list(changed.groups), changed.email) == (made.name, ["departments"], "")
    assert (changed.display_name, changed.version) == ("Sở Nội vụ", below.version + 1)
    known = routing.desk.directory.get()
    now = routing.bench.clock.now()
    assert [one.name for one in known.members("departments", now)] == ["Sở Nội vụ"]
    assert update(routing, Ask(name=below.name), "groups", key="none").parent == made.name
    assert not routing.desk.directory.get().members("departments", now)


@pytest.mark.parametrize("paths", [(), ("display_name",), ("email", "codes"), ("nothing",), ("name",)])
def test_a_mask_that_names_what_cannot_change(routing: Routing, paths: tuple[str, ...]) -> None:
    """A mask names at least one field, and only such as change at once; the answer says which they are."""
    made = create(routing, "H77", name="UBND tỉnh")
    with pytest.raises(AxisError) as caught:
        update(routing, Ask(name=made.name, display_name="UBND"), *paths)
    assert refusal(caught) == ("INVALID_ARGUMENT", "MASK_INVALID")
    assert "status_items_disabled" in str(caught.value)
    assert get(routing, made.name) == made


def test_nobody_stands_below_himself(routing: Routing) -> None:
    """A superior is neither the agency nor below it."""
    top = create(routing, "H77", name="UBND tỉnh")
    below = create(routing, "H77.15", name="Sở Nội vụ", key="second")
    lowest = create(routing, "H77.15.01", name="Phòng Một", key="third")
    update(routing, Ask(name=below.name, parent=top.name), "parent", key="a")
    update(routing, Ask(name=lowest.name, parent=below.name), "parent", key="b")
    for number, parent in enumerate((top, below, lowest)):
        with pytest.raises(AxisError) as caught:
            update(routing, Ask(name=top.name, parent=parent.name), "parent", key=f"c{number}")
        assert refusal(caught) == ("INVALID_ARGUMENT", "PARENT_BELOW")


def test_an_announced_name_holds_from_its_date(routing: Routing) -> None:
    """A new name and new codes begin at their time; former codes stay readable."""
    made = create(routing, "H29.15", name="Sở Nội vụ")
    at = routing.bench.clock.now().replace(microsecond=0)
    later = Timestamp(seconds=int(at.timestamp()) + 86_400)
    request = pb.RenameAgencyRequest(
        name=made.name,
        display_name="Sở Nội vụ và Lao động",
        add_codes=["H29.99"],
        end_codes=["H29.15"],
        effective_time=later,
        request_id="rename",
    )
    routing.directory.rename_agency(request, routing.call(None))
    routing.step()
    assert get(routing, "agencies/H29.15").display_name == "Sở Nội vụ"
    with pytest.raises(AxisError):
        get(routing, "agencies/H29.99")
    routing.bench.clock.advance(days=1)
    routing.step()
    assert get(routing, "agencies/H29.99").display_name == "Sở Nội vụ và Lao động"
    assert get(routing, "agencies/H29.15").name == made.name


def test_a_successor_has_the_mailbox_from_midnight_in_viet_nam(routing: Routing) -> None:
    """By lookup, at 00:00 Viet Nam time of the effective date; nothing is moved, several share the leases."""
    routing.deliver(NGHE_AN)
    merge(routing, [NGHE_AN], HCMC, datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
    assert from_timestamp(get(routing, f"agencies/{NGHE_AN.id}").retire_time).isoformat() == "2026-11-23T17:00:00+00:00"
    assert routing.waiting(HCMC) == []
    routing.bench.clock.advance(hours=15, minutes=59)
    assert routing.waiting(HCMC) == []
    routing.bench.clock.advance(minutes=1)
    (item,) = routing.take(HCMC)
    assert routing.delivery(HCMC, item.delivery).recipient == f"agencies/{NGHE_AN.id}"
    routing.deliver("000.00.00.H41")
    assert len(routing.waiting(HCMC)) == 1


def test_a_document_on_its_way_reaches_the_heir(routing: Routing) -> None:
    """A delivery names an immutable agency: what intake sealed for a predecessor is had by its successor."""
    document = routing.accept(NGHE_AN)
    merge(routing, [NGHE_AN], HCMC)
    routing.verdict(document)
    assert len(routing.waiting(HCMC)) == 1
    assert routing.told(deliveries.DeliveryFailed) == []


def test_retirement_without_successor_fails_open_deliveries(routing: Routing) -> None:
    """At the effective time, and later documents too; what was acknowledged stays."""
    routing.deliver(NGHE_AN)
    routing.take(NGHE_AN)
    routing.deliver(NGHE_AN, HCMC)
    retire(routing, "agencies/H41", at=routing.bench.clock.now().replace(day=25))
    routing.step()
    assert routing.told(deliveries.DeliveryFailed) == []
    routing.bench.clock.advance(days=2)
    routing.step()
    assert [event.reason for event in routing.told(deliveries.DeliveryFailed)] == ["RECIPIENT_RETIRED"]
    routing.deliver(NGHE_AN, "000.00.00.H41")
    assert [event.reason for event in routing.told(deliveries.DeliveryFailed)] == ["RECIPIENT_RETIRED"] * 3
    assert len(routing.waiting(HCMC)) == 1


def test_what_cannot_be_retired_is_refused(routing: Routing) -> None:
    """Twice, into itself, into a retired agency, unknown ones."""
    for name, successor, code in (
        ("agencies/H29", "agencies/H29", "INVALID_ARGUMENT"),
        ("agencies/none", "agencies/H29", "NOT_FOUND"),
        ("agencies/H29", "agencies/none", "NOT_FOUND"),
    ):
        with pytest.raises(AxisError) as caught:
            retire(routing, name, successor)
        assert refusal(caught)[0] == code
    retire(routing, "agencies/H41", "agencies/H29")
    for name, successor in ((f"agencies/{NGHE_AN.id}", "agencies/H29"), ("agencies/H29", f"agencies/{NGHE_AN.id}")):
        with pytest.raises(AxisError) as caught:
            retire(routing, name, successor)
        assert refusal(caught)[0] == "FAILED_PRECONDITION"


def test_agencies_are_listed_by_name_with_filter_and_pages(routing: Routing) -> None:
    """Words with accents folded; tokens belong to their filter."""
    request = pb.ListAgenciesRequest(filter='display_name : "thanh pho"')
    assert [one.name for one in routing.directory.list_agencies(request, routing.call(HCMC)).agencies] == [
        f"agencies/{HCMC.id}"
    ]
    first = routing.directory.list_agencies(pb.ListAgenciesRequest(page_size=2), routing.call(HCMC))
    rest = routing.directory.list_agencies(
        pb.ListAgenciesRequest(page_size=2, page_token=first.next_page_token), routing.call(HCMC)
    )
    names = [one.name for one in (*first.agencies, *rest.agencies)]
    assert names == [f"agencies/{one.id}" for one in (HCMC, NGHE_AN, VPCP)]
    assert rest.next_page_token == ""
    wrong = pb.ListAgenciesRequest(page_token=first.next_page_token, filter='parent = "agencies/x"')
    with pytest.raises(AxisError) as caught:
        routing.directory.list_agencies(wrong, routing.call(HCMC))
    assert refusal(caught) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")


def test_several_successors_share_one_mailbox(routing: Routing) -> None:
    """Both see the item; the lease of one keeps it from the other."""
    heirs = (f"agencies/{HCMC.id}", f"agencies/{VPCP.id}")
    routing.deliver(NGHE_AN)
    retire(routing, f"agencies/{NGHE_AN.id}", *heirs)
    assert (len(routing.waiting(HCMC)), len(routing.waiting(VPCP))) == (1, 1)
    (item,) = routing.pull(VPCP)
    assert routing.pull(HCMC) == []
    assert routing.acknowledge(VPCP, item) == [0]
    assert routing.waiting(HCMC) == []
    unknown = replace(HCMC, id="x")
    assert routing.waiting(unknown) == []
