"""Systems in the directory: whom they may act for and how long, and their end."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.routing.conftest import Routing, refusal

from lienthong.chassis.directory.messages import system_of
from lienthong.chassis.errors import AxisError
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1 import directory_pb2
from lienthong.events.v1.routing_directory_pb2 import SystemChanged
from lienthong.routing.component import build
from lienthong.routing.v1 import directory_pb2 as pb
from lienthong.testing.service import HCMC


def test_systems_are_registered_granted_and_revoked(routing: Routing) -> None:
    """Grants and revocations repeat without a change; every change is told with the whole state."""
    operator = routing.call(None)
    wanted = directory_pb2.System(display_name="QLVB", role=directory_pb2.SYSTEM_ROLE_AGENCY_SYSTEM)
    system = routing.directory.create_system(pb.CreateSystemRequest(system=wanted, request_id="c"), operator)
    grant = directory_pb2.Grant(agency="agencies/H29")
    for key in ("g1", "g2"):
        ask = pb.GrantAgencyRequest(name=system.name, grant=grant, request_id=key)
        system = routing.directory.grant_agency(ask, operator)
    assert (system.version, [one.agency for one in system.grants]) == (2, [f"agencies/{HCMC.id}"])
    certificate = bytes(32)
    for key in ("r1", "r2"):
        revoke = pb.RevokeSystemRequest(name=system.name, certificates=[certificate], request_id=key)
        system = routing.directory.revoke_system(revoke, operator)
    assert (system.version, system.HasField("revoke_time")) == (3, False)
    system = routing.directory.revoke_system(pb.RevokeSystemRequest(name=system.name, request_id="r3"), operator)
    assert system.HasField("revoke_time")
    assert routing.directory.get_system(pb.GetSystemRequest(name=system.name), operator) == system
    assert [event.system.version for event in routing.told(SystemChanged)][-4:] == [1, 2, 3, 4]
    listed = routing.directory.list_systems(pb.ListSystemsRequest(page_size=500), operator).systems
    assert system.name in [one.name for one in listed]


def granted(routing: Routing, system: str, key: str, **period: datetime) -> list[tuple[datetime | None, ...]]:
    """Lets a system act for Ho Chi Minh City in a period; gives the periods of all its grants."""
    grant = directory_pb2.Grant(agency="agencies/H29", **{name: to_timestamp(at) for name, at in period.items()})
    ask = pb.GrantAgencyRequest(name=system, grant=grant, request_id=key)
    found = system_of(routing.directory.grant_agency(ask, routing.call(None)))
    assert {one.agency for one in found.grants} == {HCMC.id}
    return [(one.period.start, one.period.end) for one in found.grants]


def test_a_grant_is_given_an_end(routing: Routing) -> None:
    """A grant takes the place of others of its agency from its first day on: an agency leaves a system that stays."""
    now = routing.bench.clock.now()
    wanted = directory_pb2.System(display_name="Trục tỉnh", role=directory_pb2.SYSTEM_ROLE_AGENCY_SYSTEM)
    asked = pb.CreateSystemRequest(system=wanted, request_id="c")
    name = routing.directory.create_system(asked, routing.call(None)).name
    end, again = now + timedelta(days=30), now + timedelta(days=400)
    assert granted(routing, name, "for ever") == [(None, None)]
    assert granted(routing, name, "until", valid_to=end) == [(None, end)]
    assert granted(routing, name, "later", valid_from=again) == [(None, end), (again, None)]
    assert granted(routing, name, "at once", valid_to=now) == [(again, None), (None, now)]
    later = again + timedelta(days=10)
    assert granted(routing, name, "cut", valid_from=later) == [(again, later), (None, now), (later, None)]


def test_what_makes_no_system_is_refused(routing: Routing) -> None:
    """A name, a role, known agencies, grants only for agencies' systems, hashes of 32 bytes."""
    role = directory_pb2.SYSTEM_ROLE_AGENCY_SYSTEM
    grant = directory_pb2.Grant(agency="agencies/none")
    known = directory_pb2.Grant(agency="agencies/H29")
    for number, (system, code) in enumerate(
        (
            (directory_pb2.System(role=role), "INVALID_ARGUMENT"),
            (directory_pb2.System(display_name="x"), "INVALID_ARGUMENT"),
            (directory_pb2.System(display_name="x", role=role, grants=[grant]), "NOT_FOUND"),
            (
                directory_pb2.System(display_name="x", role=directory_pb2.SYSTEM_ROLE_OPERATOR, grants=[known]),
                "INVALID_ARGUMENT",
            ),
        )
    ):
        with pytest.raises(AxisError) as caught:
            routing.directory.create_system(
                pb.CreateSystemRequest(system=system, request_id=str(number)), routing.call(None)
            )
        assert refusal(caught)[0] == code
    revoke = pb.RevokeSystemRequest(name="systems/x", certificates=[b"short"], request_id="r")
    with pytest.raises(AxisError) as caught:
        routing.directory.revoke_system(revoke, routing.call(None))
    assert refusal(caught)[0] == "INVALID_ARGUMENT"


def test_the_operator_of_the_installation_stands_in_the_directory(routing: Routing, tmp_path: Path) -> None:
    """Made and told once, at the first start."""
    (event,) = routing.told(SystemChanged)
    assert event.system.role == directory_pb2.SYSTEM_ROLE_OPERATOR
    assert event.system.name.removeprefix("systems/") in (tmp_path / "keys" / "operator.json").read_text("utf-8")
    build(routing.bench.context, routing.desk.limits)
    assert len(routing.told(SystemChanged)) == 1
