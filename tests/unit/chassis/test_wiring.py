"""Who may pass by the policy table, and what a server is not built of."""

from typing import Any

import pytest
from grpc_health.v1 import health_pb2

from lienthong.chassis.auth import policy as policies
from lienthong.chassis.auth.caller import Authenticator, Caller
from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.directory.model import Role, System
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc.admission import Admission
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.rpc.server import ServerBuilder, ServerLimits, snake_case
from lienthong.common.v1 import operations_pb2

from .stage import Stage


@pytest.mark.parametrize(
    "row", [{}, {"roles": []}, {"roles": "agency"}, {"roles": ["agency"], "resourse": "own"}, {"roles": ["king"]}]
)
def test_malformed_rows_of_the_policy(row: dict[str, object]) -> None:
    """A row that is malformed is refused, never taken for open doors."""
    with pytest.raises((ValueError, KeyError)):
        policies._row("x.Y/Z", row)


def test_who_may_pass() -> None:
    """Only the roles of the row pass."""
    row = policies._row("x.Y/Z", {"roles": ["operator"], "resource": "platform"})
    policies.authorise(row, Caller(System("o", "trực ban", Role.OPERATOR)))
    for role in (Role.AGENCY_SYSTEM, Role.SERVICE):
        with pytest.raises(AxisError) as refused:
            policies.authorise(row, Caller(System("s", "DMS", role)))
        assert (refused.value.code, refused.value.reason) == (Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")


def test_the_builder_refuses_bad_wiring(stage: Stage) -> None:
    """A server is not built with an rpc without a row, a missing method, or a service twice."""
    builder = ServerBuilder(Hub(), Metrics(), ServerLimits())
    admission = Admission(Authenticator(DirectoryCache(stage.database), stage.clock))
    service = operations_pb2.DESCRIPTOR.services_by_name["Operations"]
    complete = type("Api", (), {snake_case(method.name): None for method in service.methods})
    with pytest.raises(ValueError, match="does not implement"):
        builder.add(service, object(), admission)
    for name in vars(complete).copy():
        if name.islower() and not name.startswith("_"):
            setattr(complete, name, lambda *_: None)
    builder.add(service, complete(), admission)
    with pytest.raises(ValueError, match="served twice"):
        builder.add(service, complete(), admission)
    without_rows: Any = health_pb2.DESCRIPTOR.services_by_name["Health"]
    with pytest.raises(ValueError, match="no row in the policy table"):
        builder.add(without_rows, complete(), admission)
